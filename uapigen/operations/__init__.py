"""Operation tables in a source: which structs are some, and what their parameters are called."""

from uapigen.operations.detect import find_tables
from uapigen.operations.parameters import name_parameters

__all__ = ["find_tables", "name_parameters"]
