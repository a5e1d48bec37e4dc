"""Larger areas beside what lies within them: England and its regions, a region and its councils."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from expectations.checks.base import MISREAD_SHARE, Bound, Findings, found_where
from expectations.checks.presence import (
    ENGLAND,
    OfRows,
    OfSeries,
    groups_of,
    rows_by_period,
)
from expectations.panel.baseline import (
    MAD_TO_SD,
    OWN_YEARS,
    RobustBaseline,
    nanmedian,
)
from expectations.panel.cells import labels_of
from expectations.panel.columns import AREA_LEVEL, COUNCIL_CODE, COUNTRY_CODE, REGION_CODE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expectations.panel.load_table import LoadTable
    from expectations.panel.measures import SeriesCheck
    from expectations.panel.series_panel import SeriesView
    from ingest.arrays import Flags, Floats, Places


class _Wholes(OfRows):
    noun = "wholes"
    outcome = "flag"
    refused_above = MISREAD_SHARE

    def of_series(self, load: LoadTable, check: SeriesCheck, rows: Places) -> Iterator[Findings]:
        # Counts are the sum of their parts, and asked for that elsewhere.
        if check.column not in load.contract.columns_of("counts"):
            wholes = load.once("wholes", check, lambda: _wholes_of(load, check, rows))
            yield self.of_wholes(check, wholes)

    def of_wholes(self, check: SeriesCheck, wholes: _Compared) -> Findings:
        raise NotImplementedError


class _Compared:
    """England and the regions of a series beside what lies within each."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.periods: list[str] = []
        self.source_rows: list[int] = []
        # Figure, smallest and largest part, the parts' mean, the last place, whether of England.
        self._numbers: list[tuple[float, ...]] = []

    def add(
        self, name: str, period: object, source_row: int, figure: float, parts: Floats, unit: float
    ) -> None:
        """Take in one whole with its parts, nan where a part has no number."""
        known = parts[~np.isnan(parts)]
        spread = float(parts.min()), float(parts.max())
        self.names.append(name)
        self.periods.append(labels_of(period))
        self.source_rows.append(source_row)
        self._numbers.append((figure, *spread, float(known.mean()), unit, name == ENGLAND))

    @property
    def numbers(self) -> Floats:
        """The numbers as arrays, one of each kind."""
        return np.array(self._numbers, dtype="float64").reshape(-1, 6).T


# A mean of most parts is near that of all.
_MOST_PARTS = 0.6


def _wholes_of(load: LoadTable, check: SeriesCheck, rows: Places) -> _Compared:
    councils, columns = load.councils, load.columns
    found = _Compared()
    numbers, source_rows = columns.numbers(check.column), columns.source_rows
    has_number = ~np.isnan(numbers)
    regions = columns.codes(COUNCIL_CODE).each(
        lambda code: councils.by_code[code].region_code if councils.known(code) else None
    )
    is_council = columns.equal(AREA_LEVEL, "council") & regions.there
    own = columns.codes(REGION_CODE)
    is_region = own.among([code for code in own.distinct if not code.startswith("E13")])
    is_country = columns.there(COUNTRY_CODE)
    places, most = _places(load, check)
    for label, at in rows_by_period(load, rows):
        of_councils = at[is_council[at]]
        printed = {
            regions.distinct[of]: numbers[part_of]
            for of, part_of in groups_of(regions.found[of_councils], of_councils)
        }
        nine = {
            own.distinct[own.found[row]]: (float(numbers[row]), int(source_rows[row]))
            for row in at[is_region[at] & has_number[at]].tolist()
        }
        usual = np.bincount(places[at[has_number[at]]], minlength=most).argmax()
        unit = 10.0 ** -int(usual)
        for code, (number, row) in nine.items():
            parts = printed.get(code, np.array([]))
            known = int((~np.isnan(parts)).sum())
            if known > 2 and known >= _MOST_PARTS * len(parts):
                found.add(councils.regions.get(code, code), label, row, number, parts, unit)
        england = at[is_country[at] & has_number[at]]
        if len(england) and len(nine) >= len(councils.regions):
            parts = np.array([number for number, _ in nine.values()])
            first = england[0]
            figure, row = float(numbers[first]), int(source_rows[first])
            found.add(ENGLAND, label, row, figure, parts, unit)
    return found


