"""Templates filled: everything is escaped that is not our own markup."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from warehouse.site import meaning, words
from warehouse.site.figures import Figure, Series
from warehouse.site.meaning import Statement

_INDENTED = re.compile(r"\n\s+")
_TEMPLATES = Path(__file__).parent.parent / "templates"
_STATIC = Path(__file__).parent.parent / "static"


class Renderer:
    """Fills a page's template with what every page has."""

    def __init__(self, charts_script: str, is_sample: bool) -> None:
        self._common = {"charts_script": charts_script, "sample": is_sample}
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._templates.globals |= {"words": words, "sign": sign}

    def page(self, template: str, root: str, **context: Any) -> str:
        """A page; `root` leads from its folder to the site's."""
        found = self._templates.get_template(f"{template}.html.jinja")
        # A template's indentation is for who reads the template.
        return _INDENTED.sub("\n", found.render(root=root, **self._common, **context))


def as_json(document: object) -> str:
    """JSON for a file of its own."""
    # Nothing that we write holds itself: to look whether it does takes half the time of points.
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), check_circular=False)


def in_json(document: object) -> str:
    """JSON that may stand inside a page's script element."""
    text = as_json(document)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def charts_script(chart_data: dict[str, Any]) -> str:
    """The figures of a page's charts, as the script that is loaded when one is explored."""
    return f"window.coreMeasuresCharts={in_json(chart_data)};\n"


def markup(text: str) -> Markup:
    """Our own markup: what came from a publisher was escaped where it was put in."""
    return Markup(text)  # noqa: S704  # nosec B704


def style(name: str) -> Markup:
    """A style sheet of ours, for a page that carries it within."""
    return markup((_STATIC / name).read_text("utf-8"))


@lru_cache(maxsize=20_000)
def escaped(text: str) -> str:
    """Text for a page."""
    return html.escape(text)


def figure_cell(figure: Figure, series: Series, notes: Sequence[str] = ()) -> str:
    """A figure's cell of a table, with what must be said beside it; HTML needs no end tag."""
    remarks = "".join(f' <span class="note">({escaped(note)})</span>' for note in notes if note)
    kind = "" if figure.value is not None else " class=none"
    return f"<td{kind}>{escaped(words.cell(figure, series))}{remarks}"


def sign(kind: str, text: str = "") -> Markup:
    """A sign that is told by its shape and its words as well as by its colour."""
    glyph = meaning.GLYPH[kind]
    label = f" {escaped(text)}" if text else f'<span class="unseen">{meaning.LABEL[kind]}</span>'
    shape = f'<span class="glyph" aria-hidden="true">{glyph}</span>'
    return markup(f'<span class="sign {kind}">{shape}{label}</span>')


def statement_list(statements: Sequence[Statement], quintile: str) -> Markup:
    """What a figure says, one line each, with its sign."""
    lines = [f"<li>{sign(one.sign, one.sentence)}</li>" for one in statements]
    if quintile:
        lines.append(f'<li class="plain">{escaped(quintile)}</li>')
    return markup(f'<ul class="says">{"".join(lines)}</ul>') if lines else markup("")
