"""How the commands print: two consoles, and tables as wide as where they go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def shown(path: Path) -> Path:
    """A path as short as it can be told from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def print_rows(columns: list[str], rows: Sequence[tuple[object, ...]], count: str) -> None:
    """A table, and how many rows it has."""
    table = Table(*[plain(column) for column in columns])
    for row in rows:
        table.add_row(*[plain(cell) for cell in row])
    print_table(table)
    if count:
        out.print(count)


def print_table(table: Table, *, may_wrap: bool = False) -> None:
    """A table where the terminal has room for it, else a line a cell, so that none is cut.

    One of sentences `may_wrap` instead. Elsewhere than in a terminal a table is as wide as it is,
    since a cut loses figures.
    """
    wide = Console(highlight=False, width=10_000)
    if not out.is_terminal:
        wide.print(table)
    elif may_wrap or Measurement.get(wide, wide.options, table).maximum <= out.width:
        out.print(table)
    else:
        _print_stacked(table)


def _print_stacked(table: Table) -> None:
    heads = [str(column.header) for column in table.columns]
    for first, *rest in zip(*(column.cells for column in table.columns), strict=True):
        out.print(first, style="bold")
        for head, cell in zip(heads[1:], rest, strict=True):
            if cell != "":
                out.print(f"  {head}: {cell}")


def plain(cell: object) -> str:
    """A cell that says what it says, whatever brackets are in it."""
    from rich.markup import escape

    return escape(text_of(cell))


def text_of(cell: object) -> str:
    """A cell's text: nothing for null, ten digits of a number."""
    if cell is None:
        return ""
    return f"{cell:.10g}" if isinstance(cell, float) else str(cell)
