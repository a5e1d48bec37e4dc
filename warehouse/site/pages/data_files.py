"""Figures for programs: each page's address ending in `.json`, and the scripts that pages load.

A page that is opened from a disk may fetch nothing, but may load a script: what a slider or a
comparison needs comes as one, a file a measure, and only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from warehouse.site import charts, meaning, words
from warehouse.site.charts.strip import stacked
from warehouse.site.figures import ENGLAND, Council, Figure, Measure, Series
from warehouse.site.pages.measure import figures_by_period, periods_of, strip_of
from warehouse.site.pages.render import as_json, in_json
from warehouse.site.pages.view import View

ATTRIBUTION = "Contains public sector information licensed under the Open Government Licence v3.0."
_COLUMNS = (
    *("period_label", "period_type", "period_start", "period_end", "year", "value", "lower_95"),
    *("upper_95", "interval_method", "numerator", "denominator", "status", "status_symbol"),
    *("value_as_published", "is_corrected", "basis", "publication", "release", "version"),
    *("source_file", "source_sheet", "source_row"),
)


def _row(figure: Figure) -> list[object]:
    return [
        *(figure.period_label, figure.period_type, figure.start.isoformat()),
        *(figure.end.isoformat(), figure.year, figure.value, figure.lower, figure.upper),
        *(figure.method, figure.numerator, figure.denominator, figure.status, figure.symbol),
        *(figure.as_published, figure.corrected, figure.basis, figure.publication),
        *(figure.release, figure.version, figure.source_file, figure.source_sheet),
        figure.source_row,
    ]


def _about(measure: Measure, series: Series) -> dict[str, Any]:
    return {
        "measure_id": measure.measure_id,
        "series_id": series.series_id,
        "measure": measure.title,
        "series": series.title,
        "description": series.description,
        "unit": series.unit,
        "better": series.polarity,
        "decimals": series.decimals,
        "is_headline": series.is_headline,
        "derivation": series.derivation or None,
        "comparability": series.breaks or None,
        "break_years": list(series.break_years),
    }


class DataFiles:
    """The files beside the pages."""

    def __init__(self, view: View) -> None:
        self._view = view
        # By series and area: a council's stand in its own file and in the measure's.
        self._figures_as_json: dict[tuple[tuple[str, str], str], str] = {}

    def all(self) -> Iterator[tuple[str, str]]:
        """Every file by its path."""
        for council in self._view.marts.councils:
            yield f"councils/{council.slug}.json", self._of_council(council)
        for measure in self._view.marts.measures:
            yield f"measures/{measure.measure_id}.json", self._of_measure(measure)
            if self._view.held(measure):
                script = in_json(self._for_pages(measure))
                yield (
                    f"assets/figures/{measure.measure_id}.js",
                    f'(window.coreMeasuresFigures||={{}})["{measure.measure_id}"]={script};\n',
                )
        yield "assets/areas.js", f"window.coreMeasuresAreas={in_json(self._areas())};\n"

    def _of_council(self, council: Council) -> str:
        facts = self._view.marts.facts
        about = {
            "council": {
                "code": council.code,
                "codes": council.codes,
                "name": council.name,
                "dfe_code": council.dfe_code,
                "region": council.region_name,
                "ended": council.valid_to.isoformat() if council.valid_to else None,
            },
            "licence": ATTRIBUTION,
            "columns": _COLUMNS,
        }
        documents = [
            _with(_about(measure, series), "figures", self._figures(series, council.code, figures))
            for measure in self._view.marts.measures
            for series in measure.series
            if (figures := facts.get(series.key, {}).get(council.code))
        ]
        return _with(about, "series", _list(documents)) + "\n"

    def _of_measure(self, measure: Measure) -> str:
        marts = self._view.marts
        names = {council.code: council.name for council in marts.councils}
        areas = {ENGLAND: "England"} | {region.code: region.name for region in marts.regions}
        about = {
            "measure": {
                "measure_id": measure.measure_id,
                "title": measure.title,
                "description": measure.description,
                "ambition": measure.ambition_title,
            },
            "licence": ATTRIBUTION,
            "columns": _COLUMNS,
        }
        documents = []
        for series in self._view.held(measure):
            of_areas = [
                *self._areas_of(series, marts.comparators, areas),
                *self._areas_of(series, marts.facts, names),
            ]
            documents.append(_with(_about(measure, series), "areas", _list(of_areas)))
        return _with(about, "series", _list(documents)) + "\n"

    def _areas_of(
        self,
        series: Series,
        held: dict[tuple[str, str], dict[str, list[Figure]]],
        names: dict[str, str],
    ) -> list[str]:
        """Each named area that has figures in the series, in JSON."""
        return [
            _with(
                {"code": code, "name": names[code]}, "figures", self._figures(series, code, figures)
            )
            for code, figures in sorted(held.get(series.key, {}).items())
            if code in names
        ]

    def _figures(self, series: Series, code: str, figures: list[Figure]) -> str:
        """An area's figures in JSON."""
        key = (series.key, code)
        if key not in self._figures_as_json:
            self._figures_as_json[key] = as_json([_row(figure) for figure in figures])
        return self._figures_as_json[key]

    # For the pages' own scripts: figures as they are said, so that no script rounds

    def _for_pages(self, measure: Measure) -> dict[str, Any]:
        return {
            "title": measure.title,
            "series": [self._series(series) for series in self._view.held(measure)],
        }

    def _series(self, series: Series) -> dict[str, Any]:
        view = self._view
        periods = periods_of(view, series)
        latest = view.latest(series)
        strip = strip_of(view, series, latest, None, {})
        areas: dict[str, dict[str, Any]] = {}
        for region in view.marts.regions:
            areas[f"region:{region.slug}"] = self._strand(
                view.area(series, region.code), periods, series
            )
        areas["england"] = self._strand(view.area(series, ENGLAND), periods, series)
        for council in view.marts.councils:
            own = view.own(series, council)
            if own:
                areas[council.slug] = self._strand(own, periods, series)
        by_period = figures_by_period(view, series)
        for place, period in enumerate(periods):
            self._beside(series, place, by_period[period.period], areas, strip)
        return {
            "id": series.series_id,
            "title": series.title,
            "unit": series.unit,
            "decimals": series.decimals,
            "better": series.polarity,
            "breaks": list(series.break_years),
            "periods": [
                [
                    words.label(f.period_label),
                    words.period(f),
                    words.when(f),
                    f.end.isoformat(),
                    f.year,
                ]
                for f in periods
            ],
            "limits": [
                {
                    number: words.reach(low, high, series)
                    for number, (low, high) in view.marts.quintile_limits.get(
                        (*series.key, *f.period), {}
                    ).items()
                }
                for f in periods
            ],
            "axis": strip.axis if strip else None,
            "areas": areas,
        }

    def _strand(
        self, figures: list[Figure], periods: list[Figure], series: Series
    ) -> dict[str, Any]:
        """Figures by period: a number, the reason why there is none, or nothing; and limits."""
        by_period = {figure.period: figure for figure in figures}
        found = [by_period.get(period.period) for period in periods]
        strand: dict[str, Any] = {
            "v": [
                None
                if f is None
                else _rounded(f.value, series)
                if f.value is not None
                else words.status(f)
                for f in found
            ]
        }
        if any(f is not None and f.lower is not None for f in found):
            strand["l"] = [_rounded(f.lower, series, 1) if f else None for f in found]
            strand["u"] = [_rounded(f.upper, series, 1) if f else None for f in found]
        return strand

    def _beside(
        self,
        series: Series,
        place: int,
        shown: dict[str, tuple[Council, Figure]],
        areas: dict[str, dict[str, Any]],
        strip: charts.Strip | None,
    ) -> None:
        """Each council's quintile, sign and slot in the strip: a character a period."""
        view = self._view
        slots = self._slots(shown, strip)
        for code, (council, figure) in shown.items():
            found = view.comparison(series, council, figure)
            sign = meaning.sign_of(figure.value, series, found) if figure.value is not None else ""
            area = areas[council.slug]
            for key, character in (
                ("q", str((found.quintile if found else None) or 0)),
                ("s", sign[:1] or "-"),
                ("y", str(slots.get(code, "-"))),
            ):
                area[key] = area.get(key, "").ljust(place, "-") + character

    @staticmethod
    def _slots(
        shown: dict[str, tuple[Council, Figure]], strip: charts.Strip | None
    ) -> dict[str, int]:
        if strip is None:
            return {}
        left, right, low, high = strip.axis
        regions: dict[str, list[Council]] = {}
        for council, _ in shown.values():
            regions.setdefault(council.region_name, []).append(council)
        held = {code: figure for code, (_, figure) in shown.items()}
        return {
            council.code: slot
            for members in regions.values()
            for _, council, slot in stacked(
                members, held, lambda value: left + (value - low) / (high - low) * (right - left)
            )
        }

    def _areas(self) -> dict[str, Any]:
        marts = self._view.marts
        current = [council for council in marts.councils if council.is_current]
        places = {council.code: place for place, council in enumerate(current)}
        return {
            "councils": [
                [
                    council.slug,
                    council.name,
                    council.region_name,
                    words.kind_of_council(council),
                    [
                        places[n.code]
                        for n in marts.neighbours_of.get(council.code, [])
                        if n.code in places
                    ],
                ]
                for council in current
            ],
            "regions": [[f"region:{region.slug}", region.name] for region in marts.regions],
            "measures": [
                [measure.measure_id, measure.title, measure.ambition_title]
                for measure in marts.measures
                if self._view.held(measure)
            ],
        }


def _rounded(value: float | None, series: Series, least: int = 0) -> float | int | None:
    if value is None:
        return None
    rounded = float(words.rounded(value, max(series.decimals, least)))
    return int(rounded) if rounded.is_integer() else rounded


def _with(members: dict[str, Any], name: str, document: str) -> str:
    """An object in JSON with one member more, which is JSON already."""
    return f'{as_json(members)[:-1]},"{name}":{document}}}'


def _list(documents: list[str]) -> str:
    """A list in JSON of what is JSON already."""
    return f"[{','.join(documents)}]"
