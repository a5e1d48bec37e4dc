"""The sample's statistical neighbours: who is whose, as published, laid out in their files again.

Apart from the figures, since a neighbour is none: `neighbours.csv` has a line a release and
council, `neighbours.yml` the releases, both written by `scripts/write_sample.py`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ingest.sample.figures import SampleRelease, read_releases
from ingest.sample.layout import COUNCILS, LAYOUT_NOTE, write_file, write_release

FOLDER = Path(__file__).parent
NEIGHBOURS = FOLDER / "neighbours.csv"
RELEASES = FOLDER / "neighbours.yml"
PLACES = range(1, 11)


@dataclass(frozen=True)
class Printed:
    """How a release prints its councils: its columns for code and name, and for each neighbour."""

    name: str
    title: str
    code: str
    council: str
    place: str

    def header(self) -> list[str]:
        """The columns that are laid out, in the published order."""
        return [self.code, self.council, *(self.place.format(place) for place in PLACES)]


PRINTED = {
    "2021": Printed(
        name="New_Statistical_Neighbour_Groupings_April_2021.csv",
        title="Groupings, April 2021",
        code="LA num",
        council="LA Name",
        place="SN{}",
    ),
    "2025": Printed(
        name="sn_model_2025_wide.csv",
        title="Groupings, 2025",
        code="old_la_code",
        council="la_name",
        place="SN_{}",
    ),
}

Groups = dict[str, list[tuple[str, list[str]]]]
"""By release: each council's DfE code and its neighbours', nearest first, in the file's order."""


def read_neighbours(path: Path = NEIGHBOURS) -> Groups:
    """The sample's groups."""
    found: Groups = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["release"], []).append(
                (row["dfe_code"], row["neighbours"].split())
            )
    return found


def neighbours_in(path: Path, printed: Printed) -> list[tuple[str, list[str]]]:
    """The groups of a file as published; lines without a council's code are notes."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        header = next(lines)
        at = [header.index(name) for name in printed.header() if name != printed.council]
        rows = [[line[position].strip() for position in at] for line in lines]
    return [(code, ten) for code, *ten in rows if code.isdigit()]


def write_neighbours(groups: Groups, path: Path = NEIGHBOURS) -> None:
    """Write groups to CSV: a line a release and council, neighbours separated by spaces."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["release", "dfe_code", "neighbours"])
        for release, councils in sorted(groups.items()):
            writer.writerows([release, code, " ".join(ten)] for code, ten in councils)


def lay_out_neighbours(destination: Path, councils: Path = COUNCILS) -> Path:
    """Add the releases to an archive that was laid out; the same bytes every time."""
    with councils.open(encoding="utf-8", newline="") as file:
        names = {row["dfe_code"]: row["council_name"] for row in csv.DictReader(file)}
    groups = read_neighbours()
    for release in read_releases(RELEASES):
        printed = PRINTED[release.release]
        lines = [printed.header()]
        lines += [[code, names[code], *ten] for code, ten in groups[release.release]]
        _write(destination / release.path, release, printed, lines)
    return destination


def _write(
    folder: Path, release: SampleRelease, printed: Printed, lines: Iterable[list[str]]
) -> None:
    folder.mkdir(parents=True)
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    described = release.model_dump(mode="json", exclude_none=True, exclude={"like"})
    described["layout"] = LAYOUT_NOTE
    content = text.getvalue().encode("utf-8")
    described["files"] = [write_file(folder, printed.name, printed.title, content)]
    write_release(folder, described)
