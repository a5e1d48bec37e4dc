"""How long the site takes: all of it, after one changed measure, and until a reader sees a chart.

`python benchmarks/site.py HOME`, with a home that was refreshed; nothing in it changes. The first
chart is timed in Chromium, from the disk: from the click to the first paint, at which the charts of
the page are there, being part of it.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
_BUILD = """
import sys
from pathlib import Path
from warehouse.site import write_site
previous = Path(sys.argv[3]) if len(sys.argv) > 3 else None
report = write_site(Path(sys.argv[1]), Path(sys.argv[2]), previous)
print(report)
print(*report.written, sep="\\n")
"""
_PAINTED = """() => new Promise((resolve) => {
  const painted = () => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    if (paint) resolve(paint.startTime); else setTimeout(painted, 20);
  };
  painted();
})"""


def timed(*arguments: Path) -> tuple[float, list[str]]:
    """A build in a process of its own: seconds, and what it said."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return time.perf_counter() - began, lines


def first_paint(site: Path, page_name: str, chromium: str) -> float:
    """Milliseconds from the click to the first paint, the median of five windows."""
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{site.resolve().as_uri()}/{page_name}.html")
            found.append(page.evaluate(_PAINTED))
            page.close()
        browser.close()
    return sorted(found)[2]


def main() -> None:
    """Print the table for benchmarks/README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        warehouse = folder / "core_measures.duckdb"
        shutil.copy((arguments.home / "warehouse" / "core_measures.duckdb").resolve(), warehouse)
        whole, printed = timed(warehouse, folder / "one")
        with duckdb.connect(str(warehouse)) as con:
            count = con.execute(
                "select count(distinct (measure_id, series_id)), count(*)"
                " from marts.fct_core_measure"
            ).fetchone()
            # A correction of one council's figure: what a changed measure most often is.
            con.execute(
                "update marts.fct_core_measure set value = value + 1 where council_name = 'Leeds'"
                " and measure_id = 'repeat_referrals' and year = 2024"
            )
        one_figure, few = timed(warehouse, folder / "two", folder / "one")
        with duckdb.connect(str(warehouse)) as con:
            con.execute(
                "update marts.fct_core_measure set value = value + 1"
                " where measure_id = 'repeat_referrals'"
            )
        one_measure, many = timed(warehouse, folder / "three", folder / "two")
        paint = first_paint(folder / "one", "councils/leeds", arguments.chromium)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    series, figures = count or (0, 0)
    print(f"{series} series, {figures:,} figures; load before {load:.1f}; peak {peak:.0f} MiB")
    print()
    print("| scenario | wall s | |")
    print("|---|---|---|")
    print(f"| whole site | {whole:.1f} | {printed[0]} |")
    print(f"| one council's figure changed | {one_figure:.1f} | {', '.join(few[1:])} |")
    pages = sum(name.startswith("councils/") for name in many)
    print(
        f"| every figure of one measure changed | {one_measure:.1f} | {many[0]}, {pages} councils |"
    )
    print(f"| first chart from the disk | {paint / 1000:.2f} | |")
    print()
    print(f"whole site < 30 s: {'met' if whole < 30 else 'MISSED'}")
    print(f"first chart < 1 s: {'met' if paint < 1000 else 'MISSED'}")


if __name__ == "__main__":
    main()
