"""Contracts from their documents: validated, and joined with the layout that they share."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ingest.contracts.contract import Column, FileContract, Publication
from ingest.contracts.documents import (
    ColumnsByRole,
    FileDocument,
    LayoutDocument,
    LearnedDocument,
    PublicationDocument,
)
from ingest.contracts.specs import NUMERIC_ROLES, RELEASE
from ingest.contracts.yaml_documents import read_our_own, read_yaml
from ingest.errors import ContractError
from ingest.reading.marks import MARKS
from ingest.reading.spec import Reading

_Model = TypeVar("_Model", bound=BaseModel)

FOLDER = Path(__file__).parents[1] / "publications"


def _merge_columns(layout: ColumnsByRole, own: ColumnsByRole) -> tuple[Column, ...]:
    """The layout's columns and the file's; a file may give a shared column another role."""
    merged: dict[str, Column] = {}
    for source in (layout, own):
        for role in ColumnsByRole.model_fields:
            for name, published_as in getattr(source, role).items():
                merged[name] = Column(name, tuple(published_as), role)  # type: ignore[arg-type]
    return tuple(merged.values())


def _with_names(
    publication: PublicationDocument, columns: tuple[Column, ...], learned: LearnedDocument
) -> tuple[Column, ...]:
    """The columns with the names under which a release was seen to print them, too."""
    known = {column.name for column in columns}
    if unknown := sorted(set(learned.columns) - known):
        raise ContractError(
            f"{publication.publication}: file {learned.file} learned a name of {unknown[0]!r},"
            " which is no column of it"
        )
    return tuple(
        replace(c, published_as=tuple(dict.fromkeys((*c.published_as, *learned.columns[c.name]))))
        if c.name in learned.columns
        else c
        for c in columns
    )


def _add_labels(labels: dict[str, dict[str, list[str]]], learned: LearnedDocument) -> None:
    for name, of in learned.labels.items():
        for label, spellings in of.items():
            labels.setdefault(name, {}).setdefault(label, []).extend(spellings)


def _file_contract(
    publication: PublicationDocument, layout: LayoutDocument, file_id: str, file: FileDocument
) -> FileContract:
    period, area = file.period or layout.period, file.area or layout.area
    columns = _merge_columns(layout.columns, file.columns)
    labels = {name: {k: list(v) for k, v in of.items()} for name, of in file.labels.items()}
    for one in (learned for learned in publication.learned if learned.file == file_id):
        columns = _with_names(publication, columns, one)
        _add_labels(labels, one)
    if period.taken_from == "release":
        others = (column for column in columns if column.name != period.column)
        columns = (*others, Column(period.column, (RELEASE,), "identity"))
    reading = _beside_others(file.reading or layout.reading, publication, file_id)
    names = {column.name for column in columns}
    table = file.table or layout.table
    if table is None:
        raise ContractError(f"{publication.publication}: file {file_id} names no table")
    key = file.key or [*layout.key, *file.columns.filters]
    referenced_columns = [
        *key,
        *file.constants,
        *labels,
        *filter(None, [file.row_count]),
        *file.more_councils,
    ]
    referenced_columns += [period.column, area.level, *area.codes.values()]
    referenced_columns += [layout.notes.column, layout.notes.value] if layout.notes else []
    for wanted in (*referenced_columns, *file.checks.referenced_columns()):
        if wanted not in names:
            raise ContractError(
                f"{publication.publication}: file {file_id} speaks of a column {wanted!r}"
                " that it does not list"
            )
    numeric = {column.name for column in columns if column.role in NUMERIC_ROLES}
    for misplaced in {*file.checks.columns()} - numeric | {*file.checks.key_columns()} - {*key}:
        raise ContractError(
            f"{publication.publication}: file {file_id} has checks that take {misplaced!r} for"
            " what it is not: a figure where it is none, or part of the key"
        )
    attributes = {column.name for column in columns if column.role == "attributes"}
    made_of = {*referenced_columns, *file.checks.referenced_columns()} - (attributes - {*key})
    optional = tuple(dict.fromkeys((*layout.optional, *file.optional)))
    if unfit := [n for n in optional if n in made_of or n not in names]:
        raise ContractError(
            f"{publication.publication}: file {file_id} may only lack columns that are attributes,"
            f" or that no key and no check speaks of, and {unfit[0]!r} is none"
        )
    if file.checks.last_of and not {*file.checks.last_of.tables} <= {*publication.files}:
        raise ContractError(
            f"{publication.publication}: file {file_id} is the last of"
            f" {' or '.join(file.checks.last_of.tables)}, which is no file of the publication"
        )
    if len(key) < 2:
        raise ContractError(
            f"{publication.publication}: file {file_id} has a key of one column: name"
            " the period's too"
        )
    if file.dropped_rows and not reading.one_row_a_row:
        raise ContractError(
            f"{publication.publication}: file {file_id} drops rows by their number, which stands"
            " for several there: leave them out by its reading's `rows`"
        )
    return FileContract(
        publisher=publication.publisher,
        publication=publication.publication,
        file_id=file_id,
        title=file.title,
        table=table,
        names=tuple(file.names),
        reading=reading,
        columns=columns,
        optional=optional,
        ignored=(*layout.ignored, *file.ignored),
        key=tuple(dict.fromkeys(key)),
        labels=labels,
        constants={
            column: (value,) if isinstance(value, str) else tuple(value)
            for column, value in file.constants.items()
        },
        marks=tuple(layout.marks if file.marks is None else file.marks),
        statuses={**MARKS, **layout.statuses},
        flags=layout.flags,
        bounds=tuple(layout.bounds),
        period=period,
        period_type=file.period_type,
        area=area,
        published=file.published,
        years=file.years,
        councils=file.councils,
        dropped_rows=tuple(file.dropped_rows),
        row_count=file.row_count,
        succeeded_by=file.succeeded_by,
        more_councils=tuple(file.more_councils),
        checks=file.checks,
        notes=layout.notes,
    )


def _beside_others(reading: Reading, publication: PublicationDocument, file_id: str) -> Reading:
    """A reading of a workbook that knows which sheets are of other tables."""
    if reading.format != "workbook":
        return reading
    others = (
        of.reading.sheets for n, of in publication.files.items() if n != file_id and of.reading
    )
    of_others = tuple(dict.fromkeys(sheet for sheets in others for sheet in sheets))
    return reading.model_copy(update={"other_sheets": list(of_others)})


def _parse(path: Path, document: object, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ContractError(f"{path.name} is not a valid contract: {faults}") from error


def _digest_of(publication: PublicationDocument, *layouts: LayoutDocument) -> str:
    """Changes with what the documents say of how a file is read, not with their titles."""
    document = publication.model_dump(
        mode="json", exclude={"title", "landing_page", "live", "not_asked"}
    )
    for file in document["files"].values():
        del file["title"]
    shared = [
        layout.model_dump(mode="json", exclude={"description", "source"}) for layout in layouts
    ]
    return hashlib.sha256(json.dumps([document, *shared]).encode()).hexdigest()


@lru_cache(maxsize=8)
def load_contracts(folder: Path = FOLDER) -> dict[str, Publication]:
    """Every publication contract of a folder, by publication id, in order of id.

    Raises
    ------
    ContractError
        A file is not valid YAML, not a contract, or speaks of a column that it does not list.
    """
    layout_files = sorted((folder / "layouts").glob("*.yml"))
    files = sorted(folder.glob("*.yml"))
    if folder == FOLDER:
        documents = read_our_own("contracts", [*layout_files, *files])
    else:
        documents = {path: read_yaml(path) for path in (*layout_files, *files)}
    layouts: dict[str, LayoutDocument] = {
        path.stem: _parse(path, documents[path], LayoutDocument) for path in layout_files
    }
    contracts: dict[str, Publication] = {}
    for path in files:
        raw: PublicationDocument = _parse(path, documents[path], PublicationDocument)
        if raw.publication != path.stem:
            raise ContractError(f"{path.name} describes {raw.publication!r}: name it after that")
        for file_id, file in raw.files.items():
            if file.succeeded_by is not None and file.succeeded_by not in raw.files:
                raise ContractError(
                    f"{path.name}: {file_id} is succeeded by {file.succeeded_by!r}, no file of it"
                )
        laid_out = {file_id: file.layout or raw.layout for file_id, file in raw.files.items()}
        used = sorted({raw.layout, *laid_out.values()})
        for layout in used:
            if layout not in layouts:
                raise ContractError(f"{path.name}: no layout {layout!r} in publications/layouts")
        contracts[raw.publication] = Publication(
            publisher=raw.publisher,
            publication=raw.publication,
            title=raw.title,
            landing_page=raw.landing_page,
            frequency=raw.frequency,
            files=tuple(
                _file_contract(raw, layouts[laid_out[file_id]], file_id, file)
                for file_id, file in raw.files.items()
            ),
            unread=tuple(raw.unread),
            digest=_digest_of(raw, *(layouts[name] for name in used)),
            live=raw.live,
            not_asked=raw.not_asked,
        )
    return contracts
