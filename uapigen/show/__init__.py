"""A type as a person looks at it: where everything lies, and what lies nowhere.

``find`` turns a name into types, ``view`` turns a type into the facts of
``model``, and ``text`` and ``as_json`` say those facts; ``colour`` paints text
for a terminal. Nothing here decodes more of a source than it shows.
"""
