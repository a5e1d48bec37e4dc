"""A publication's whole contract on one page, from its YAML and the suite that follows from it.

Nothing is listed here a second time: what a field is called is all this module knows, and one
that it has no words for is printed as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields

from pydantic import BaseModel

from expectations.suites.loads import suite_for
from ingest.contracts.contract import FileContract, Publication
from ingest.corrections import Correction, load_corrections
from ingest.councils import Councils


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the page's title."""

    level: int
    text: str


@dataclass(frozen=True)
class Points:
    """Things said one by one."""

    points: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table of text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Points | Grid

_AT_FAULT = {
    "error": "error: refused",
    "flag": "flag: served and flagged",
    "warn": "warn: noted",
}

# Told in words or tables below, or no part of what a contract says.
_SHOWN_OF_PUBLICATION = frozenset(
    {"publisher", "publication", "title", "landing_page", "frequency", "files", "unread", "digest"}
)
_SHOWN_OF_FILE = frozenset(
    {
        *("publisher", "publication", "file_id", "title", "table", "names", "columns", "ignored"),
        *("key", "constants", "marks", "period", "period_type", "area", "years", "councils"),
        "dropped_rows",
    }
)


def contract_page(publication: Publication) -> Iterator[Block]:
    """The page, block by block.

    Raises
    ------
    ContractError
        Its corrections, or the list of councils, are not valid.
    """
    councils = Councils.load()
    corrections = load_corrections(publication.publication)
    yield Heading(1, publication.title)
    yield Points(
        (
            f"Publication: {publication.publication}, from {publication.publisher}",
            f"Page: {publication.landing_page}",
            f"Frequency: {publication.frequency}",
            *_more(publication, _SHOWN_OF_PUBLICATION),
            *(f"Not read: files whose name matches {pattern}" for pattern in publication.unread),
        )
    )
    for file in publication.files:
        own = [c for c in corrections if file.match(c.file) and c.table in (None, file.file_id)]
        yield from _file(file, councils, own)


def _file(file: FileContract, councils: Councils, corrections: list[Correction]) -> Iterator[Block]:
    yield Heading(2, f"{file.file_id}: {file.title}")
    yield Points(
        (
            *(f"Recognised by its name: {pattern}" for pattern in file.names),
            f"Goes to: loads.{file.table}",
            f"Key: {', '.join(file.key)}",
            *(f"Always: {c} is {' or '.join(map(repr, v))}" for c, v in file.constants.items()),
            f"Marks for no number: {', '.join(mark or '(an empty cell)' for mark in file.marks)}",
            f"Period: {file.period.column}, as {file.period.format} writes it; {_kind(file)}",
            *_areas(file),
            *_years(file),
            *_present(file, councils),
            *(
                "Rows left out: where "
                + " and ".join(f"{c} is {text!r}" for c, text in drop.where.items())
                + f": {drop.reason}"
                for drop in file.dropped_rows
            ),
            *(_correction(fix) for fix in corrections),
            *_more(file, _SHOWN_OF_FILE),
        )
    )
    yield Heading(3, "Columns")
    yield Grid(
        ("Column", "Role", "Published as"),
        (
            *(
                (column.name, column.role, " or ".join(column.published_as))
                for column in file.columns
            ),
            *((name, "known, of no use here", "") for name in file.ignored),
        ),
    )
    yield Heading(3, "Checks")
    yield Grid(
        ("If it fails", "Check", "Column", "What is expected"),
        tuple(
            (
                _AT_FAULT[subject.severity],
                subject.check.name,
                subject.about,
                subject.explanation,
            )
            for subject in suite_for(file)
        ),
    )


def _kind(file: FileContract) -> str:
    if isinstance(file.period_type, str):
        return file.period_type.replace("_", " ")
    kinds = [
        f"{kind.replace('_', ' ')} where it is {cell!r}"
        for cell, kind in file.period_type.items()
        if cell != "column"
    ]
    return f"by {file.period_type['column']}: {', '.join(kinds)}"


def _areas(file: FileContract) -> Iterator[str]:
    area = file.area
    levels = ", ".join(f"{text!r} is a {level}" for text, level in area.levels.items())
    yield f"Areas: told by {area.level}: {levels}"
    if area.ignored_levels:
        yield f"Areas of no use here: {', '.join(map(repr, area.ignored_levels))}"
    codes = ", ".join(f"{level} {column}" for level, column in area.codes.items())
    yield f"Area codes: {codes}"


def _years(file: FileContract) -> Iterator[str]:
    spec = file.years
    if spec.first:
        yield f"First year: as the name of the {' and the '.join(spec.first)} says"
    if spec.last:
        moved = f", {spec.offset:+d} for the release's" if spec.offset else ""
        yield f"Last year: as the name of the {' and the '.join(spec.last)} says{moved}"
    if spec.span is not None:
        yield f"Years: {spec.span} of them"
    if spec.not_after:
        yield "Years: none after the release was published"


def _present(file: FileContract, councils: Councils) -> Iterator[str]:
    day = file.councils.as_of
    when = f"on {day.day} {day:%B %Y}" if day else "at the end of each period"
    yield f"Councils: each that existed {when}"
    for absence in file.councils.absent:
        named = ", ".join(f"{councils.name(code)} ({code})" for code in absence.codes)
        years = f" in {', '.join(map(str, absence.years))}" if absence.years else ""
        yield f"May be absent{years}: {named}: {absence.reason}"


def _correction(fix: Correction) -> str:
    cells = " and ".join(f"{column} is {cell!r}" for column, cell in fix.where.items())
    row = f"row {fix.row}" if fix.row is not None else f"the row where {cells}"
    return (
        f"Correction: release {fix.release}, version {fix.version}, {fix.file}: {fix.column} in"
        f" {row} is printed {fix.expected!r} and read as {fix.corrected!r}: {fix.reason}"
        f" On the word of: {fix.authority}"
    )


def _more(contract: Publication | FileContract, shown: frozenset[str]) -> Iterator[str]:
    """What a contract says besides; a field that is empty says nothing."""
    for field in fields(contract):
        text = _plain(getattr(contract, field.name))
        if field.name not in shown and text:
            yield f"{field.name.replace('_', ' ').capitalize()}: {text}"


def _plain(value: object) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_defaults=True)
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {text}" for key, v in value.items() if (text := _plain(v)))
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    return "" if value is None else str(value)


def markdown(blocks: Iterator[Block]) -> Iterator[str]:
    """The page's lines as Markdown."""
    for block in blocks:
        if isinstance(block, Heading):
            yield f"{'#' * block.level} {_escaped(block.text)}"
        elif isinstance(block, Points):
            for point in block.points:
                label, _, text = point.partition(": ")
                yield f"- **{_escaped(label)}**: {_escaped(text)}"
        else:
            yield _cells(block.columns)
            yield _cells(("---",) * len(block.columns))
            for row in block.rows:
                yield _cells([_escaped(cell) for cell in row])
        yield ""


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    # An underscore within a word is none of Markdown's.
    return re.sub(r"[\\`*{}\[\]<>#|~^$]|(?<!\w)_|_(?!\w)", r"\\\g<0>", " ".join(text.split()))
