"""What `accept` and `reject` do: find the loads meant, and put on record who decided what, and why.

Nothing is built here: a decision is part of what a build is made from, so that the next refresh
sees it and builds anew.
"""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from expectations.results.decisions import (
    NOT_TO_BE_ACCEPTED,
    Decision,
    Kind,
    one_line,
    way_out,
)
from ingest.errors import CoreMeasuresError
from orchestration.pipeline.inventory import (
    WHOLE_RELEASE,
    HeldLoad,
    HeldRelease,
    Inventory,
    is_served,
    release_digest,
    take_inventory,
)
from warehouse.reports.nearest import near, unknown_publication
from warehouse.serve.home import Home


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
    table: str | None = None,
    reads: Sequence[str] = (),
) -> list[tuple[HeldLoad | HeldRelease, Decision]]:
    """Record a decision on the loads of a release that it changes, and return them.

    Of a release all loads are meant, or those of `file`, or the one of `table`, a file's id in its
    contract; of its versions the newest, or `version`, which `release` may also name as its folder
    does: `2024+2`. `reads` say what is to be read from what, as `ours=theirs`. Call with the home's
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
    held = release_held(inventory, publication, release, version)
    # A release that lacks something is decided on as a whole, with its loads.
    of_all = file is None and table is None and not reads
    whole = bool(held.lacks) and of_all and not (held.decision and kind == "accepted")
    loads = [] if whole and not held.loads else _loads(held, file, table)
    read_from: dict[str, str] = {}
    if reads:
        loads, read_from = _to_read(loads, reads)
        meant = loads
    elif kind == "accepted":
        _refuse_unacceptable(loads)
        meant = [load for load in loads if not load.admitted]
    else:
        meant = [load for load in loads if not load.rejected]
    if not meant and not whole:
        named = ", ".join(str(load.load) for load in loads)
        raise CoreMeasuresError(
            f"Nothing to do: {named}: {_already(kind, loads, served=is_served(home, inventory))}."
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    of_file = Counter(load.load.file.name for load in held.loads)
    decided = [
        Decision(
            decision=kind,
            file=load.load.file.name,
            sha256=load.load.file.sha256,
            by=who,
            at=now,
            reason=why,
            # What fails for want of a column is looked at again, by what was said of it.
            checks=_failed(load) if kind == "accepted" and not read_from else (),
            table=load.load.contract.file_id if of_file[load.load.file.name] > 1 else "",
            reads=read_from,
        )
        for load in meant
    ]
    on_it: list[tuple[HeldLoad | HeldRelease, Decision]] = [*zip(meant, decided, strict=True)]
    if whole:
        decision = Decision(
            decision=kind,
            file=WHOLE_RELEASE,
            sha256=release_digest(held.release),
            by=who,
            at=now,
            reason=why,
            checks=(held.completeness.subject,) if kind == "accepted" else (),
        )
        on_it.append((held, decision))
    home.archive.record_decisions(held.release, [decision.to_dict() for _, decision in on_it])
    return on_it


def _to_read(loads: list[HeldLoad], reads: Sequence[str]) -> tuple[list[HeldLoad], dict[str, str]]:
    """The one load that is meant, and the contract's columns with what they are read from."""
    if len(loads) > 1:
        unread = [load for load in loads if any(check.name == "columns" for check in load.reasons)]
        loads = unread if len(unread) == 1 else loads
    if len(loads) > 1:
        tables = ", ".join(load.load.contract.file_id for load in loads)
        raise CoreMeasuresError(
            f"Say of which table --read speaks, by --table. There are: {tables}."
        )
    columns = loads[0].load.contract.column_names
    read_from: dict[str, str] = {}
    for read in reads:
        ours, sign, theirs = read.partition("=")
        if ours.partition("/")[0] not in columns and theirs.partition("/")[0] in columns:
            ours, theirs = theirs, ours
        if not (sign and ours and theirs) or ours.partition("/")[0] not in columns:
            raise CoreMeasuresError(
                f"--read {read!r} names no column of {loads[0].load.contract.file_id}: write one of"
                f" {', '.join(columns)}, an equals sign, and the published name."
            )
        read_from[ours] = theirs
    return loads, read_from


def _already(kind: Kind, loads: list[HeldLoad], *, served: bool) -> str:
    """Why there is nothing to decide, and what is still to come of what was decided before."""
    if kind == "rejected":
        return "rejected already" + ("" if served else "; the next refresh takes it out")
    if any(load.accepted for load in loads):
        return "accepted already" + ("" if served else "; the next refresh serves it")
    return "admitted already"


def release_held(
    inventory: Inventory, publication: str, release: str, version: int | None
) -> HeldRelease:
    """A release that is held, by its name or its folder's; the newest version, or one of them.

    Raises
    ------
    CoreMeasuresError
        There is none, and which are near.
    """
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


def _loads(held: HeldRelease, file: str | None, table: str | None) -> list[HeldLoad]:
    if not held.loads:
        raise CoreMeasuresError(
            f"No file of {held.release} is read, so there is none to decide on."
        )
    found = [load for load in held.loads if file in (None, load.load.file.name)]
    if not found:
        names = [load.load.file.name for load in held.loads]
        raise CoreMeasuresError(
            f"No file {file!r} in {held.release} is read.{near(str(file), names)}"
        )
    of_table = [load for load in found if table in (None, load.load.contract.file_id)]
    if not of_table:
        tables = list(dict.fromkeys(load.load.contract.file_id for load in found))
        raise CoreMeasuresError(
            f"No table {table!r} in {held.release} is read.{near(str(table), tables)}"
        )
    return of_table


def _refuse_unacceptable(loads: list[HeldLoad]) -> None:
    for load in loads:
        if load.verdict is None:
            raise CoreMeasuresError(
                f"{load.load} has not been checked by today's contract. Run core-measures refresh,"
                " see what its checks say, and accept it then."
            )
        for check in load.verdict.reasons:
            if why := NOT_TO_BE_ACCEPTED.get(check.name):
                alone = (
                    " Accept the release's others by --file or --table." if len(loads) > 1 else ""
                )
                raise CoreMeasuresError(
                    f"{load.load} cannot be accepted: {why} ({check}).{alone}"
                    f" {way_out(load.load, check)}"
                )


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
