"""Writing the site of a build: every page, its figures to download, scripts and style.

A file whose bytes are those of the site before is not written again: it becomes a second name of
the same file. So a build after one changed measure touches only the pages that tell of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from ingest.archive.writing import sync_folder
from ingest.beside import Beside, Here
from ingest.errors import CoreMeasuresError, HomeError
from ingest.user_cache import keep_for_all, kept_for_all
from warehouse.connection import SETTINGS
from warehouse.serve.home import Home
from warehouse.site.marts import Marts

if TYPE_CHECKING:
    from warehouse.site.pages import Half, Pages

SITE = "site"
# Beside the marts, where somebody had it made.
DBT_DOCS = "dbt_docs.html"
_STATIC = Path(__file__).parent / "static"
# Vega, Vega-Lite and Vega-Embed with all that they need, as the wheel of vl-convert carries them:
# pinned by our constraints like everything else, and no second package registry is asked. Built in
# a process of its own, which gives its 100 MB back, while the pages are written; into a file, since
# it would wait, with its memory, for somebody to read from a pipe. It takes seconds, and is one for
# all homes.
_BUNDLE = """
import sys, vl_convert
sys.stdout.reconfigure(encoding="utf-8")
sys.stdout.write("(()=>{" + vl_convert.javascript_bundle() + "})();\\n")
"""
_BUNDLE_LICENCE = """\
/* Vega, Vega-Lite and Vega-Embed, (c) University of Washington Interactive Data Lab and
contributors, under the BSD 3-Clause licence; D3, (c) Mike Bostock, under the ISC licence.
As carried by vl-convert-python {version}. */
"""
_SCRIPT = "vega.js"


class SiteError(CoreMeasuresError):
    """The pages could not be made."""


@dataclass
class SiteReport:
    """What became of the site's files."""

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    bytes: int = 0

    def __add__(self, other: SiteReport) -> SiteReport:
        """Of what two wrote into one folder."""
        return SiteReport(
            self.written + other.written,
            self.unchanged + other.unchanged,
            self.bytes + other.bytes,
        )

    def __str__(self) -> str:
        total = len(self.written) + len(self.unchanged)
        return f"{total} files, {self.bytes / 1e6:.0f} MB: {len(self.written)} new or changed"


class _Writer:
    """Puts files into a folder, without a second copy of those that the site before has."""

    def __init__(self, folder: Path, previous: Path | None) -> None:
        self._folder = folder
        self._previous = previous
        self._made: set[Path] = set()
        self.report = SiteReport()

    def put(self, name: str, content: bytes) -> None:
        """Have a file with this content."""
        target = self._target(name)
        self.report.bytes += len(content)
        before = self._previous / name if self._previous else None
        if before is not None and _same(before, content):
            _link(before, target)
            self.report.unchanged.append(name)
        else:
            target.write_bytes(content)
            self.report.written.append(name)

    def _target(self, name: str) -> Path:
        target = self._folder / name
        if target.parent not in self._made:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(target.parent)
        return target


def _same(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())  # a file system without links of this kind


def write_site(
    warehouse: Path, folder: Path, previous: Path | None = None, processes: int = 1
) -> SiteReport:
    """Write the site of a warehouse's marts into `folder`, which is made.

    `previous` is the site before, whose unchanged files are taken over. With several processes half
    of it is written by a copy of this one, made when what both halves tell has been read.

    Raises
    ------
    SiteError
        The chart scripts could not be put together.
    """
    from warehouse.site.pages import Pages

    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(folder, previous)
    script = f"assets/vega-{version('vl-convert-python')}.js"
    before = previous / script if previous else None
    with ExitStack() as under_way:
        if before is not None and before.is_file():
            bundled = before.read_bytes
        elif kept := kept_for_all(*_scripts()):
            bundled = partial(kept.__getitem__, _SCRIPT)
        else:
            bundling = _Bundling()
            under_way.callback(bundling.stop)
            bundled = bundling.script
        with duckdb.connect(str(warehouse), read_only=True, config=SETTINGS) as con:
            marts = Marts(con)
            pages = Pages(marts, script, DBT_DOCS if (folder.parent / DBT_DOCS).is_file() else "")
            pages.read()
        # While no connection is open: DuckDB's threads are not in a copy, and neither are Arrow's,
        # which the second half has no use for.
        half = (_write_half, pages, "second", folder, previous)
        second = Beside(*half, forked=True) if processes > 1 else Here(*half)
        under_way.callback(second.stop)
        with duckdb.connect(str(warehouse), read_only=True, config=SETTINGS) as con:
            marts.ask(con)
            first = _write_half(pages, "first", folder, previous)
            for path, content in _downloads(con, marts):
                writer.put(path, content)
        for static in sorted(_STATIC.iterdir()):
            writer.put(f"assets/{static.name}", static.read_bytes())
        writer.put(script, bundled())
        return first + second.result() + writer.report


