"""Makes the table that uapigen ships of a kernel tree, BTF and tracefs; see ``__main__.py``."""
