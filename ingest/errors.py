"""The errors a user may meet, each one clear sentence and what to do about it."""

import re


class CoreMeasuresError(Exception):
    """Anything a user can act on. The command prints its message, not a traceback."""


class ArchiveError(CoreMeasuresError):
    """An archive, or a release in it, is not what it says it is."""


class FetchError(ArchiveError):
    """A source cannot be reached for now. Trying again later may help."""


class PublisherError(CoreMeasuresError):
    """A publisher does not answer, or not with what it should. Only its publication suffers."""


class ContractError(CoreMeasuresError):
    """A file under `ingest/publications/` or `ingest/corrections/` is not valid."""


class ReadError(CoreMeasuresError):
    """A published file cannot be read into rows, or not with its contract's columns."""


class HomeError(CoreMeasuresError):
    """The home folder cannot be used: not writable, in use, or not there."""


def without_credentials(text: str) -> str:
    """A message whose addresses say where, and not who asks or with what key."""
    return re.sub(r"\?[^\s'\"]*", "", re.sub(r"//[^/\s]*@", "//", text))


def with_causes(error: BaseException) -> list[BaseException]:
    """An error and what lies behind it, one behind another."""
    found: list[BaseException] = []
    one: BaseException | None = error
    # A library that hands errors about may leave each as the cause of the other.
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found