def _write_half(pages: Pages, half: Half, folder: Path, previous: Path | None) -> SiteReport:
    writer = _Writer(folder, previous)
    for page, text in pages.half(half):
        writer.put(page, text.encode())
    return writer.report


def renew_site(home: Home) -> SiteReport:
    """Make the site of the served build anew. Call with the home's lock held.

    Raises
    ------
    HomeError
        Nothing is served yet.
    SiteError
        The pages could not be made; those that were there stay.
    """
    if home.build_record() is None:
        raise HomeError(f"Nothing is served in {home.root} yet. Run: core-measures refresh")
    marts = home.published.resolve()
    for leftover in marts.glob(f".{SITE}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    site, fresh, gone = marts / SITE, marts / f".{SITE}-new", marts / f".{SITE}-gone"
    try:
        report = write_site(home.warehouse.resolve(), fresh, site if site.is_dir() else None)
        for path in (*fresh.rglob("*"), fresh):
            sync_folder(path)
        if site.is_dir():
            site.rename(gone)
        fresh.rename(site)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(gone, ignore_errors=True)
    return report


def _scripts() -> tuple[str, str]:
    """What the chart scripts are kept as: a kind, and what they are made of."""
    key = "\n".join([version("vl-convert-python"), _BUNDLE, _BUNDLE_LICENCE])
    return "charts", key


class _Bundling:
    """The chart scripts, being put together by a process of their own."""

    def __init__(self) -> None:
        self._script = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `stop`
        self._process = subprocess.Popen(  # noqa: S603  # nosec B603
            [sys.executable, "-I", "-c", _BUNDLE], stdout=self._script, stderr=subprocess.PIPE
        )

    def script(self) -> bytes:
        """The scripts as one, under their licence, once they are there.

        Raises
        ------
        SiteError
            They could not be put together.
        """
        _, stderr = self._process.communicate()
        if self._process.returncode:
            last = stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise SiteError(f"vl-convert could not put the chart scripts together: {last[0]}")
        self._script.seek(0)
        licence = _BUNDLE_LICENCE.format(version=version("vl-convert-python"))
        script = licence.encode() + self._script.read()
        keep_for_all(*_scripts(), {_SCRIPT: script})
        return script

    def stop(self) -> None:
        """Let go of the process and of what it wrote."""
        self._script.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _downloads(con: duckdb.DuckDBPyConnection, marts: Marts) -> Iterator[tuple[str, bytes]]:
    """Each measure's and each council's figures as CSV at its page's address, as in the mart."""
    from warehouse.publish.marts import csv_line

    names, line = csv_line(con, "fct_core_measure")
    slugs = [(code, council.slug) for council in marts.councils for code in council.codes]
    con.register(
        "slugs",
        pa.table(
            {
                "code": pa.array([code for code, _ in slugs], pa.string()),
                "slug": pa.array([slug for _, slug in slugs], pa.string()),
            }
        ),
    )
    # Of both kinds at once: most of the time goes into making the lines.
    of_measures = {measure.measure_id: [names] for measure in marts.measures}
    of_councils = {council.slug: [names] for council in marts.councils}
    con.execute(
        f"select measure_id, slug, {line} from marts.fct_core_measure inner join slugs"
        " on code = council_code order by measure_id, series_id, council_code, period_end,"
        " period_start, period_type"
    )
    for measure, slug, row in _rows(con):
        of_measures[measure].append(row)
        of_councils[slug].append(row)
    for folder, lines_of in (("measures", of_measures), ("councils", of_councils)):
        for key, lines in lines_of.items():
            yield f"{folder}/{key}.csv", "\n".join([*lines, ""]).encode()


def _rows(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str, str]]:
    while rows := con.fetchmany(5000):
        yield from rows
