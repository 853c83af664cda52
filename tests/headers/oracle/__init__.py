"""What each target's gcc says of the kernel's headers, and generated bindings held against it.

`answers.py` asks about one header: which types, enumerators and macros it defines, and what they
are. All of it is read from object files, so that nothing has to run on the target. `compare.py`
imports generated bindings in an interpreter of its own and counts what is right, wrong and
missing. Nothing here uses uapigen's own code, clang or pycparser.
"""
