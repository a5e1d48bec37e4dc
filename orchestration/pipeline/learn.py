"""What `learn` does: write down what a release was read by, so that next year it is a name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ingest.contracts.contract import FileContract
from ingest.contracts.load import FOLDER
from ingest.errors import CoreMeasuresError
from ingest.reading.recognise import Understanding
from orchestration.pipeline.decide import release_held
from orchestration.pipeline.inventory import take_inventory
from warehouse.serve.home import Home


def learn(home: Home, publication: str, release: str) -> tuple[Path, list[str]]:
    """Add the names and labels that a release's admitted loads were read by to its contract.

    Returns the contract's file, and a sentence for each name.

    Raises
    ------
    CoreMeasuresError
        There is no such release, it was read by known names alone, or its contract's file cannot
        be written.
    """
    inventory = take_inventory(home)
    held = release_held(inventory, publication, release, None)
    entries: list[dict[str, Any]] = []
    sentences: list[str] = []
    for load in held.loads:
        if load.verdict is None or load.verdict.understanding is None or not load.admitted:
            continue
        contract = load.load.contract
        columns, labels = _news(contract, load.verdict.understanding)
        if not columns and not labels:
            continue
        entry: dict[str, Any] = {"file": contract.file_id, "release": held.release.release}
        entry |= {"columns": columns} if columns else {}
        entry |= {"labels": labels} if labels else {}
        entries.append(entry)
        sentences += [f"{contract.file_id}: {n} is {names[0]!r}" for n, names in columns.items()]
        sentences += [
            f"{contract.file_id}: {n} {label!r} is {spelt[0]!r}"
            for n, of in labels.items()
            for label, spelt in of.items()
        ]
    if not entries:
        raise CoreMeasuresError(
            f"Nothing to learn: what is admitted of {held.release} was read by names that its"
            " contract has."
        )
    path = FOLDER / f"{publication}.yml"
    try:
        text = path.read_text("utf-8").rstrip("\n")
        head = "" if "\nlearned:" in text else "\n# Written by core-measures learn.\nlearned:"
        added = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=95)
        indented = "".join(f"  {line}\n" for line in added.splitlines())
        path.write_text(f"{text}{head}\n{indented}", "utf-8")
    except OSError as error:
        raise CoreMeasuresError(f"{path} cannot be written: {error.strerror}.") from error
    return path, sentences


def _news(
    contract: FileContract, how: Understanding
) -> tuple[dict[str, list[str]], dict[str, dict[str, list[str]]]]:
    """The names and labels that the contract has not got.

    A name that it knows as another column's would tell neither by then, and is left to figures.
    """
    known = {name for column in contract.columns for name in column.published_as}
    decided = {name for name in contract.decided if "/" not in name}
    columns = {
        name: [published]
        for name, published in how.columns.items()
        if published not in known or name in decided
    }
    labels: dict[str, dict[str, list[str]]] = {}
    for name, spelt in how.labels.items():
        if name == contract.period.column:
            continue
        for printed, label in spelt.items():
            if printed not in contract.labels.get(name, {}).get(label, []):
                labels.setdefault(name, {}).setdefault(label, []).append(printed)
    return columns, labels
