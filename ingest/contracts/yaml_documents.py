"""YAML that people write, read so that whatever is wrong with it ends in one sentence.

What a document may say is for who reads it: contracts and corrections.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from ingest.errors import ContractError
from ingest.user_cache import keep_for_all, kept_for_all

# Ours have some ten thousand; a document of this length is none of ours.
_MOST_BYTES = 1 << 20
# Ours are nested some ten deep.
_DEEPEST = 100
# Where documents are kept, the file; in it, the key of a day, which JSON has no word for.
_KEPT, _DAY = "documents.json", "\0day"


# libyaml's, ten times as fast, where PyYAML was built with it, as its wheels are.
SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _parsed(text: str, *, aliases: bool) -> object:
    """YAML, with aliases or not: nested, a few lines of them stand for more than memory holds.

    libyaml follows what is nested by calls within calls, and ends the process where it goes on:
    how deep it is is told by its events, which come one by one.
    """
    depth = 0
    for event in yaml.parse(text, SafeLoader):
        if isinstance(event, yaml.AliasEvent) and not aliases:
            raise yaml.YAMLError("aliases (`*name`) are not read")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise RecursionError
    return yaml.load(text, SafeLoader)  # noqa: S506  # a safe loader, either way


def read_yaml(path: Path) -> object:
    """What a YAML file says.

    Raises
    ------
    ContractError
        It is not UTF-8 text, not valid YAML, or longer or deeper than a person would write.
    """
    return _document(path.name, path.read_bytes(), aliases=False)


def _document(name: str, data: bytes, *, aliases: bool) -> object:
    try:
        if len(data) > _MOST_BYTES:
            raise ContractError(f"{name} is not valid YAML: it has {len(data):,} bytes")
        return _parsed(data.decode("utf-8"), aliases=aliases)
    except RecursionError as error:
        raise ContractError(f"{name} is not valid YAML: it is nested too deep") from error
    # Beside its own errors the library lets through those of int(), date() and their like.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise ContractError(f"{name} is not valid YAML: {error}") from error


def read_our_own(kind: str, paths: Iterable[Path], *, aliases: bool = False) -> dict[Path, object]:
    """What YAML files of the project's say, each as `read_yaml` reads it, or with its `aliases`.

    Every command reads them, and they change with the project alone: what they said is kept for all
    homes of a user as `kind`, by the bytes of all of them, and is read from there in a tenth of the
    time.

    Raises
    ------
    ContractError
        One of them is not to be read.
    """
    files = {path: path.read_bytes() for path in sorted(paths)}
    read_by = (yaml.__version__, SafeLoader.__name__, aliases, Path(__file__).read_text("utf-8"))
    digest = hashlib.sha256(repr(read_by).encode())
    for data in files.values():
        digest.update(hashlib.sha256(data).digest())
    kept = kept_for_all(kind, digest.hexdigest())
    if kept is not None:
        documents = _out_of_json(kept[_KEPT])
    else:
        documents = [_document(path.name, data, aliases=aliases) for path, data in files.items()]
        if (text := _as_json(documents)) is not None:
            keep_for_all(kind, digest.hexdigest(), {_KEPT: text})
    return dict(zip(files, documents, strict=True))


def _as_json(documents: list[object]) -> bytes | None:
    """None where JSON would say something else, as of a key that is no text."""
    try:
        data = json.dumps(documents, default=_as_day).encode()
        return data if _out_of_json(data) == documents else None
    except (TypeError, ValueError, RecursionError):
        return None


def _out_of_json(data: bytes) -> list[object]:
    documents: list[object] = json.loads(data, object_hook=_day_of)
    return documents


def _as_day(value: object) -> dict[str, str]:
    if type(value) is not date:
        raise TypeError
    return {_DAY: value.isoformat()}


def _day_of(found: dict[str, Any]) -> Any:
    return date.fromisoformat(found[_DAY]) if _DAY in found else found
