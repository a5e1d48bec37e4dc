"""Series of which no release is held: bringing a file in its documented layout is enough."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from conftest import PUBLISHED, needs_published, refreshed, rows

INJURIES = "Hospital admissions caused by unintentional and deliberate injuries in"
# Of the file held: its indicator's number, name and ages, and those of its siblings.
HELD = ("90284", f"{INJURIES} children (aged 0 to 14 years)", "<15 yrs")
SIBLINGS = {
    "90285": ("90285", f"{INJURIES} young people (aged 15-24 years)", "15-24 yrs"),
    # Its number is not known, and not asked for.
    "injuries-aged-0-to-4": ("1", f"{INJURIES} children (aged 0-4 years)", "0-4 yrs"),
}


@needs_published
def test_a_file_of_injuries_at_other_ages_is_brought_and_not_read(tmp_path: Path) -> None:
    (source,) = (PUBLISHED / "fingertips" / "90284" / "2025-06").glob("*.csv")
    release = json.loads((source.parent / "release.json").read_text())
    for publication, spelt in SIBLINGS.items():
        folder = tmp_path / "archive" / "fingertips" / publication / "2025-06"
        folder.mkdir(parents=True)
        text = source.read_text("utf-8")
        for held, one in zip(HELD, spelt, strict=True):
            text = text.replace(f"{held},", f"{one},")
        content = text.encode()
        (folder / source.name).write_bytes(content)
        told = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        document = release | {
            "publication": publication,
            "files": [release["files"][0] | told],
        }
        (folder / "release.json").write_text(json.dumps(document))
    outcome = refreshed(tmp_path / "home", tmp_path / "archive")
    assert outcome.returncode == 0, outcome.stderr
    held_now = rows(
        tmp_path / "home",
        "select series_id, publication, count(*) > 1000, max(unit) from marts.fct_core_measure"
        " where value is not null group by all order by all",
    )
    assert held_now == [
        ("age_0_to_4", "injuries-aged-0-to-4", True, "per 10,000"),
        ("age_15_to_24", "90285", True, "per 10,000"),
    ]
