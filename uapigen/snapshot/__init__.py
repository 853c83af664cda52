"""A source's types as a text that people review and that is a source itself.

``take.py`` says what of a source a snapshot holds, ``text.py`` how it is written
down, ``read.py`` makes a graph of it again; ``c_types.py`` is how all three spell types.
"""
