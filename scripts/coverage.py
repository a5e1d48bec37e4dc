"""Draw what is held: `docs/coverage.png`, `docs/coverage.html` and `docs/coverage.md`.

    python scripts/coverage.py HOME [--check]

A heat map of `marts.coverage`, a row a series and a column a year, and beside it in words what
no release holds and why. HOME is one refreshed from the files as published; with `--check`
nothing is changed, and exit code 1 says that the words are stale.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from warehouse.query import Answer, query

DOCS = Path(__file__).resolve().parents[1] / "docs"
TEXT, PICTURE, PAGE = (DOCS / f"coverage.{ending}" for ending in ("md", "png", "html"))
LARGEST = 2_000_000

_SERIES = """
select
    measure.lga_number, measure.title as measure, measure.ambition_title,
    series.measure_id, series.series_id, series.title, series.is_headline,
    series.first_year_held, series.last_year_held, series.last_year, series.ended_because,
    series.releases_held, series.not_held_because
from marts.dim_series as series
inner join marts.dim_measure as measure using (measure_id)
order by measure.lga_number, series.is_headline desc, series.series_id
"""
_COVERAGE = """
select * from marts.coverage order by measure_id, series_id, year
"""
_MARKS = (
    *("suppressed", "low_reliability", "not_applicable", "not_available"),
    *("conflicting", "unrecognised", "absent"),
)

HEAD = """# What is held

Written by `scripts/coverage.py` from a home refreshed from the files as published; not by hand.
The figures are those of `marts.coverage`: for each series and year, of the councils that existed
at the period's end how many have a value, how many a mark and which, and how many no row at all.

[![Each series and year, by the share of councils with a value](coverage.png)](coverage.html)

"""


def records(answer: Answer) -> list[dict[str, Any]]:
    """Rows by their columns' names."""
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def label(series: dict[str, Any]) -> str:
    """A series as the picture names it: its measure's number first."""
    return f"{series['lga_number']}  {series['title']}"


def words(series: list[dict[str, Any]], coverage: list[dict[str, Any]]) -> str:
    """The document: what is held, series by series, and what is not."""
    held = [one for one in series if one["releases_held"]]
    measures = {one["measure_id"] for one in held}
    lines = [
        f"{len(held)} of the {len(series)} series have figures;"
        f" {len(measures)} of the {len({s['measure_id'] for s in series})} measures have at least"
        " one that has.\n",
        "| | Series | Years | Releases | Councils with a value | Without, in those years |",
        "| ---: | --- | --- | ---: | --- | --- |",
    ]
    by_series: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in coverage:
        by_series.setdefault((row["measure_id"], row["series_id"]), []).append(row)
    for one in held:
        years = by_series.get((one["measure_id"], one["series_id"]), [])
        span = _span(one["first_year_held"], one["last_year_held"])
        counts = [row["published"] for row in years]
        shown = _span(min(counts), max(counts)) if counts else "none: larger areas alone"
        missing = ", ".join(
            f"{total:,} {mark.replace('_', ' ')}"
            for mark in _MARKS
            if (total := sum(row[mark] for row in years))
        )
        lines.append(
            f"| {one['lga_number']} | {one['title']} (`{one['measure_id']}.{one['series_id']}`)"
            f" | {span} | {one['releases_held']} | {shown} | {missing} |"
        )
    lines += ["", "## No release held", ""]
    for one in series:
        if not one["releases_held"]:
            name = f"{one['measure_id']}.{one['series_id']}"
            lines.append(
                f"- {one['lga_number']}, {one['title']} (`{name}`): {one['not_held_because']}"
            )
    lines += ["", "## Definitions that ended", ""]
    for one in series:
        if one["ended_because"]:
            name = f"{one['measure_id']}.{one['series_id']}"
            until = f", to {one['last_year']}" if one["last_year"] else ""
            lines.append(
                f"- {one['lga_number']}, {one['title']} (`{name}`){until}: {one['ended_because']}"
            )
    return HEAD + "\n".join(lines) + "\n"


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first} to {last}"


