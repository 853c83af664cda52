"""What differs between two sources, why, and whom it harms.

facts.py        what one source says, by C name
match.py        which members and enumerators of two types correspond
roots.py        each change once, with what follows from it
policy.py       how much a change matters to whom
findings.py     the result: what reports are made of
"""
