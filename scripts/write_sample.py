"""Write the sample: real published figures, in the project's own table, from an archive.

    python scripts/write_sample.py [ARCHIVE]

Reads every release that `ingest/sample/layouts.yml` knows and writes `figures.parquet` and
`releases.yml` beside it, the statistical neighbours with their releases, and the cuts of the
releases that `ingest/sample/cuts.yml` names. The same archive gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ingest.contracts.load import load_contracts  # noqa: E402
from ingest.sample.cuts import (  # noqa: E402
    CUTS,
    CutFile,
    CutRelease,
    Sheet,
    cut,
    wanted_releases,
    write_cut_releases,
    write_cuts,
)
from ingest.sample.figures import (  # noqa: E402
    FIGURES,
    RELEASES,
    SampleRelease,
    figures_in,
    write_figures,
    write_releases,
)
from ingest.sample.layouts import end_year, layouts  # noqa: E402
from ingest.sample.neighbours import (  # noqa: E402
    PRINTED,
    Groups,
    neighbours_in,
    write_neighbours,
)
from ingest.sample.neighbours import RELEASES as NEIGHBOURS_RELEASES  # noqa: E402


def read_archive(archive: Path) -> tuple[pa.Table, list[SampleRelease]]:
    """Every figure and release of an archive that a layout is known for.

    Raises
    ------
    ValueError
        A file is not named, titled or laid out as its layout says.
    """
    tables: list[pa.Table] = []
    releases: dict[str, SampleRelease] = {}
    with duckdb.connect() as con:
        for (publication, release, file), layout in sorted(layouts().items()):
            (folder,) = archive.glob(f"*/{publication}/{release}")
            document = json.loads((folder / "release.json").read_text("utf-8"))
            metadata = SampleRelease.model_validate(
                {key: document[key] for key in SampleRelease.model_fields if key in document}
            )
            releases[metadata.path] = metadata
            for published in document["files"]:
                if published["title"] != layout.title:
                    continue
                head = {
                    "publication": publication,
                    "release": release,
                    "version": metadata.version,
                    "file": file,
                }
                table = figures_in(con, folder / published["name"], layout, head)
                years = [end_year(period) for period in table["period"].unique().to_pylist()]
                expected = layout.file_name(min(years), max(years))
                if expected != published["name"]:
                    raise ValueError(f"{published['name']} is named {expected} in its layout")
                tables.append(table)
                break
            else:
                raise ValueError(f"{folder} has no file titled {layout.title!r}")
    return pa.concat_tables(tables), list(releases.values())


def read_models(archive: Path) -> tuple[Groups, list[SampleRelease]]:
    """Every model of statistical neighbours, with its release."""
    groups: Groups = {}
    releases: list[SampleRelease] = []
    for name, printed in PRINTED.items():
        folder = archive / "dfe" / "statistical-neighbours" / name
        document = json.loads((folder / "release.json").read_text("utf-8"))
        releases.append(
            SampleRelease.model_validate(
                {key: document[key] for key in SampleRelease.model_fields if key in document}
            )
        )
        groups[name] = neighbours_in(folder / printed.name, printed)
    return groups, releases


def read_files_to_cut(
    archive: Path, wanted: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[Sheet]], list[CutRelease]]:
    """What the sample keeps of each file that is cut, by publication, and their releases.

    Raises
    ------
    ValueError
        A release is not in the archive, or no contract reads any file of it.
    """
    sheets: dict[str, list[Sheet]] = {}
    releases: list[CutRelease] = []
    contracts = load_contracts()
    for name, folders in wanted.items():
        publication = contracts[name]
        for folder in folders:
            (place,) = archive.glob(f"*/{name}/{folder}")
            document = json.loads((place / "release.json").read_text("utf-8"))
            fields = {key: document[key] for key in SampleRelease.model_fields if key in document}
            release = SampleRelease.model_validate(fields)
            files: list[CutFile] = []
            for published in document["files"]:
                read_by = publication.file_for(published["name"], release.published)
                if read_by:
                    files.append(CutFile(name=published["name"], title=published["title"]))
                data = (place / published["name"]).read_bytes() if read_by else b""
                for sheet, rows in cut(data, read_by):
                    found = Sheet(folder, published["name"], sheet, rows)
                    sheets.setdefault(name, []).append(found)
            if not files:
                raise ValueError(f"No file of {place} is read by its contract")
            releases.append(CutRelease(**fields, files=tuple(files)))
    return sheets, releases


def main() -> None:
    """Read the archive that the command names, and write the sample."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "archive", nargs="?", type=Path, default=ROOT.parent / "shared" / "published"
    )
    archive = parser.parse_args().archive
    figures, releases = read_archive(archive)
    write_figures(figures)
    write_releases(releases)
    groups, models = read_models(archive)
    write_neighbours(groups)
    write_releases(models, NEIGHBOURS_RELEASES, of="neighbours")
    cuts, cut_releases = read_files_to_cut(archive, wanted_releases())
    write_cuts(cuts)
    write_cut_releases(cut_releases)
    size = sum(path.stat().st_size for path in CUTS.iterdir())
    print(f"{CUTS.relative_to(ROOT)}: {len(cut_releases)} releases, {size / 1024:,.0f} KiB")
    print(
        f"{FIGURES.relative_to(ROOT)}: {figures.num_rows:,} figures,"
        f" {FIGURES.stat().st_size / 1024:,.0f} KiB; {RELEASES.relative_to(ROOT)}:"
        f" {len(releases)} releases"
    )


if __name__ == "__main__":
    main()
