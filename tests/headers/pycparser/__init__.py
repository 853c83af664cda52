"""The pycparser front end, and what is built on pycparser."""
