"""How help is set."""

from __future__ import annotations

import argparse
import os

__all__ = ["formatter"]


def formatter(prog: str) -> argparse.HelpFormatter:
    """A formatter for a parser, which makes one for each option that is added.

    argparse would import shutil, and with it three compressors, to find out the width.
    """
    said = os.environ.get("COLUMNS", "")
    columns = int(said) if said.isascii() and said.isdecimal() else 0
    if not columns:
        try:
            columns = os.get_terminal_size().columns
        except OSError:
            columns = 0
    return argparse.RawDescriptionHelpFormatter(prog, width=(columns or 80) - 2)
