"""Targets, inferred layouts, and the plan of what is emitted."""
