"""The Vega-Lite charts that a reader explores, described once with Altair.

Made when the project changes, by `scripts/write_chart_specs.py`, and kept as `static/specs.js`: a
refresh need not import Altair. Figures are put in by the page; colours are the style sheet's.
"""

from __future__ import annotations

import json
from typing import Any

KINDS = ["council", "region", "neighbours", "england"]
_NO_FIGURES: list[dict[str, Any]] = []


def _config(chart: Any) -> Any:
    quiet, ink, grid = "var(--quiet)", "var(--ink)", "var(--grid)"
    axis = {
        "labelColor": quiet,
        "titleColor": quiet,
        "gridColor": grid,
        "domainColor": grid,
        "tickColor": grid,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
    }
    return (
        chart.configure(background="transparent", font="sans-serif")
        .configure_axis(**axis)
        .configure_view(stroke=None)
        .configure_header(labelColor=ink, labelFontSize=13)
        .configure_legend(labelColor=ink, labelFontSize=13)
        .configure_text(color=ink, fontSize=13)
    )


def line() -> dict[str, Any]:
    """Lines over time: a run a line, the council's with its interval, breaks as dashed rules."""
    import altair as alt

    figures, breaks = alt.NamedData("figures"), alt.NamedData("breaks")
    x = alt.X(
        "end:T",
        title=None,
        scale=alt.Scale(padding=12),
        # Ticks and labels are the periods' own, put in by the page.
        axis=alt.Axis(values=["%ENDS%"], labelExpr="%LABELS%", labelOverlap=True, grid=False),
    )
    y = alt.Y(
        "value:Q",
        title="%UNIT%",
        scale=alt.Scale(zero=False, nice=True),
        axis=alt.Axis(tickCount=5),
    )
    colour = alt.Color(
        "kind:N",
        legend=None,
        scale=alt.Scale(domain=KINDS, range=[f"var(--{kind})" for kind in KINDS]),
    )
    dash = alt.StrokeDash(
        "kind:N",
        legend=None,
        scale=alt.Scale(domain=KINDS, range=[[1, 0], [2, 2.5], [9, 3, 2, 3], [6, 3]]),
    )
    tooltip = [
        alt.Tooltip("name:N", title="Whose"),
        alt.Tooltip("period:N", title="Period"),
        alt.Tooltip("value:Q", title="Figure", format="%FORMAT%"),
        alt.Tooltip("lower:Q", title="95% confidence interval from", format=",.1f"),
        alt.Tooltip("upper:Q", title="95% confidence interval to", format=",.1f"),
    ]
    band = (
        alt.Chart(figures)
        .transform_filter("isValid(datum.lower)")
        .mark_area(fill="var(--band)", aria=False)
        .encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q", detail="run:N")
    )
    rule = (
        alt.Chart(breaks)
        .mark_rule(stroke="var(--break)", strokeDash=[4, 3], strokeWidth=1.5, aria=False)
        .encode(x="at:T", tooltip=[alt.Tooltip("label:N", title="Break")])
    )
    lines = (
        alt.Chart(figures)
        .mark_line(strokeWidth=2, fill=None, aria=False)
        .encode(x=x, y=y, color=colour, strokeDash=dash, detail="run:N")
    )
    dots = (
        alt.Chart(figures)
        .mark_point(filled=True, opacity=1)
        .encode(
            x=x,
            y=y,
            color=colour,
            size=alt.condition("datum.kind == 'council'", alt.value(55), alt.value(30)),
            tooltip=tooltip,
        )
    )
    return _plain(alt.layer(rule, band, lines, dots).properties(height=280))


def compare() -> dict[str, Any]:
    """Areas that a reader chose, a line each in a colour and a shape of its own."""
    import altair as alt

    figures = alt.NamedData("figures")
    x = alt.X(
        "end:T",
        title=None,
        scale=alt.Scale(padding=12),
        axis=alt.Axis(values=["%ENDS%"], labelExpr="%LABELS%", labelOverlap=True, grid=False),
    )
    y = alt.Y(
        "value:Q",
        title="%UNIT%",
        scale=alt.Scale(zero=False, nice=True),
        axis=alt.Axis(tickCount=5),
    )
    colours = [f"var(--c{number})" for number in range(10)]
    colour = alt.Color(
        "name:N",
        sort=None,
        scale=alt.Scale(domain=["%NAMES%"], range=colours),
        legend=alt.Legend(
            title=None, orient="bottom", columns=2, symbolType="stroke", labelLimit=260
        ),
    )
    shape = alt.Shape("name:N", sort=None, scale=alt.Scale(domain=["%NAMES%"]))
    lines = (
        alt.Chart(figures)
        .mark_line(strokeWidth=2, fill=None, aria=False)
        .encode(x=x, y=y, color=colour, detail="run:N")
    )
    dots = (
        alt.Chart(figures)
        .mark_point(filled=True, opacity=1, size=50)
        .encode(
            x=x,
            y=y,
            color=colour,
            shape=shape,
            tooltip=[
                alt.Tooltip("name:N", title="Area"),
                alt.Tooltip("period:N", title="Period"),
                alt.Tooltip("value:Q", title="Figure", format="%FORMAT%"),
                alt.Tooltip("lower:Q", title="95% confidence interval from", format=",.1f"),
                alt.Tooltip("upper:Q", title="95% confidence interval to", format=",.1f"),
            ],
        )
    )
    return _plain(alt.layer(lines, dots).properties(height=300))


def _plain(chart: Any) -> dict[str, Any]:
    """The specification with names for its data, and none in it."""
    made: dict[str, Any] = _config(chart).to_dict()
    named = {
        layer["data"]["name"] for layer in made["layer"] if "name" in layer.get("data", {})
    } | ({made["data"]["name"]} if "name" in made.get("data", {}) else set())
    made["datasets"] = dict.fromkeys(sorted(named), _NO_FIGURES)
    # Charts fit the width that they are given, axes included.
    made["autosize"] = {"type": "fit-x", "contains": "padding"}
    return made


def as_script() -> str:
    """All charts as one script, which a page on a disk can load."""
    document = json.dumps({"line": line(), "compare": compare()}, indent=1, sort_keys=True)
    return f'"use strict";\nwindow.coreMeasuresSpecs = {document};\n'