def _places(load: LoadTable, check: SeriesCheck) -> tuple[NDArray[np.intp], int]:
    """The decimals that each cell of a column is printed with, and how many there are at most."""

    def make() -> tuple[NDArray[np.intp], int]:
        cells = load.columns.codes(check.column)
        of_cells = [len(cell.partition(".")[2]) for cell in cells.distinct]
        return np.array([*of_cells, 0], dtype=int)[cells.found], max(of_cells, default=0) + 1

    return load.columns.once(("places", check.column), make)


class WholesAmongParts(_Wholes):
    """A region whose figure is above, or below, all of its councils'."""

    name = "wholes_among_parts"
    asks_for_rows = True
    expects = (
        "England's figure lies among its regions', and a region's among its councils', where each"
        " part has one: a mean does, whatever its weights."
    )

    def of_wholes(self, check: SeriesCheck, wholes: _Compared) -> Findings:
        figure, least, most, _, unit, _ = wholes.numbers
        off = np.nan_to_num(np.maximum(least - figure, figure - most) - unit, nan=-1.0) > 0
        return found_where(
            off,
            wholes.names,
            wholes.periods,
            figure,
            least,
            most,
            wording=check.name + ": {0} in {1} has {2:g}, its parts {3:g} to {4:g}",
            rows=wholes.source_rows,
            column=check.column,
            figure=figure,
        )


class WholesNearTheirParts(_Wholes):
    """A region whose figure is far from the mean of its councils'."""

    name = "wholes_near_their_parts"
    england = Bound(
        0.12,
        "share of the parts' mean",
        "2026-10",
        "Regions hold from 2.6 to 9.3 million people, and differ in a rate by about a third each"
        " way: weights move England's mean by under 10 %.",
    )
    expects = (
        f"England's figure is within {england.value:.0%} of its regions' mean, and a region's"
        " within a quarter, or what the measure's YAML says, of its councils' mean."
    )

    def of_wholes(self, check: SeriesCheck, wholes: _Compared) -> Findings:
        figure, _, _, mean, unit, of_england = wholes.numbers
        # Small figures without decimals are near each other whatever their ratio.
        far = np.maximum(np.abs(figure - mean) - 2 * unit, 0) / np.fmax(
            np.minimum(figure, mean), unit
        )
        apart = np.where(of_england > 0, float(self.england), check.region_apart)
        return found_where(
            far > apart,
            wholes.names,
            wholes.periods,
            figure,
            mean,
            wording=check.name + ": {0} in {1} has {2:g}, its parts {3:.3g} in the middle",
            rows=wholes.source_rows,
            column=check.column,
            figure=figure,
            expected=mean,
        )


# --- against other years

# What rounding alone gives a figure, as a standard deviation in its last place: 1 / sqrt(12).
_OF_ROUNDING = 0.29


