"""How a refresh ended, in one screen for people and in one object for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.archive.release import Release
    from orchestration.pipeline.inventory import HeldLoad, Inventory
    from warehouse.serve.home import Home

# More rows than these would not be one screen.
_SHOWN = 12

Row = tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """How a refresh ended: what is held and what came, and what a new build changed, if any.

    `seconds` is by stage.
    """

    home: Home
    inventory: Inventory
    arrived: tuple[Release, ...]
    changes: dict[str, Any] | None
    seconds: dict[str, float]

    @property
    def changed(self) -> bool:
        """Whether a new build was swapped in."""
        return self.changes is not None

    @property
    def exit_code(self) -> int:
        """0 where nothing waits for a person, else 2."""
        return 0 if self.inventory.sound else 2


def as_document(ended: Outcome) -> dict[str, Any]:
    """The whole outcome: `outcome` is `published` or `unchanged`, `exit_code` as of the command."""
    home, inventory = ended.home, ended.inventory
    return {
        "outcome": "published" if ended.changed else "unchanged",
        "exit_code": ended.exit_code,
        "releases_arrived": [release.path for release in ended.arrived],
        "releases_held": len(inventory.releases),
        "releases_not_brought_home": {p.path: p.reason for p in inventory.problems},
        "releases_incomplete": {
            held.release.path: held.lacks for held in ended.inventory.incomplete
        },
        "loads": {
            "held": len(inventory.loads),
            "admitted": sum(load.admitted for load in inventory.loads),
            "accepted": [_named(load) for load in inventory.accepted],
            "refused": [_named(load) for load in inventory.refused],
            "rejected": [_named(load) for load in inventory.rejected],
        },
        "changes": ended.changes,
        "seconds": ended.seconds,
        "warehouse": str(home.warehouse),
        "marts": str(home.published),
        "data_docs": str(home.quality / "index.html"),
        "site": str(home.site / "index.html") if home.site.is_dir() else None,
    }


def _named(load: HeldLoad) -> dict[str, Any]:
    release = load.load.release
    return {
        "release": release.path,
        "file": load.load.file.name,
        "reasons": [f"{check}. {check.explanation}" for check in load.reasons],
    }


def arrivals(ended: Outcome) -> list[Row]:
    """A row a publication that something came of, or was refused of: what, how many loads, why."""
    inventory = ended.inventory
    came: dict[str, list[str]] = {}
    for release in ended.arrived:
        came.setdefault(release.publication, []).append(release.folder)
    rows: list[Row] = []
    for publication in inventory.contracts.values():
        name = publication.publication
        held = [load for release in inventory.of(publication) for load in release.loads]
        kept_out = [load for load in held if load.refused]
        refused = inventory.problems_of(publication)
        lacking = [release for release in inventory.of(publication) if release.incomplete]
        if not (name in came or kept_out or refused or lacking):
            continue
        why = [f"{load.load.file.name}: {check}" for load in kept_out for check in load.reasons[:1]]
        why += [problem.reason for problem in refused]
        why += [f"{release}: {release.lacks}" for release in lacking]
        admitted = f"{sum(load.admitted for load in held)} of {len(held)}"
        rows.append((name, _few(came.get(name, [])), admitted, "; ".join(why)))
    return rows


def figures(changes: dict[str, Any]) -> list[Row]:
    """A row a measure whose figures are new, changed or gone; those revised most come first."""
    changed = changes.get("measures", {})
    ordered = sorted(
        changed.items(),
        key=lambda one: (-one[1]["gone"], -one[1]["changed"], -one[1]["new"], one[0]),
    )
    rows = [(m, *(f"{c[kind]:,}" for kind in ("new", "changed", "gone"))) for m, c in ordered]
    if len(rows) <= _SHOWN:
        return rows
    rest = ordered[_SHOWN - 1 :]
    sums = (f"{sum(c[kind] for _, c in rest):,}" for kind in ("new", "changed", "gone"))
    return [*rows[: _SHOWN - 1], (f"{len(rest)} more", *sums)]


def _few(names: list[str]) -> str:
    if len(names) <= 3:
        return ", ".join(names)
    return f"{len(names)} releases, {names[0]} to {names[-1]}"
