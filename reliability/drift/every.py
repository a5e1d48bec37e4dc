"""Every kind of drift, by its name."""

from __future__ import annotations

from reliability.drift import cells, columns, decoys, files, names, rows
from reliability.drift.kinds import KINDS

__all__ = ["KINDS"]

# Importing them is what fills the register.
_MODULES = (names, columns, cells, rows, files, decoys)