class WholesKeepToTheirParts(OfSeries):
    """England's figure, or a region's, that is not what its parts make it in other years."""

    name = "wholes_keep_to_their_parts"
    outcome = "flag"
    noun = "wholes"
    most = Bound(
        6.0,
        "robust SD",
        "2026-12",
        "A whole is a mean of its parts whose weights are people, and moves slowly against their"
        " plain mean. Of 469 figures of England 3.2 was the furthest, of 3,800 of regions 5.5, but"
        " for London's of 2022 in one series, whose councils' figures are odd themselves.",
    )
    weights = Bound(
        0.15,
        "share of the regions' own moves",
        "2026-12",
        "A region's weight is within 0.06 of a ninth, so that nine that move by chance, each as far"
        " as the others, move England against their plain mean by a tenth of that.",
    )
    expects = (
        "The ratio of England's figure to its regions' plain mean, and of a region's to its"
        f" councils', is within {most.value:g} robust standard deviations of what it is in the"
        " whole's other years."
    )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for councils, larger in zip(load.series, load.larger_series, strict=True):
            # Counts are the sum of their parts, and asked for that elsewhere.
            if councils.now.empty or larger.now.empty or larger.now.kind == "count":
                continue
            regions = np.flatnonzero(np.isin(larger.panel.areas, [*load.councils.regions]))
            yield self._of_wholes(larger, regions, _means_of_councils(councils, larger, regions))
            england = np.flatnonzero(larger.names == ENGLAND)
            if len(england) and len(regions) == len(load.councils.regions):
                yield self._of_england(larger, england, regions)

    def _of_england(self, larger: SeriesView, england: Places, regions: Places) -> Findings:
        values = larger.panel.values[:, regions]
        # Regions move together or not: what they do apart is all that weights can act on.
        moves = RobustBaseline(larger.panel.years, _log(values), 0.0, 0.0).moved
        apart = MAD_TO_SD * np.nan_to_num(nanmedian(np.abs(moves), axis=1))
        means = values.mean(axis=1)[:, None]
        return self._of_wholes(larger, england, means, float(self.weights) * apart[:, None])

    def _of_wholes(
        self, view: SeriesView, at: Places, means: Floats, least: Floats | None = None
    ) -> Findings:
        """Judge some wholes by the plain means of their parts.

        With `least`, the spread that is to be expected of a year, each by its own years alone: it
        is not one of several that are alike.
        """
        panel = view.panel
        figures = panel.values[:, at]
        ratios = _log(figures) - _log(means)
        rounding = _OF_ROUNDING * 10.0**-panel.decimals / np.fmax(np.abs(figures), 1e-12)
        baseline = RobustBaseline(panel.years, ratios, np.nan_to_num(rounding), 0.0)
        if least is None:
            off, scale = baseline.moved, baseline.scale
        else:
            off = ratios - baseline.expected
            own = MAD_TO_SD * nanmedian(np.abs(off), axis=0)[None, :]
            own = np.where((~np.isnan(off)).sum(axis=0) >= OWN_YEARS, own, 0.0)
            scale = np.hypot(np.fmax(own, least), baseline.noise)
        enough = (~np.isnan(ratios)).sum(axis=0) >= OWN_YEARS
        year, whole = np.nonzero(view.in_file[:, None] & enough[None, :] & ~np.isnan(off))
        z = np.abs(off[year, whole]) / np.fmax(scale[year, whole], 1e-12)
        expected = (
            np.exp(baseline.expected)[year, whole]
            * np.broadcast_to(means, figures.shape)[year, whole]
        )
        return found_where(
            z > float(self.most),
            view.names[at][whole],
            panel.period_labels[year],
            figures[year, whole],
            expected,
            z,
            wording=(
                view.name
                + ": {0} in {1} has {2:g}, its parts make it {3:.3g} as in other years"
                + " (robust z {4:.1f})"
            ),
            rows=panel.source_rows[year, at[whole]],
            column=view.check.column,
            figure=figures[year, whole],
            expected=expected,
            years=panel.years[year],
        )


def _log(cells: Floats) -> Floats:
    """The logarithm of what is above nought; nothing of all else."""
    logs: Floats = np.log(np.where(cells > 0, cells, np.nan))
    return logs


def _means_of_councils(councils: SeriesView, larger: SeriesView, regions: Places) -> Floats:
    """Each region's plain mean of councils, by the years of the larger areas.

    Of the councils that have a number whenever their region has one, the same in every year.
    """
    years, panel = larger.panel.years, councils.panel
    values = np.full((len(years), len(panel.areas)), np.nan)
    _, here, there = np.intersect1d(years, panel.years, return_indices=True)
    values[here] = panel.values[there]
    means = np.full((len(years), len(regions)), np.nan)
    of_region = np.array(
        [
            councils.councils.by_code[code].region_code if councils.councils.known(code) else ""
            for code in panel.areas
        ],
        dtype=object,
    )
    for place, region in enumerate(regions):
        asked: Flags = ~np.isnan(larger.panel.values[:, region])
        parts = values[np.ix_(asked, of_region == larger.panel.areas[region])]
        known = ~np.isnan(parts)
        always = known.all(axis=0)
        if always.sum() > 2 and always.sum() >= _MOST_PARTS * known.any(axis=0).sum():
            means[asked, place] = parts[:, always].mean(axis=1)
    return means
