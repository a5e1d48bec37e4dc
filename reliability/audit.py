"""Known vulnerabilities of what the constraints pin, looked up in advisories kept on disk.

    python -m reliability.audit ADVISORIES [--constraints FILE]...

`ADVISORIES` is a folder of advisories in the Open Source Vulnerability format, or the zip of them
that osv.dev publishes for PyPI (`PyPI/all.zip`), carried to a machine that reaches no index. The
format: https://ossf.github.io/osv-schema/. Ends with 1 if a pinned version is affected, and with 2
if there is nothing to look it up in.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")


@dataclass(frozen=True, order=True)
class Finding:
    """A pinned package that an advisory speaks of."""

    package: str
    version: str
    advisory: str
    fixed: str
    summary: str

    def __str__(self) -> str:
        fixed = f"; fixed in {self.fixed}" if self.fixed else "; no fix is known"
        return f"{self.package} {self.version}: {self.advisory}: {self.summary}{fixed}"


def pins(text: str) -> dict[str, set[str]]:
    """The versions of each package in constraints files; more than one where markers differ."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        if pin := _PIN.match(line):
            found.setdefault(canonicalize_name(pin[1]), set()).add(pin[2])
    return found


def advisories(where: Path) -> Iterator[dict[str, Any]]:
    """The advisories of a folder or a zip."""
    if where.is_dir():
        for path in sorted(where.rglob("*.json")):
            yield json.loads(path.read_bytes())
        return
    with zipfile.ZipFile(where) as packed:
        for name in sorted(packed.namelist()):
            if name.endswith(".json"):
                yield json.loads(packed.read(name))


def findings(pinned: dict[str, set[str]], known: Iterator[dict[str, Any]]) -> Iterator[Finding]:
    """Each advisory, not withdrawn, that affects a pinned version."""
    for advisory in known:
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", []):
            package = affected.get("package", {})
            if package.get("ecosystem") != "PyPI":
                continue
            name = canonicalize_name(package.get("name", ""))
            for version in pinned.get(name, ()):
                if is_affected(version, affected):
                    yield Finding(
                        name,
                        version,
                        str(advisory.get("id")),
                        ", ".join(_fixes(affected)),
                        str(advisory.get("summary") or advisory.get("details", ""))[:120],
                    )


def is_affected(version: str, affected: dict[str, Any]) -> bool:
    """Whether a version is named, or lies in a range, by the order of the schema's evaluation."""
    if version in affected.get("versions", []):
        return True
    try:
        own = Version(version)
    except InvalidVersion:
        return False
    for span in affected.get("ranges", []):
        if span.get("type") != "ECOSYSTEM":
            continue
        inside = False
        for kind, bound in sorted(_events(span), key=lambda event: event[1]):
            if kind == "introduced" and own >= bound:
                inside = True
            elif (kind == "fixed" and own >= bound) or (kind == "last_affected" and own > bound):
                inside = False
        if inside:
            return True
    return False


def _events(span: dict[str, Any]) -> Iterator[tuple[str, Version]]:
    for event in span.get("events", []):
        for kind, bound in event.items():
            # A nought stands for before every version.
            yield kind, Version("0.dev0" if bound == "0" else bound)


def _fixes(affected: dict[str, Any]) -> list[str]:
    return [
        event["fixed"]
        for span in affected.get("ranges", [])
        if span.get("type") == "ECOSYSTEM"
        for event in span.get("events", [])
        if "fixed" in event
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Look every pin up, and tell what is affected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("advisories", type=Path)
    parser.add_argument(
        "--constraints", type=Path, nargs="+", default=sorted(ROOT.glob("constraints*.txt"))
    )
    given = parser.parse_args(arguments)
    pinned = pins("\n".join(path.read_text("utf-8") for path in given.constraints))
    if not pinned or not given.advisories.exists():
        lists = ", ".join(map(str, given.constraints))
        print(f"Nothing to look up, or nowhere to: {lists}, {given.advisories}")
        return 2
    known = list(advisories(given.advisories))
    if not known:
        print(f"No advisories in {given.advisories}")
        return 2
    found = sorted(set(findings(pinned, iter(known))))
    for finding in found:
        print(finding)
    print(f"{len(pinned)} packages, {len(known):,} advisories, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
