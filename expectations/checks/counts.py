"""Figures of a row and its rows beside it: shares and counts, sums, intervals, parts and wholes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from expectations.checks.base import MISREAD_SHARE, Bound, Findings, LoadCheck, found_where
from expectations.panel.baseline import nearest_years
from expectations.panel.cells import (
    denominators,
    half_unit,
    labels_of,
    rounding,
    row_groups,
)
from expectations.panel.columns import (
    AREA_LEVEL,
    COUNCIL_CODE,
    EMPTIED,
    PERIOD,
    REGION_CODE,
    YEAR,
    Coded,
    Columns,
    numeric,
)
from expectations.panel.measures import series_of
from ingest.contracts.contract import FileContract
from ingest.contracts.figure_checks import Bounds, RowFilter, Share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expectations.panel.load_table import LoadTable
    from ingest.arrays import Flags, Floats, Places
    from ingest.councils import Councils

# Marks that stand for nothing there, not for a number kept back.
NOT_APPLICABLE = ("z",)
# Adding a few thousand numbers up in another order moves the last of their 16 digits.
EPSILON = 1e-6


class _FlagsFigures(LoadCheck):
    """A check whose faults are of single figures: these are flagged and served."""

    outcome = "flag"
    refused_above = MISREAD_SHARE


class PercentagesInRange(_FlagsFigures):
    """A percentage that can be none."""

    name = "percentages_in_range"
    noun = "numbers"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return contract.columns_of("percentages")

    def explanation(self, contract: FileContract, about: str) -> str:
        return f"Each number of {about} lies between 0 and 100 %."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        yield _outside(load, about, 0, 100)


class CountsNotNegative(_FlagsFigures):
    """A count below nought."""

    name = "counts_not_negative"
    noun = "numbers"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return contract.columns_of("counts")

    def explanation(self, contract: FileContract, about: str) -> str:
        return f"No count of {about} is below 0."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        yield _outside(load, about, 0, np.inf)


class FiguresNotNegative(_FlagsFigures):
    """A rate, or a number of days, below nought."""

    name = "figures_not_negative"
    noun = "numbers"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        numbers = contract.columns_of("numbers")
        columns = dict.fromkeys(check.column for check in series_of(contract))
        return [column for column in columns if column in numbers]

    def explanation(self, contract: FileContract, about: str) -> str:
        return f"No figure of {about} is below 0."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        yield _outside(load, about, 0, np.inf)


def _outside(load: LoadTable, column: str, least: float, most: float) -> Findings:
    numbers = load.columns.numbers(column)
    at = np.flatnonzero(~np.isnan(numbers))
    source = load.source_rows[at]
    return found_where(
        (numbers[at] < least) | (numbers[at] > most),
        numbers[at],
        source,
        wording="{0:.10g} in row {1}",
        rows=source,
        column=column,
        figure=numbers[at],
    )


class NoBlankWithoutNote(LoadCheck):
    """A blank whose publisher says elsewhere why figures are not there, and here does not."""

    name = "no_blank_without_note"
    noun = "cells"
    outcome = "warn"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.notes else ()

    def explanation(self, contract: FileContract, about: str) -> str:
        notes = contract.notes
        assert notes is not None  # noqa: S101  # nosec B101  # it has a subject
        return f"No {notes.value} is blank without a {notes.column} that says why."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        if (notes := load.contract.notes) is None:
            return
        rows = load.rows
        blank = (rows[notes.value] == "").to_numpy() & ~rows[EMPTIED].to_numpy()
        off = blank & (rows[notes.column].fillna("") == "").to_numpy()
        wording = f"{notes.value} is blank in row {{0}}"
        yield found_where(off, load.source_rows, wording=wording)


class NoNumberDenied(_FlagsFigures):
    """A number beside a note that says there is none."""

    name = "no_number_denied"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.notes else ()

    def explanation(self, contract: FileContract, about: str) -> str:
        notes = contract.notes
        assert notes is not None  # noqa: S101  # nosec B101  # it has a subject
        return f"No {notes.value} stands beside a {notes.column} that says there is none."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        if (notes := load.contract.notes) is None:
            return
        found, distinct = pd.factorize(load.rows[notes.column].fillna(""))
        denies = np.array([str(note).startswith(notes.absent) for note in distinct], dtype=bool)
        denied = denies[found]
        number = ~np.isnan(load.columns.numbers(notes.value))
        at = np.flatnonzero(denied)
        source = load.source_rows[at]
        yield found_where(
            number[at],
            source,
            wording=f"{notes.value} is a number in row {{0}}",
            rows=source,
            column=notes.value,
        )


# --- whether there is anything to look at


class RulesFindTheirRows(LoadCheck):
    """A rule that looks at nothing passes whatever is there: a label was reworded."""

    name = "rules_find_their_rows"
    asks_for_rows = True
    expects = (
        "Each rule finds the rows that the contract names for it, and each share the row of its"
        " whole: one that looks at nothing passes whatever is there."
    )
    noun = "rules and periods"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        declared = contract.checks
        named = declared.shares or declared.breakdowns or any(t.exclude for t in declared.totals)
        return ("",) if named else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        missing = [*self._of_shares(load), *self._of_totals(load)]
        yield found_where([gone for _, gone in missing], [n for n, _ in missing], wording="{0}")

    @staticmethod
    def _of_shares(load: LoadTable) -> Iterator[tuple[str, bool]]:
        rows = load.columns
        labels = rows.codes(PERIOD).each(labels_of)
        period, names = labels.found, labels.distinct
        for share in load.contract.checks.shares:
            if not {share.numerator, share.denominator} & {*load.mapping}:
                continue  # its counts are not in the file, and the reading says so
            hit = rows.where(share.where)
            figures = hit & ~np.isnan(rows.numbers(share.value))
            if share.where:
                yield f"{share.value}: no row has {_cells(share.where)}", not hit.any()
            if share.denominator_row:
                with_whole = {*period[rows.where(share.denominator_row)].tolist()}
                for at in pd.unique(period[figures & (period >= 0)]):
                    named = (
                        f"{share.value} in {names[at]}: no row has {_cells(share.denominator_row)}"
                    )
                    yield named, at not in with_whole
            else:
                both = ~np.isnan(rows.numbers(share.numerator))
                both &= ~np.isnan(rows.numbers(share.denominator))
                yield (
                    f"{share.value}: no row has its {share.numerator} and {share.denominator}",
                    bool(figures.any()) and not (figures & both).any(),
                )

    @staticmethod
    def _of_totals(load: LoadTable) -> Iterator[tuple[str, bool]]:
        rows = load.columns
        for total in load.contract.checks.totals:
            if total.exclude:
                named = f"{', '.join(total.columns)}: no row has {_cells(total.exclude)}"
                yield named, not rows.where(total.exclude).any()
        for breakdown in load.contract.checks.breakdowns:
            printed = {*rows.codes(breakdown.column).distinct}
            # A file of wholes alone breaks nothing down; one with labels of another name does.
            is_broken_down = bool(printed - {breakdown.whole})
            for cell in (breakdown.whole, *(breakdown.parts if is_broken_down else ())):
                named = f"{', '.join(breakdown.numbers)}: no row has {breakdown.column} '{cell}'"
                yield named, cell not in printed


def _cells(allowed: RowFilter) -> str:
    """`age '19 to 21 years' or 'Aged 19 to 21' and activity 'Total'`."""
    return " and ".join(
        f"{column} {' or '.join(repr(cell) for cell in cells)}" for column, cells in allowed.items()
    )


# --- shares and their counts


class NumeratorWithinDenominator(_FlagsFigures):
    """More than all of them."""

    name = "numerator_within_denominator"
    expects = "No count is larger than the count that it is a part of."
    noun = "pairs of counts"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if any(share.per == 100 for share in contract.checks.shares) else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows = load.columns
        for share in load.contract.checks.shares:
            if share.per != 100:
                continue
            top = rows.numbers(share.numerator)
            bottom = denominators(rows, load.contract, share)
            known = rows.where(share.where) & ~np.isnan(top) & ~np.isnan(bottom)
            at = np.flatnonzero(known)
            slack = _half_of_share(load, share)
            source = load.source_rows[at]
            yield found_where(
                (top - bottom - 2 * slack)[at] > 0,
                top[at],
                bottom[at],
                source,
                wording=f"{share.numerator} {{0:g}} of {share.denominator} {{1:g}} in row {{2}}",
                rows=source,
                column=share.value,
                figure=top[at],
                expected=bottom[at],
                years=rows.years[at],
            )


def _half_of_share(load: LoadTable, share: Share) -> Floats:
    """Half of what a share's counts are rounded to; nothing where it is worked out as printed."""
    if share.as_printed:
        return np.zeros(len(load.rows))
    both = (rounding(load.columns, load.contract, c) for c in (share.numerator, share.denominator))
    return np.maximum(*both) / 2


