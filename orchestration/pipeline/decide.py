"""What `accept` and `reject` do: find the loads meant, and put on record who decided what, and why.

Nothing is built here: a decision is part of what a build is made from, so that the next refresh
sees it and builds anew.
"""

from __future__ import annotations

import getpass
from datetime import UTC, datetime

from expectations.results.decisions import NOT_TO_BE_ACCEPTED, Decision, Kind, one_line
from ingest.errors import CoreMeasuresError
from orchestration.pipeline.inventory import (
    HeldLoad,
    HeldRelease,
    Inventory,
    is_served,
    take_inventory,
)
from warehouse.home import Home
from warehouse.reports.nearest import near, unknown_publication


def decide(
    home: Home,
    kind: Kind,
    publication: str,
    release: str,
    *,
    reason: str,
    by: str | None = None,
    file: str | None = None,
    version: int | None = None,
) -> list[tuple[HeldLoad, Decision]]:
    """Record a decision on the loads of a release that it changes, and return them.

    Of a release all loads are meant, or the one of `file`; of its versions the newest, or
    `version`, which `release` may also name as its folder does: `2024+2`. Call with the home's
    lock held.

    Raises
    ------
    CoreMeasuresError
        Nothing was recorded: no such load, nothing to decide, no reason or name given, or a load
        is meant that nobody can accept.
    """
    why = one_line(reason)
    who = one_line(by) if by is not None else _user()
    if not why:
        raise CoreMeasuresError('Say why: --reason "…" must not be blank.')
    if not who:
        raise CoreMeasuresError("Say who decides: --by must not be blank.")
    inventory = take_inventory(home)
    held = _release(inventory, publication, release, version)
    loads = _loads(held, file)
    if kind == "accepted":
        _refuse_unacceptable(loads)
        meant = [load for load in loads if not load.admitted]
    else:
        meant = [load for load in loads if not load.rejected]
    if not meant:
        named = ", ".join(str(load.load) for load in loads)
        raise CoreMeasuresError(
            f"Nothing to do: {named}: {_already(kind, loads, served=is_served(home, inventory))}."
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    # A decision is on a file: on all the tables of it that are meant, and what failed in any.
    files = list(dict.fromkeys((load.load.file.name, load.load.file.sha256) for load in meant))
    failed = {
        name: tuple(
            dict.fromkeys(c for load in meant if load.load.file.name == name for c in _failed(load))
        )
        for name, _ in files
    }
    decided = {
        name: Decision(
            decision=kind,
            file=name,
            sha256=sha256,
            by=who,
            at=now,
            reason=why,
            checks=failed[name] if kind == "accepted" else (),
        )
        for name, sha256 in files
    }
    home.archive.record_decisions(held.release, [d.to_dict() for d in decided.values()])
    return [(load, decided[load.load.file.name]) for load in meant]


def _already(kind: Kind, loads: list[HeldLoad], *, served: bool) -> str:
    """Why there is nothing to decide, and what is still to come of what was decided before."""
    if kind == "rejected":
        return "rejected already" + ("" if served else "; the next refresh takes it out")
    if any(load.accepted for load in loads):
        return "accepted already" + ("" if served else "; the next refresh serves it")
    return "admitted already"


def _release(
    inventory: Inventory, publication: str, release: str, version: int | None
) -> HeldRelease:
    contracts = inventory.contracts
    if publication not in contracts:
        raise CoreMeasuresError(unknown_publication(publication, sorted(contracts)))
    held = inventory.of(contracts[publication])
    names = list(dict.fromkeys(found.release.release for found in held))
    if version is None and release not in names:
        name, _, number = release.rpartition("+")
        if name in names and number.isdecimal():
            release, version = name, int(number)
    versions = [found for found in held if found.release.release == release]
    if not versions:
        raise CoreMeasuresError(
            f"No release {release!r} of {publication} is held.{near(release, names)}"
        )
    if version is None:
        # Held in the order of vintages.
        return versions[-1]
    for found in versions:
        if found.release.version == version:
            return found
    known = ", ".join(str(found.release.version) for found in versions)
    raise CoreMeasuresError(
        f"No version {version} of {publication} {release} is held. Held: {known}."
    )


def _loads(held: HeldRelease, file: str | None) -> list[HeldLoad]:
    if not held.loads:
        raise CoreMeasuresError(
            f"No file of {held.release} is read, so there is none to decide on."
        )
    if file is None:
        return list(held.loads)
    found = [load for load in held.loads if load.load.file.name == file]
    if not found:
        names = [load.load.file.name for load in held.loads]
        raise CoreMeasuresError(f"No file {file!r} in {held.release} is read.{near(file, names)}")
    return found


def _refuse_unacceptable(loads: list[HeldLoad]) -> None:
    for load in loads:
        if load.verdict is None:
            raise CoreMeasuresError(
                f"{load.load} has not been checked by today's contract. Run core-measures refresh,"
                " see what its checks say, and accept it then."
            )
        for check in load.verdict.reasons:
            if why := NOT_TO_BE_ACCEPTED.get(check.name):
                alone = " Accept the release's other files by --file." if len(loads) > 1 else ""
                raise CoreMeasuresError(f"{load.load} cannot be accepted: {why} ({check}).{alone}")


def _failed(load: HeldLoad) -> tuple[str, ...]:
    reasons = load.verdict.reasons if load.verdict else ()
    return tuple(dict.fromkeys(check.subject for check in reasons))


def _user() -> str:
    try:
        return one_line(getpass.getuser())
    except (OSError, KeyError) as error:
        raise CoreMeasuresError(
            "This machine does not say who you are: name yourself by --by."
        ) from error
