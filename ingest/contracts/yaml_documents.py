"""YAML that people write, read so that whatever is wrong with it ends in one sentence.

What a document may say is for who reads it: contracts and corrections.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from ingest.errors import ContractError

# Ours have some ten thousand; a document of this length is none of ours.
_MOST_BYTES = 1 << 20
# Ours are nested some ten deep.
_DEEPEST = 100


# libyaml's, ten times as fast, where PyYAML was built with it, as its wheels are.
SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _parsed(text: str) -> object:
    """YAML without aliases: nested, a few lines of them stand for more than memory holds.

    libyaml follows what is nested by calls within calls, and ends the process where it goes on:
    how deep it is is told by its events, which come one by one.
    """
    depth = 0
    for event in yaml.parse(text, SafeLoader):
        if isinstance(event, yaml.AliasEvent):
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
    try:
        data = path.read_bytes()
        if len(data) > _MOST_BYTES:
            raise ContractError(f"{path.name} is not valid YAML: it has {len(data):,} bytes")
        return _parsed(data.decode("utf-8"))
    except RecursionError as error:
        raise ContractError(f"{path.name} is not valid YAML: it is nested too deep") from error
    # Beside its own errors the library lets through those of int(), date() and their like.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise ContractError(f"{path.name} is not valid YAML: {error}") from error