class SharesMatchCounts(_FlagsFigures):
    """A share that is not that of the counts beside it: one of the three is wrong."""

    name = "shares_match_counts"
    expects = "Each share is that of the counts beside it, as closely as both are printed."
    noun = "shares"
    single_precision = Bound(
        3e-7,
        "of the figure",
        "2026-09",
        "Some publishers work in single precision, which has seven digits.",
    )

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.checks.shares else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows = load.columns
        years = rows.years
        for share in load.contract.checks.shares:
            value = rows.numbers(share.value)
            top = rows.numbers(share.numerator)
            bottom = denominators(rows, load.contract, share)
            known = rows.where(share.where) & ~np.isnan(top) & ~np.isnan(bottom)
            # 0 of 0 is printed; anything else of nobody is not so.
            at = np.flatnonzero(known & (bottom <= 0) & ((value > 0) | (top > 0)))
            source = load.source_rows[at]
            yield found_where(
                np.ones(len(at), dtype=bool),
                rows.texts(share.value)[at],
                bottom[at],
                source,
                wording=f"{share.value} '{{0}}' in row {{2}} is of {{1:g}}",
                rows=source,
                column=share.value,
                figure=value[at],
            )
            at = np.flatnonzero(known & ~np.isnan(value) & (bottom > 0))
            slack = _half_of_share(load, share)[at]
            printed, above, below = value[at], top[at], bottom[at]
            u = half_unit(rows, share.value)[at]
            low = share.per * np.maximum(above - slack, 0) / (below + slack)
            with np.errstate(divide="ignore"):
                high = np.where(
                    below > slack, share.per * (above + slack) / (below - slack), np.inf
                )
            epsilon = float(self.single_precision) * np.maximum(printed, 1)
            residual = np.maximum(low - (printed + u), printed - u - high) - epsilon
            source = load.source_rows[at]
            yield found_where(
                residual > 0,
                rows.texts(share.value)[at],
                share.per * above / below,
                source,
                wording=f"{share.value} '{{0}}' in row {{2}} is {{1:.4g}} by its counts",
                rows=source,
                column=share.value,
                figure=printed,
                expected=share.per * above / below,
                years=years[at],
            )


