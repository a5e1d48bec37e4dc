"""How a refresh ended, in one screen for people and in one object for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration.refresh import HeldLoad, Refresh, Stock

# More rows than these would not be one screen.
_SHOWN = 12

Row = tuple[str, ...]


def as_document(work: Refresh, stock: Stock, changed: bool) -> dict[str, Any]:
    """The whole outcome: `outcome` is `published` or `unchanged`, `exit_code` as of the command."""
    return {
        "outcome": "published" if changed else "unchanged",
        "exit_code": 0 if stock.sound else 2,
        "releases_arrived": [release.path for release in work.arrived],
        "releases_held": len(stock.releases),
        "releases_not_brought_home": {p.path: p.reason for p in stock.problems},
        "loads": {
            "held": len(stock.loads),
            "admitted": sum(load.admitted for load in stock.loads),
            "accepted": [_named(load) for load in stock.accepted],
            "quarantined": [_named(load) for load in stock.quarantined],
            "rejected": [_named(load) for load in stock.rejected],
        },
        "changes": work.changes if changed else None,
        "seconds": work.watched.seconds,
        "warehouse": str(work.home.warehouse),
        "marts": str(work.home.published),
        "data_docs": str(work.home.quality / "index.html"),
        "site": str(work.home.site / "index.html") if work.home.site.is_dir() else None,
    }


def _named(load: HeldLoad) -> dict[str, Any]:
    release = load.load.release
    return {
        "release": release.path,
        "file": load.load.file.name,
        "reasons": [f"{check}. {check.explanation}" for check in load.reasons],
    }


def arrivals(work: Refresh, stock: Stock) -> list[Row]:
    """A row a publication that something came of, or was refused of: what, how many loads, why."""
    came: dict[str, list[str]] = {}
    for release in work.arrived:
        came.setdefault(release.publication, []).append(release.folder)
    rows: list[Row] = []
    for publication in work.contracts.values():
        name = publication.publication
        prefix = f"{publication.publisher}/{name}/"
        held = [load for r in stock.releases if r.publication is publication for load in r.loads]
        kept_out = [load for load in held if load.quarantined]
        refused = [p for p in stock.problems if p.path.startswith(prefix)]
        if not (name in came or kept_out or refused):
            continue
        why = [f"{load.load.file.name}: {check}" for load in kept_out for check in load.reasons[:1]]
        why += [problem.reason for problem in refused]
        admitted = f"{sum(load.admitted for load in held)} of {len(held)}"
        rows.append((name, _few(came.get(name, [])), admitted, "; ".join(why)))
    return rows


def figures(work: Refresh) -> list[Row]:
    """A row a measure whose figures are new, changed or gone; those revised most come first."""
    changed = (work.changes or {}).get("measures", {})
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
