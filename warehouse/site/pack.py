"""One council's pack for discussion, made of a warehouse that is served, for who asks for it.

What stands in it is `pages/pack.py`'s; the site has the same pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingest.errors import CoreMeasuresError
from warehouse.connection import SETTINGS
from warehouse.site.marts import Marts


class PackError(CoreMeasuresError):
    """The warehouse does not have what a pack tells."""


@dataclass(frozen=True)
class Pack:
    """A pack: what it tells, a page of it that stands alone, and its sheets of A4."""

    content: dict[str, Any]
    page: str
    sheets: int


def make_pack(warehouse: Path, code: str) -> Pack:
    """The pack of a council of today, by its GSS code.

    Raises
    ------
    PackError
        The warehouse knows no such council, or was built by another version.
    """
    from warehouse.site.pages.pack import PackPages
    from warehouse.site.pages.render import Renderer
    from warehouse.site.pages.view import View

    try:
        with duckdb.connect(str(warehouse.resolve()), read_only=True, config=SETTINGS) as con:
            view = View(Marts(con))
            council = next((one for one in view.marts.councils if one.code == code), None)
            if council is None:
                raise PackError(f"The warehouse has no council {code}.")
            pages = PackPages(view, Renderer("", view.is_sample))
            content = pages.content(council)
            return Pack(content, pages.alone(council), content["sheets"])
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise PackError(
            f"The warehouse does not have what a pack needs ({first})."
            " Make it anew: core-measures refresh"
        ) from error