class ImpliedPeopleSteady(_FlagsFigures):
    """A figure and its count imply a number of people that nobody lives among."""

    name = "implied_people_steady"
    expects = (
        "The number of people that a figure and its count imply is about that of the area's other"
        " years."
    )
    noun = "figures"
    of_a_council = Bound(
        0.35,
        "logarithm of a ratio",
        "2026-10",
        "Populations of an age are re-estimated by a quarter at most (the City of London, 0.25); a"
        " slipped point is 2.3, a neighbour's count about 0.7.",
    )
    of_a_larger_area = Bound(
        0.08,
        "logarithm of a ratio",
        "2026-10",
        "A census moves regions' populations by under 6 %; 0.08 leaves room for their rounding.",
    )

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.checks.implied else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows = load.columns
        areas = load.entities.else_(load.larger_areas)
        for implied in load.contract.checks.implied:
            value = rows.numbers(implied.value)
            count = rows.numbers(implied.numerator)
            half = half_unit(rows, implied.value)
            known = (value > half) & (count > 0) & areas.there
            known &= ~np.isnan(rows.years)
            at = np.flatnonzero(known)
            years, row_years = np.unique(rows.years[at], return_inverse=True)
            columns, area = pd.factorize(areas.found[at])
            people = np.full((len(years), len(area)), np.nan)
            people[row_years, columns] = np.log(implied.per * count[at] / value[at])
            expected = nearest_years(people, years)[row_years, columns]
            off = np.abs(people[row_years, columns] - expected)
            # As closely as the figure and its count are printed.
            half_count = rounding(rows, load.contract, implied.numerator) / 2
            slack = half[at] / value[at] + half_count[at] / count[at]
            larger = rows.among(AREA_LEVEL, ("country", "region"))[at]
            most = np.where(larger, float(self.of_a_larger_area), float(self.of_a_council))
            source = load.source_rows[at]
            yield found_where(
                off - slack - most > 0,
                rows.texts(implied.value)[at],
                rows.texts(implied.numerator)[at],
                source,
                np.exp(people[row_years, columns]),
                np.exp(expected),
                wording=(
                    f"{implied.value} '{{0}}' of {implied.numerator} '{{1}}' in row {{2}} are of"
                    " {3:,.0f} people, and of {4:,.0f} in other years"
                ),
                rows=source,
                column=implied.value,
                figure=value[at],
                years=years[row_years],
            )


