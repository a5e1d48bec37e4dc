"""What a refresh leaves for a monitor: a textfile as Prometheus' node exporter collects it.

Times are those of the last refresh of this home, by command or by Dagster. Nothing listens on a
port: a file that is replaced at once is all there is. prometheus_client would be a dependency for
one function of ten lines: what it is for, counting in a process that stays, does not happen here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from datetime import time as clock
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.archive.release import in_order
from ingest.archive.writing import write_whole
from orchestration.settings import Settings
from warehouse.serve.home import Home

if TYPE_CHECKING:
    from orchestration.pipeline.inventory import Inventory

FILE = "core_measures.prom"
_SUCCESS = "core_measures_last_success_timestamp_seconds"

Sample = tuple[Mapping[str, str], float]


def metrics_file(home: Home) -> Path:
    """`<home>/metrics/core_measures.prom`, or in the folder that `CORE_MEASURES_METRICS` names."""
    return (Settings.read().metrics or home.root / "metrics") / FILE


def write_metrics(home: Home, seconds: Mapping[str, float], inventory: Inventory | None) -> None:
    """Write the metrics of a refresh that has ended: its seconds by step, and what is held.

    One that failed has no inventory, and keeps the time of the last success.
    """
    path = metrics_file(home)
    now = time.time()
    success = now if inventory is not None else _last_success(path)
    families: list[tuple[str, str, list[Sample]]] = [
        (
            "core_measures_last_attempt_timestamp_seconds",
            "When a refresh last ended, well or not.",
            [({}, now)],
        ),
        (
            _SUCCESS,
            "When a refresh last ended with what is held being served.",
            [({}, success)] if success else [],
        ),
        (
            "core_measures_step_seconds",
            "How long each step of the last refresh took.",
            [({"step": step}, spent) for step, spent in seconds.items()],
        ),
    ]
    if inventory is not None:
        families += _of_inventory(inventory)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, "".join(_family(*family) for family in families).encode())
    # Node exporter may run as somebody else.
    path.chmod(0o644)


def _of_inventory(inventory: Inventory) -> list[tuple[str, str, list[Sample]]]:
    states = {
        "admitted": sum(load.admitted and not load.accepted for load in inventory.loads),
        "accepted": len(inventory.accepted),
        "refused": len(inventory.refused),
        "rejected": len(inventory.rejected),
    }
    newest: list[Sample] = []
    expected: list[Sample] = []
    for publication in inventory.contracts.values():
        labels = {"publisher": publication.publisher, "publication": publication.publication}
        held = [r.release for r in inventory.of(publication)]
        if held:
            day = datetime.combine(in_order(held)[-1].published, clock(), UTC)
            newest.append((labels, day.timestamp()))
        expected.append((labels, float(len(held))))
    return [
        (
            "core_measures_loads",
            "Loads held, by what became of them.",
            [({"state": state}, float(count)) for state, count in states.items()],
        ),
        (
            "core_measures_releases_incomplete",
            "Releases that lack what the release before had, or of which nothing is read.",
            [({}, float(len(inventory.incomplete)))],
        ),
        (
            "core_measures_releases_not_brought_home",
            "Releases that are not what their release.json says.",
            [({}, float(len(inventory.problems)))],
        ),
        (
            "core_measures_releases_held",
            "Releases held of each publication.",
            expected,
        ),
        (
            "core_measures_newest_release_timestamp_seconds",
            "Day of publication of the newest release held; time() less this is the lag.",
            newest,
        ),
    ]


def _family(name: str, description: str, samples: list[Sample]) -> str:
    if not samples:
        return ""
    lines = [f"# HELP {name} {description}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{shown}}} {value:.10g}" if shown else f"{name} {value:.10g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _last_success(path: Path) -> float | None:
    try:
        found = re.search(rf"^{_SUCCESS} (\S+)$", path.read_text("utf-8"), re.MULTILINE)
        return float(found[1]) if found else None
    except (OSError, ValueError):
        return None
