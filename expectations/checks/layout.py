"""Columns, rows taken out, and cells as text: whether the file has the shape of its contract."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from expectations.checks.base import (
    FEWEST_FOR_A_SHARE,
    MISREAD_SHARE,
    Bound,
    Finding,
    Findings,
    LoadCheck,
    found_where,
)
from expectations.panel.columns import EMPTIED
from ingest.contracts.contract import FileContract
from ingest.contracts.specs import NUMERIC_ROLES, DroppedRows
from ingest.reading.cells import EXPONENT
from ingest.reading.marks import CONFLICTING
from ingest.reading.recognise import is_needed, unlisted_columns
from ingest.reading.tables import SOURCE_ROW

if TYPE_CHECKING:
    from expectations.panel.load_table import LoadTable

# `[w]`, `x`, `..`: a letter or three, or signs without a digit.
_LIKE_A_MARK = re.compile(r"[\[(]?(?:[A-Za-z]{1,3}|[^\w\s]{1,3})[\])]?")
# What a spreadsheet would reckon or a browser run, and letters that show nothing.
_CODE = re.compile(r"^\s*[=@]|<\s*script|[\x00-\x08\x0e-\x1f\u202a-\u202e\u2066-\u2069]", re.I)


class ColumnsThere(LoadCheck):
    """A column that the contract reads is not there."""

    name = "columns"
    expects = "Each of the contract's columns is there under one of its known names."
    noun = "columns"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        wanted = [c.name for c in load.contract.columns if is_needed(load.contract, c)]
        missing = tuple(Finding(f"missing: {n}") for n in wanted if n not in load.cells)
        yield Findings(len(load.mapping), missing)


class UnlistedColumns(LoadCheck):
    """A column that the contract does not speak of: perhaps a new name of one that it does."""

    name = "unlisted_columns"
    expects = "Each published column is one that the contract reads, or lists as of no use."
    noun = "published columns"
    outcome = "warn"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        names = [name for name in load.published if name != SOURCE_ROW]
        unlisted = set(unlisted_columns(load.contract, load.published, load.mapping.values()))
        yield found_where([name in unlisted for name in names], names, wording="'{0}'")


class CodeInText(LoadCheck):
    """A name or a note that a spreadsheet would reckon, or a browser run."""

    name = "no_code_in_text"
    expects = (
        "No cell of text begins like a formula, holds a script or hides letters: names and"
        " notes are words."
    )
    noun = "columns of text"
    outcome = "warn"

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        numbers = load.contract.columns_of(*NUMERIC_ROLES)
        for name in load.contract.column_names:
            if name not in load.cells or name in numbers:
                continue
            cells = load.printed.codes(name)
            is_code = cells.among({cell for cell in cells.distinct if _CODE.search(cell)})
            first = load.printed.source_rows[int(is_code.argmax())] if is_code.any() else None
            yield found_where([is_code.any()], [name], [first], wording="{0} in row {1}")


class DroppedRowsRecorded(LoadCheck):
    """Rows that the contract leaves out: no fault, and on record."""

    name = "dropped_rows"
    expects = "Rows that are known to be no figures are left out, as the contract says."
    noun = "of its rows left out, as the contract says"
    outcome = "warn"
    only_where_any = True

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return list(dict.fromkeys(map(_telling, contract.dropped_rows)))

    def explanation(self, contract: FileContract, about: str) -> str:
        sentences = []
        for drop in contract.dropped_rows:
            if _telling(drop) == about:
                named = " and ".join(f"{column} {text!r}" for column, text in drop.where.items())
                sentences.append(
                    f"Rows with {named} are left out, as the contract says. {drop.reason}"
                )
        return " ".join(sentences)

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        for index, rows in load.dropped.items():
            if _telling(load.contract.dropped_rows[index]) == about:
                yield Findings(len(rows))


def _telling(drop: DroppedRows) -> str:
    """The column that says best which rows are meant."""
    return next((c for c, text in drop.where.items() if text), next(iter(drop.where)))


class CorrectionsHold(LoadCheck):
    """A correction would overwrite a cell that it was not written for."""

    name = "corrections_hold"
    expects = (
        "Each correction finds the cell that it expects; where it does not, the publisher has"
        " changed the file, and the correction is to be removed or renewed."
    )
    noun = "corrections"
    only_where_any = True

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        fixes = load.corrections
        if not len(fixes):
            return
        off = (fixes["expected"] != fixes["printed"]).fillna(True).to_numpy(dtype=bool)
        shown = fixes.astype("object").where(fixes.notna(), "nothing")
        yield found_where(
            off,
            fixes["column"].to_numpy(),
            [n if n == "nothing" else f"{n:g}" for n in shown[SOURCE_ROW]],
            shown["printed"].to_numpy(),
            shown["expected"].to_numpy(),
            wording="{0} in row {1} is printed '{2}', not '{3}'",
        )


class NotEmpty(LoadCheck):
    """A file without rows."""

    name = "not_empty"
    asks_for_rows = True
    expects = "The file has rows."
    noun = "rows"

    def library(self, contract: FileContract) -> tuple[str, dict[str, object]]:
        return "ExpectTableRowCountToBeBetween", {"min_value": 1}

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        yield Findings(len(load.rows), () if len(load.rows) else (Finding("none"),))


class KeyUnique(LoadCheck):
    """One figure stands there twice: with two numbers, nobody can tell which counts."""

    name = "key_unique"
    noun = "rows"
    outcome = "flag"
    refused_above = Bound(
        0.02,
        "share of rows",
        "2026-11",
        "A slip prints a row or two again with other figures; a breakdown that the contract does"
        " not know does so with many.",
    )

    def explanation(self, contract: FileContract, about: str) -> str:
        return (
            f"No two rows share {', '.join(contract.key)}: one figure would stand there twice. Of"
            " two numbers for one figure neither is served."
        )

    def library(self, contract: FileContract) -> tuple[str, dict[str, object]]:
        return "ExpectCompoundColumnsToBeUnique", {"column_list": list(contract.key)}

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        again = load.key_again
        if not load.repeated_rows:
            # None, or rows that were made of one and cannot be told apart by its number.
            shown = [", ".join(map(repr, row)) for row in load.key[again].to_numpy().tolist()]
            found = tuple(Finding(f"{cells} stands there twice") for cells in shown)
            yield Findings(len(load.key), found, 1.0 if found else 0.0)
            return
        conflicting = tuple(
            Finding(
                f"rows {c.source_row} and {c.again} are of the same, with '{c.texts[0]}' and"
                f" '{c.texts[1]}' for {c.column}",
                (c.source_row,),
                c.column,
            )
            for c in load.conflicts
        )
        conflicting_rows = {c.again for c in load.conflicts}
        alike = tuple(
            Finding(f"row {row} stands there twice")
            for row in load.repeated_rows
            if row not in conflicting_rows
        )
        # A row printed twice to the letter is served once, and says nothing against the others.
        otherwise = load.repeated_otherwise
        many = otherwise >= FEWEST_FOR_A_SHARE
        yield Findings(len(load.key), conflicting + alike, otherwise / len(again) if many else 0.0)


class Constants(LoadCheck):
    """A column that is the same in every row says something else."""

    name = "constants"

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return list(contract.constants)

    def explanation(self, contract: FileContract, about: str) -> str:
        return f"{about} is {' or '.join(map(repr, contract.constants[about]))} in every row."

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        off = ~load.columns.among(about, load.contract.constants[about])
        yield found_where(
            off, load.columns.texts(about), load.source_rows, wording="{0!r} in row {1}"
        )


class NumbersOrMarks(LoadCheck):
    """A cell that is neither a number nor a mark that the contract knows."""

    name = "numbers_or_marks"
    outcome = "flag"
    refused_above = Bound(
        0.05,
        "share of a column's cells",
        "2026-11",
        "A slip spoils a cell or two. More are a way to print numbers that has to be learnt before"
        " the column can be read.",
    )
    marked = Bound(
        0.5,
        "share of a column's cells",
        "2026-11",
        "A new mark stands where there is no figure: whatever it means, its cells have no value and"
        " the others are read as they were. Publishers keep back a third of a column of small"
        " counts; where most of it is a mark, another column may be read.",
    )
    fewest_words = Bound(
        4.0,
        "unknown marks of a column",
        "2026-11",
        "A publisher brings in one mark with a new house style, or its two or three together; more"
        " short words are a column of codes.",
    )

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return contract.columns_of(*NUMERIC_ROLES)

    def explanation(self, contract: FileContract, about: str) -> str:
        return (
            f"Each cell of {about} is a number or a mark that the contract knows. A cell that is"
            " neither has no value."
        )

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        number = ~np.isnan(load.columns.numbers(about))
        off = ~number & ~load.columns.among(about, (*load.contract.known_marks, CONFLICTING))
        # What a correction took away is no mark of the publisher's.
        off &= ~(load.rows[EMPTIED].to_numpy() & load.columns.among(about, ("",)))
        texts = load.columns.texts(about) if off.any() else ()
        found = found_where(
            off,
            texts,
            load.source_rows,
            wording="{0!r} in row {1}",
            rows=load.source_rows,
            column=about,
        )
        unknown = {str(texts[i]) for i in np.flatnonzero(off)}
        marks = {text for text in unknown if _LIKE_A_MARK.fullmatch(text.strip())}
        if 0 < len(marks) < float(self.fewest_words):
            as_mark = off & load.columns.among(about, tuple(marks))
            if as_mark.mean() <= float(self.marked):
                found = replace(found, share=found_where(off & ~as_mark, wording="").share)
        yield found


class NumbersWrittenOut(LoadCheck):
    """A number in a spreadsheet's scientific format: 1.23E+05 where 123,456 was."""

    name = "numbers_written_out"
    expects = (
        "No number is written with an exponent where its digits alone would be shorter: programs"
        " write 1e+05 to be short, and a spreadsheet's format 1.23E+05 to show three digits, which"
        " loses all others."
    )
    noun = "cells"
    outcome = "flag"
    refused_above = MISREAD_SHARE

    def subjects(self, contract: FileContract) -> Sequence[str]:
        return contract.columns_of(*NUMERIC_ROLES)

    def findings(self, load: LoadTable, about: str) -> Iterator[Findings]:
        known = int((~np.isnan(load.columns.numbers(about))).sum())
        cells = load.with_exponent.get(about, ())
        stays = {*load.source_rows.tolist()} if cells else set()
        found = tuple(
            Finding(f"{cell!r} in row {row}", (row,), about, float(number[0]))
            for row, cell in cells
            if row in stays
            and (number := EXPONENT.search(cell))
            and len(number[0]) >= len(format(Decimal(number[0]), "f"))
        )
        many = len(found) >= FEWEST_FOR_A_SHARE
        yield Findings(known, found, len(found) / max(known, 1) if many else 0.0)