# --- cells of a row


class IntervalsHoldFigures(_FlagsFigures):
    """A figure outside its own interval."""

    name = "intervals_hold_figures"
    expects = "Each figure lies within its interval."
    noun = "figures"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.checks.bounds else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for bound in load.contract.checks.bounds:
            at, low, value, high = _interval(load, bound)
            cells = [
                load.columns.texts(name)[at] for name in (bound.value, bound.lower, bound.upper)
            ]
            source = load.source_rows[at]
            yield found_where(
                (low > value) | (value > high),
                *cells,
                source,
                wording=bound.value + " '{0}' in row {3} is not between '{1}' and '{2}'",
                rows=source,
                column=bound.value,
                figure=value,
                years=load.columns.years[at],
            )


class IntervalsBalanced(_FlagsFigures):
    """A limit whose point slipped."""

    name = "intervals_balanced"
    noun = "figures"
    most = Bound(
        5.0,
        "times the shorter side",
        "2026-10",
        "Wilson's interval of one case in ten has 3.2 times as much above as below, Byar's of one"
        " case 3.6; a slipped point makes one side ten times too long.",
    )
    expects = f"No side of an interval is {most.value:g} times the other."

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.checks.bounds else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for bound in load.contract.checks.bounds:
            at, low, value, high = _interval(load, bound)
            printed = np.array(
                [load.columns.texts(name)[at] for name in (bound.value, bound.lower)]
            )
            places = [load.columns.decimals(name)[at] for name in (bound.value, bound.lower)]
            unit = 0.5 * 10.0 ** -np.min(places, axis=0)
            below, above = np.abs(value - low) + unit, np.abs(high - value) + unit
            source = load.source_rows[at]
            yield found_where(
                np.maximum(below / above, above / below) > float(self.most),
                *printed,
                load.columns.texts(bound.upper)[at],
                source,
                wording=(
                    bound.value + " '{0}' in row {3} is far from the middle of '{1}' and '{2}'"
                ),
                rows=source,
                column=bound.value,
                figure=value,
                years=load.columns.years[at],
            )


