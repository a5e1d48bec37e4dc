"""How the commands print: two consoles, and tables as wide as where they go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def shown(path: Path) -> Path:
    """A path as short as it can be told from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def print_rows(columns: list[str], rows: Sequence[tuple[Any, ...]], count: str) -> None:
    """A table, and how many rows it has."""
    table = Table(*[plain(column) for column in columns])
    for row in rows:
        table.add_row(*[plain(cell) for cell in row])
    print_table(table)
    if count:
        out.print(count)


def print_table(table: Table) -> None:
    """A table as wide as the terminal; elsewhere as wide as it is, since a cut loses figures."""
    console = out if out.is_terminal else Console(highlight=False, width=10_000)
    console.print(table)


def plain(cell: object) -> str:
    """A cell that says what it says, whatever brackets are in it."""
    from rich.markup import escape

    return escape(text_of(cell))


def text_of(cell: object) -> str:
    """A cell's text: nothing for null, ten digits of a number."""
    if cell is None:
        return ""
    return f"{cell:.10g}" if isinstance(cell, float) else str(cell)
