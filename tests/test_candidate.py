"""A candidate is served as what it was built from, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.pipeline.build import NotPublishedError, standing_candidate
from orchestration.pipeline.inventory import take_inventory
from warehouse.serve.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "home")
    place.prepare()
    return place


def stands(home: Home, digest: str) -> None:
    """A candidate that an earlier run left, built from what has this digest."""
    home.candidate.write_bytes(b"a warehouse")
    home.candidate_record.write_text(json.dumps({"digest": digest}))


def test_a_warehouse_built_before_a_decision_is_served_after_it(home: Home) -> None:
    inventory = take_inventory(home)
    stands(home, "of other loads")
    with pytest.raises(NotPublishedError, match="other loads, decisions or code than today's"):
        standing_candidate(home, inventory)
    assert not home.candidate.exists(), "nobody finds it again"
    assert not home.candidate_record.exists()


def test_publishing_before_anything_is_built_ends_in_a_traceback(home: Home) -> None:
    with pytest.raises(NotPublishedError, match=r"no warehouse has been built\. Build first: core"):
        standing_candidate(home, take_inventory(home))


def test_a_warehouse_that_was_not_finished_is_taken_for_one(home: Home) -> None:
    home.candidate.write_bytes(b"half a warehouse")
    with pytest.raises(NotPublishedError, match="no warehouse has been built"):
        standing_candidate(home, take_inventory(home))
    assert not home.candidate.exists()


def test_a_warehouse_of_today_is_built_twice(home: Home) -> None:
    inventory = take_inventory(home)
    stands(home, inventory.digest)
    assert standing_candidate(home, inventory).inventory is inventory
    # What a run of its own left standing survives the sweep at the start of the next.
    home.sweep(keep_candidate=True)
    assert home.candidate.exists()
    home.sweep()
    assert not home.candidate.exists()
