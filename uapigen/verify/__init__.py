"""Proof of generated bindings: each class held against the source, by ctypes' own word.

``expectations`` works out what must be there, ``run`` starts the interpreter
that imports the bindings, ``probe`` is what that interpreter runs. ``shapes``
is the source's word on single types, which ``validate`` uses as well.
"""