def _interval(load: LoadTable, bound: Bounds) -> tuple[Places, Floats, Floats, Floats]:
    low, value, high = (
        load.columns.numbers(name) for name in (bound.lower, bound.value, bound.upper)
    )
    at = np.flatnonzero(~np.isnan(low) & ~np.isnan(value) & ~np.isnan(high))
    return at, low[at], value[at], high[at]


class SumsHold(_FlagsFigures):
    """A figure that is the sum of others in its row is not."""

    name = "sums_hold"
    expects = "A figure that is the sum of others in its row is it, as closely as they are printed."
    noun = "sums"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.checks.sums else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows = load.columns
        counts = load.contract.columns_of("counts")
        for declared in load.contract.checks.sums:
            names = [declared.whole, *declared.parts]
            numbers = np.array([rows.numbers(name) for name in names])
            halves = [
                rounding(rows, load.contract, n) / 2 if n in counts else half_unit(rows, n)
                for n, c in zip(names, numbers, strict=True)
            ]
            at = np.flatnonzero(~np.isnan(numbers).any(axis=0))
            whole, added = numbers[0, at], numbers[1:, at].sum(axis=0)
            slack = np.sum(halves, axis=0)[at]
            source = load.source_rows[at]
            yield found_where(
                np.abs(whole - added) - slack - 1e-9 > 0,
                rows.texts(declared.whole)[at],
                added,
                source,
                wording=(
                    f"{declared.whole} '{{0}}' in row {{2}}, and {' and '.join(declared.parts)}"
                    " add up to {1:.4g}"
                ),
                rows=source,
                column=declared.whole,
                figure=whole,
                expected=added,
                years=rows.years[at],
            )


class LesserNotGreater(_FlagsFigures):
    """A count that leaves some out of another is above it."""

    name = "lesser_not_greater"
    expects = "No count is above the one that it leaves some out of."
    noun = "pairs of counts"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.checks.at_most else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows = load.columns
        for pair in load.contract.checks.at_most:
            less, more = (rows.numbers(name) for name in (pair.less, pair.more))
            at = np.flatnonzero(~np.isnan(less) & ~np.isnan(more))
            slack = sum(rounding(rows, load.contract, n) / 2 for n in (pair.less, pair.more))
            source = load.source_rows[at]
            yield found_where(
                (less - more - slack)[at] > 0,
                less[at],
                more[at],
                source,
                wording=f"{pair.less} {{0:g}} in row {{2}}, and {pair.more} {{1:g}}",
                rows=source,
                column=pair.less,
                figure=less[at],
                expected=more[at],
                years=rows.years[at],
            )


class BreakdownsAddUp(_FlagsFigures):
    """Exchanged labels: girls for all children."""

    name = "breakdowns_add_up"
    asks_for_rows = True
    expects = "A whole is the sum of the rows that it is broken down into, within rounding."
    noun = "wholes"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.checks.breakdowns else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows = load.columns
        for breakdown in load.contract.checks.breakdowns:
            key = [name for name in load.contract.key if name != breakdown.column]
            group = row_groups(rows, key)
            size = group.max(initial=-1) + 1
            for name in breakdown.numbers:
                half = rounding(rows, load.contract, name) / 2
                number = rows.numbers(name)
                is_part = rows.among(breakdown.column, breakdown.parts) & ~np.isnan(number)
                added = np.bincount(group[is_part], weights=number[is_part], minlength=size)
                found = np.bincount(group[is_part], minlength=size)
                is_whole = rows.equal(breakdown.column, breakdown.whole) & ~np.isnan(number)
                at = np.flatnonzero(is_whole & (found[group] == len(breakdown.parts)))
                slack = (1 + len(breakdown.parts)) * half[at]
                source = load.source_rows[at]
                yield found_where(
                    np.abs(number[at] - added[group[at]]) - slack - EPSILON > 0,
                    number[at],
                    added[group[at]],
                    source,
                    wording=(
                        f"{name} {{0:,.10g}} of {breakdown.whole} in row {{2}}, and {{1:,.10g}} of"
                        f" {' and '.join(breakdown.parts)}"
                    ),
                    rows=source,
                    column=name,
                    figure=number[at],
                    expected=added[group[at]],
                    years=rows.years[at],
                )


