"""uapigen: Python bindings that match the Linux kernel's ABI byte for byte."""

from __future__ import annotations

__version__ = "0.1.0"
