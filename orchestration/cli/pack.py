"""`core-measures pack`: a council's measures on paper, for a board to talk over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.cli.common import DEFAULT_HOME, HomeOption, app, home_at
from orchestration.cli.output import out, shown


@app.command()
def pack(
    council: Annotated[str, typer.Argument(help="A council by name, GSS code or DfE code.")],
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="Write it to this file, pages of A4.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write it to this file, one page that stands alone."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """A council's pack for discussion: what changed, what is better, worse or cannot be told.

    An ambition a page, each with three open questions that its figures raise. Without a file it is
    printed here, but for the charts. A PDF needs core-measures[pack].
    """
    from warehouse.reports.profile import find_called
    from warehouse.site.pack import make_pack
    from warehouse.site.printing import require_weasyprint, to_pdf

    if pdf is not None:
        require_weasyprint()
    warehouse = home_at(home).warehouse
    found = make_pack(warehouse, find_called(warehouse, council).code)
    if html is not None:
        html.write_text(found.page, "utf-8")
        out.print(f"Written: {shown(html)}", markup=False)
    if pdf is not None:
        document, pages = to_pdf(found.page, found.sheets)
        pdf.write_bytes(document)
        out.print(f"Written: {shown(pdf)}, {pages} pages of A4", markup=False)
    if html is None and pdf is None:
        _print(found.content)


def _print(content: dict[str, Any]) -> None:
    """The words of a pack."""
    out.print(
        f"{content['council'].name}: core measures, for discussion", style="bold", markup=False
    )
    out.print("\nWhat changed most, by more than chance", style="bold", markup=False)
    for span in content["changed"]:
        out.print(f"{span['title']}:", markup=False)
        for row in span["rows"]:
            line = f"{row['measure'].title}: {row['text']}, {row['period']}."
            out.print(f"- {line} {row['statement'].sentence}", markup=False)
        if not span["rows"]:
            out.print("- Nothing that can be tested.", markup=False)
    for ambition in content["ambitions"]:
        out.print(f"\n{ambition['title']}", style="bold", markup=False)
        for _, title, measures in ambition["groups"]:
            out.print(f"{title}: {'; '.join(measures)}.", markup=False)
        for number, question in enumerate(ambition["questions"], 1):
            line = f"{question.measure.title}. {question.text} ({question.rule.name})"
            out.print(f"{number}. {line}", markup=False)
    out.print(f"\nSources: {'; '.join(map(_source, content['sources']))}.", markup=False)


def _source(source: dict[str, Any]) -> str:
    release = source["release"]
    return f"{release.title} {release.release}"