# --- areas and the areas within them


class PartsMakeWholes(_FlagsFigures):
    """Councils do not add up to their region, or to England."""

    name = "parts_make_wholes"
    asks_for_rows = True
    expects = (
        "Councils add up to their region and to England, within rounding; where some are"
        " suppressed, to no more. A larger area may count a few of no known council."
    )
    noun = "totals"
    of_no_council = Bound(
        0.005,
        "of the larger area's count",
        "2026-11",
        "Children of no known home are counted in England and in no council: 98 of 107,429"
        " admissions for injuries in a year (Fingertips 90284). Half a per cent is less than the"
        " average council, so that one left out still shows.",
    )
    usual = Bound(
        3.0,
        "totals of a column",
        "2026-11",
        "A publisher who counts some of no known council does so every year; one total that is too"
        " large, or two, are a slip.",
    )

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.checks.totals else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows, contract = load.columns, load.contract
        area = {contract.area.level, *contract.area.codes.values(), "parent_code", "lad_code"}
        group = row_groups(rows, [name for name in contract.key if name not in area])
        unit_level = contract.area.unit
        region = _regions(rows, load.councils, unit_level)
        # England stands twice where the parent is England: once is enough.
        once = row_groups(rows, [name for name in contract.key if name != "parent_code"])
        national = rows.equal(AREA_LEVEL, "country") & ~pd.Series(once).duplicated().to_numpy()
        whole = _whole_periods(load)
        in_region = region.there
        regional = rows.equal(AREA_LEVEL, "region") & in_region
        nine = _nine_regions(group, regional)
        by_region = _paired(group, region)
        for total in contract.checks.totals:
            counted = ~rows.where(total.exclude) if total.exclude else np.ones(len(rows), bool)
            for column in total.columns:
                number = rows.numbers(column)
                kept_back = np.isnan(number) & ~rows.among(column, NOT_APPLICABLE)
                half = rounding(rows, contract, column) / 2
                for whole_level, part_level, by, is_whole, complete in (
                    ("country", unit_level, group, national, whole),
                    ("country", "region", group, national, nine),
                    ("region", unit_level, by_region, regional, whole),
                ):
                    is_part = rows.equal(AREA_LEVEL, part_level) & counted
                    if part_level == "region":
                        is_part &= in_region
                    else:
                        is_part = _under_one_code(is_part, by, load, number)
                    size = by.max(initial=-1) + 1
                    parts = np.bincount(by[is_part & ~np.isnan(number)], minlength=size)
                    added = np.bincount(
                        by[is_part], weights=np.nan_to_num(number[is_part]), minlength=size
                    )
                    slack_of_parts = np.bincount(by[is_part], weights=half[is_part], minlength=size)
                    hidden = np.bincount(by[is_part & kept_back], minlength=size)
                    at = np.flatnonzero(is_whole & counted & ~np.isnan(number))
                    at = at[parts[by[at]] > 0]
                    slack = half[at] + slack_of_parts[by[at]] + EPSILON
                    short = number[at] - added[by[at]]
                    exact = (hidden[by[at]] == 0) & complete[at]
                    excess = np.where(exact, short - slack - total.allowed_residual, 0)
                    # Who counts some of no council does so in one total after another.
                    is_usual = (excess > 0).sum() >= float(self.usual)
                    allowed = float(self.of_no_council) * number[at] if is_usual else 0
                    above = excess - allowed
                    source = load.source_rows[at]
                    yield found_where(
                        np.maximum(above, -short - slack) > 0,
                        number[at],
                        added[by[at]],
                        parts[by[at]],
                        source,
                        wording=(
                            f"{column} {{0:g}} of a {whole_level} in row {{3}}, and {{1:g}} in"
                            f" its {{2}} {part_level}s"
                        ),
                        rows=source,
                        column=column,
                        figure=number[at],
                        expected=added[by[at]],
                    )


