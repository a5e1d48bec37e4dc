"""Every kind of damage, by its name."""

from __future__ import annotations

from reliability import damage_of_files, damage_of_tables
from reliability.kinds import KINDS

__all__ = ["KINDS"]

# Importing them is what fills the register.
_MODULES = (damage_of_files, damage_of_tables)