def chart(series: list[dict[str, Any]], coverage: list[dict[str, Any]]) -> Any:
    """The heat map as an Altair chart."""
    import altair as alt

    named = {(one["measure_id"], one["series_id"]): one for one in series}
    order = [label(one) for one in series]
    cells = [
        {
            "series": label(named[row["measure_id"], row["series_id"]]),
            "share": row["published"] / row["councils"] if row["councils"] else 0.0,
            **{key: row[key] for key in ("year", "councils", "published", "rebuilt", *_MARKS)},
        }
        for row in coverage
    ]
    first = min(cell["year"] for cell in cells)
    last = max(cell["year"] for cell in cells)
    years = list(range(first, last + 1))
    none_held = [
        {"series": label(one), "year": first, "why": one["not_held_because"]}
        for one in series
        if not one["releases_held"]
    ]
    x = alt.X("year:O", title=None, scale=alt.Scale(domain=years), axis=alt.Axis(orient="top"))
    y = alt.Y(
        "series:N",
        title=None,
        scale=alt.Scale(domain=order),
        axis=alt.Axis(labelLimit=420, domain=False, ticks=False),
    )
    heat = (
        alt.Chart(alt.Data(values=cells))
        .mark_rect(stroke="white", strokeWidth=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "share:Q",
                title="Councils with a value",
                scale=alt.Scale(domain=[0, 1], scheme="blues"),
                legend=alt.Legend(format="%", orient="bottom", gradientLength=300),
            ),
            tooltip=[
                alt.Tooltip(f"{field}:{kind}", title=field.replace("_", " "))
                for field, kind in (
                    ("series", "N"),
                    ("year", "O"),
                    ("councils", "Q"),
                    ("published", "Q"),
                    *((mark, "Q") for mark in _MARKS),
                    ("rebuilt", "Q"),
                )
            ],
        )
    )
    labels = (
        alt.Chart(alt.Data(values=none_held))
        .mark_text(align="left", dx=-8, color="#8a4b08", fontStyle="italic", fontSize=10)
        .encode(x=x, y=y, text=alt.value("no release held"), tooltip=alt.Tooltip("why:N"))
    )
    return (
        alt.layer(heat, labels)
        .properties(
            width=18 * len(years),
            height=15 * len(order),
            title=alt.TitleParams(
                "The core measures: councils with a value",
                subtitle=(
                    "By series and the year in which the period ends. White: no figure held."
                    " Palest: rows without a value."
                ),
                anchor="start",
            ),
        )
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=10)
    )


def main() -> int:
    """Draw and write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="a home refreshed from the files as published")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    arguments = parser.parse_args()
    warehouse = arguments.home / "warehouse" / "core_measures.duckdb"
    series, coverage = (records(query(warehouse, sql)) for sql in (_SERIES, _COVERAGE))
    text = words(series, coverage)
    if arguments.check:
        stale = not TEXT.exists() or TEXT.read_text("utf-8") != text
        print("docs/coverage.md is stale: run scripts/coverage.py" if stale else "fresh")
        return int(stale)
    import vl_convert

    drawn = chart(series, coverage).to_dict()
    TEXT.write_text(text, "utf-8")
    PICTURE.write_bytes(vl_convert.vegalite_to_png(drawn, scale=1.5))
    # Bundled, so that the page fetches nothing.
    PAGE.write_text(vl_convert.vegalite_to_html(drawn, bundle=True), "utf-8")
    for path in (PICTURE, PAGE):
        if path.stat().st_size > LARGEST:
            print(f"{path.name} has {path.stat().st_size:,} bytes, more than {LARGEST:,}")
            return 1
    print(f"{len(series)} series, {len(coverage)} cells drawn")
    return 0


if __name__ == "__main__":
    sys.exit(main())