def _regions(rows: Columns, councils: Councils, unit: str) -> Coded:
    """The region that each council lies in, and each region's own code; none for E13, England."""
    codes, own = rows.codes(COUNCIL_CODE), rows.codes(REGION_CODE)
    of_codes = codes.each(lambda c: councils.by_code[c].region_code if councils.known(c) else None)
    own = own.each(lambda code: code if code and not code.startswith("E13") else None)
    is_unit = rows.equal(AREA_LEVEL, unit)
    return of_codes.only(is_unit).else_(own.only(~is_unit))


def _under_one_code(
    is_part: NDArray[np.bool_], by: NDArray[np.intp], load: LoadTable, number: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """The parts, without a council's second code where both are printed: the one with numbers."""
    at = np.flatnonzero(is_part & load.entities.there)
    code = load.columns.codes(COUNCIL_CODE).found
    entity = load.entities.found
    if len(np.unique(code[at])) == len(np.unique(entity[at])):
        return is_part
    of = by[at] * (entity.max() + 1) + entity[at]
    order = np.lexsort((np.isnan(number[at]), of))
    _, first, place = np.unique(of[order], return_index=True, return_inverse=True)
    is_other = code[at[order]] != code[at[order[first]]][place]
    once = is_part.copy()
    once[at[order[is_other]]] = False
    return once


def _paired(group: NDArray[np.intp], region: Coded) -> NDArray[np.intp]:
    paired: NDArray[np.intp] = pd.factorize(group * (len(region.distinct) + 1) + region.found)[0]
    return paired


def _nine_regions(group: Places, is_region: Flags) -> Flags:
    """Whether all nine regions have a row in a row's group."""
    counts = np.bincount(group[is_region], minlength=group.max(initial=-1) + 1)
    complete: Flags = counts[group] >= 9
    return complete


def _whole_periods(load: LoadTable) -> NDArray[np.bool_]:
    """Whether every council that should be is in the row's period."""
    there, none = load.councils_in, frozenset[str]()
    complete = {label for label, names in load.expected.items() if names <= there.get(label, none)}
    return load.columns.codes(PERIOD).among(complete)


class CouncilsMakeTotalRow(LoadCheck):
    """The row of totals, of which no fact is made, is not the sum of its councils."""

    name = "councils_make_total_row"
    expects = "Councils add up to the row of England, which is printed and makes no fact."
    noun = "totals"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return ("",) if contract.checks.total_row else ()

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        rows, spec = load.rows, load.contract.checks.total_row
        if spec is None:
            return
        is_part = (rows[AREA_LEVEL] == load.contract.area.unit).to_numpy()
        is_total = load.columns.where(spec.where)
        for period, of_period in rows.groupby(PERIOD):
            at = rows.index.isin(of_period.index)
            year = int(of_period[YEAR].iloc[0])
            left_out = max((gap.share for gap in spec.left_out if year in gap.years), default=0.0)
            totals, parts = rows[at & is_total], rows[at & is_part]
            found: list[tuple[str, float, float, float]] = []
            for column in spec.columns:
                total, added = totals[numeric(column)].sum(), parts[numeric(column)].sum()
                # A part kept back is in the total, and not applicable is nothing.
                hidden = (parts[numeric(column)].isna() & (parts[column] != "z")).any()
                most = np.inf if hidden else left_out * total
                short = total - added
                found.append((column, total, added, max(short - most, -short, 0.0)))
            names, whole, sums, short_of = zip(*found, strict=True)
            # No such row, or two, is as bad.
            off = np.array(short_of) if len(totals) == 1 else np.ones(len(found))
            yield found_where(
                off > 0,
                names,
                whole,
                sums,
                wording=(
                    f"{{0}} of England in {labels_of(period)} is {{1:,.0f}}, and {{2:,.0f}} in its"
                    " councils"
                ),
            )
