"""How a warehouse's file is opened, and how values and names are written into SQL."""

from __future__ import annotations

# The whole process stays under 1 GiB, Python and its libraries included.
SETTINGS: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "384MB", "threads": 2}


def sql_text(value: str) -> str:
    """A value as an SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
