"""The README does what it says: its answers, its links, its commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT, command

DOCUMENTS = sorted(
    path.relative_to(PROJECT)
    for path in PROJECT.rglob("*.md")
    if not any(part.startswith(".") for part in path.relative_to(PROJECT).parts)
)


def test_an_answer_in_the_readme_is_stale(sample_home: Path) -> None:
    outcome = subprocess.run(
        [sys.executable, "scripts/readme_examples.py", str(sample_home), "--check"],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stdout.startswith("5 answers, fresh")


def heading_anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_a_link_leads_nowhere(document: Path) -> None:
    text = (PROJECT / document).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (PROJECT / document).parent / path if path else PROJECT / document
        assert linked.exists(), f"{document}: {target}"
        if anchor:
            assert anchor in heading_anchors(linked.read_text("utf-8")), f"{document}: {target}"


def test_a_command_of_the_readme_is_not_there() -> None:
    text = (PROJECT / "README.md").read_text("utf-8")
    calls = set(re.findall(r"core-measures ([a-z]+)", text))
    assert {"refresh", "status", "show", "sql", "revisions"} <= calls
    for call in calls:
        assert command(call, "--help").returncode == 0, call
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    documents = text + (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    for target in set(re.findall(r"(?:^|`)make ([a-z]+)", documents, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_readme_counts_other_measures_than_there_are(sample_home: Path) -> None:
    from conftest import rows

    text = (PROJECT / "README.md").read_text("utf-8")
    ((measures,),) = rows(sample_home, "select count(*) from marts.dim_measure")
    assert f"{measures} of the 28 measures" in text
