"""A package that is known to be vulnerable is told, also where no index can be reached."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT

from reliability import audit

LOCK = "requests==2.31.0 \\\n    --hash=sha256:00\npython-dateutil==2.9.0 ; python_version < '3'\n"


def advisory(name: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"id": "PYSEC-0", "summary": "Lets bad things in", "affected": [affected | more]}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (({"introduced": "0"}, {"fixed": "2.32.0"}), True),
        (({"introduced": "0"}, {"fixed": "2.31.0"}), False),
        (({"introduced": "2.32.0"},), False),
        (({"introduced": "0"}, {"last_affected": "2.31.0"}), True),
        (({"introduced": "0"}, {"last_affected": "2.30.0"}), False),
        (({"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "2.31"}, {"fixed": "2.33"}), True),
        (({"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "2.1"}, {"fixed": "2.9"}), False),
    ],
)
def test_a_version_in_a_range_passes_for_sound(
    events: tuple[dict[str, str], ...], told: bool
) -> None:
    found = list(audit.findings(audit.pins(LOCK), iter([advisory("Requests", *events)])))
    assert bool(found) is told
    assert all("requests 2.31.0: PYSEC-0: Lets bad things in" in str(one) for one in found)


def test_advisories_of_others_or_withdrawn_raise_an_alarm() -> None:
    everywhere = {"introduced": "0"}
    withdrawn = advisory("requests", everywhere) | {"withdrawn": "2024-01-01T00:00:00Z"}
    other = advisory("requests", everywhere, package={"ecosystem": "npm", "name": "requests"})
    none = [withdrawn, other, advisory("flask", everywhere)]
    assert list(audit.findings(audit.pins(LOCK), iter(none))) == []
    named = advisory("python.dateutil", versions=["2.9.0"], ranges=[])
    assert [f.package for f in audit.findings(audit.pins(LOCK), iter([named]))] == [
        "python-dateutil"
    ]


def test_the_packages_we_pin_are_not_looked_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pinned = audit.pins((PROJECT / "constraints.txt").read_text())
    assert {"duckdb", "dbt-core", "dagster", "great-expectations", "requests"} <= set(pinned)
    duckdb = advisory("duckdb", {"introduced": "0"})
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as kept:
        kept.writestr("PYSEC-0.json", json.dumps(duckdb))
    assert audit.main([str(packed)]) == 1
    assert "duckdb 1.5.5: PYSEC-0" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    assert audit.main([str(tmp_path / "empty")]) == 2
    assert audit.main([str(tmp_path / "absent.zip")]) == 2
