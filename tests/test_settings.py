"""Settings: documented, passed on by the deployment, printed without a secret."""

from __future__ import annotations

import re

import pytest
import yaml
from conftest import PROJECT, command

from ingest.errors import CoreMeasuresError
from ingest.publishers import settings as publishers
from orchestration.settings import Settings

SECRET = "s3cr3t-Zx81-never-to-be-seen"


def documented() -> list[str]:
    text = (PROJECT / "docs" / "operate.md").read_text("utf-8")
    return re.findall(r"(?m)^\| `([A-Z_]+)` \|", text)


def test_a_setting_is_documented_nowhere_or_read_by_nothing() -> None:
    names = documented()
    assert len(names) == len(set(names))
    assert set(names) == set(Settings.variables())
    asked = {variable for variable, _ in publishers.ADDRESSES.values()}
    asked |= {publishers.ARCHIVE_ADDRESS, publishers.STAT_XPLORE_KEY, publishers.CONTACT}
    asked |= set(publishers.NUMBERS.values())
    assert asked <= set(names)


def test_a_documented_setting_does_not_reach_the_containers() -> None:
    compose = yaml.safe_load((PROJECT / "deploy" / "compose.yml").read_text("utf-8"))
    for service in ("code", "daemon", "webserver"):
        # What an init is told is none of ours.
        names = {
            name
            for name in compose["services"][service]["environment"]
            if not name.startswith("TINI_")
        }
        assert names == set(Settings.variables())


def test_a_secret_is_printed_or_a_setting_is_not() -> None:
    environment = {
        "CORE_MEASURES_WEBHOOK": f"https://example.org/{SECRET}",
        "CORE_MEASURES_MAIL_PASSWORD": SECRET,
        "DAGSTER_POSTGRES_PASSWORD": SECRET,
        "CORE_MEASURES_STAT_XPLORE_KEY": SECRET,
        "CORE_MEASURES_NIGHTLY": "30 4 * * *",
    }
    told = command("settings", environment=environment)
    assert told.returncode == 0, told.stderr
    assert SECRET not in told.stdout
    assert told.stdout.count("(set)") == 4
    lines = {line.split()[0]: line for line in told.stdout.splitlines() if line.strip()}
    assert set(Settings.variables()) <= set(lines)
    assert "30 4 * * *" in lines["CORE_MEASURES_NIGHTLY"]


def test_a_setting_that_makes_no_sense_is_taken() -> None:
    with pytest.raises(CoreMeasuresError, match="CORE_MEASURES_LOG: 'loud' cannot be used"):
        Settings.read({"CORE_MEASURES_LOG": "loud"})
    assert Settings.read({"CORE_MEASURES_LOG": "JSON"}).log == "json"
    # Set to nothing is not set.
    assert Settings.read({"CORE_MEASURES_NIGHTLY": ""}).nightly == "0 2 * * *"


def test_a_build_by_hand_may_take_other_memory_than_a_refresh_does() -> None:
    """dbt by hand reads no settings: its profile has what holds where a variable is not set."""
    profile = (PROJECT / "dbt_project" / "profiles.yml").read_text("utf-8")
    defaults = re.findall(r"env_var\('(CORE_MEASURES_BUILD_[A-Z]+)', '(\w+)'\)", profile)
    settings = Settings.read({})
    expected = {
        "CORE_MEASURES_BUILD_MEMORY": settings.build_memory,
        "CORE_MEASURES_BUILD_SPILL": settings.build_spill,
    }
    assert sorted(defaults) == sorted(2 * list(expected.items()))
