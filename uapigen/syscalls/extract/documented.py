"""Prototypes of calls that are newer than the trees and in no configuration at hand.

Each from the kernel's own documentation, until a tree or BTF has it: those are believed first.
"""

from __future__ import annotations

from uapigen.syscalls.extract.merging import Said
from uapigen.syscalls.prototypes import Prototypes

__all__ = ["DOCUMENTED"]

DOCUMENTED = (
    # "The syscall has no arguments"; since 7.0
    Said(Prototypes("Documentation/userspace-api/rseq.rst", {"sys_rseq_slice_yield": ()}), ""),
)
