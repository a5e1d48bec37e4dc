"""Take the picture of the asset graph: `docs/asset-graph.png`.

    python scripts/asset_graph.py [--chromium PATH]

Refreshes a home of its own from the sample, serves it with Dagster on a free port of this
machine, and photographs the lineage page: by group, then with groups unfolded. All unfolded at
once is no picture: Dagster lays that out sixteen thousand pixels tall.
"""

from __future__ import annotations

import argparse
import base64
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "asset-graph.png"
# Each part of the picture: its caption, the groups unfolded in it, and how many pixels one of
# the graph's own units takes. The last part stands beside the others.
PARTS = (
    ("By group", (), 0.88),
    ("Marts unfolded", ("seeds", "intermediate", "marts", "published"), 0.6),
    ("Measures unfolded", ("measures",), 0.6),
)
LARGEST = 400_000
SECONDS_TO_START = 90

BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# As a reader would set the page: names alone on the nodes, left to right, no greetings.
SETTINGS = """
    localStorage.setItem('communityNux', '"1"');
    localStorage.setItem('asset-node-facets', '[]');
    localStorage.setItem('asset-graph-direction', '"horizontal"');
    localStorage.setItem('large-screen-nav-open', 'false');
"""
GRAPH = "svg[class*='AssetGraphExplorer_svgContainer']"
# Without the dots behind the graph and the buttons over it.
PLAIN = """
    div:has(> div > svg[class*='AssetGraphExplorer_svgContainer']) {
        background: white !important;
    }
    svg[class*='AssetGraphExplorer_svgContainer'] { overflow: visible; }
"""
# Where each node, group and edge stands on the page.
BOXES = """
    graph => [...document.querySelectorAll(`${graph} foreignObject, ${graph} path`)]
        .map(part => part.getBoundingClientRect())
        .filter(box => box.width > 0)
        .map(box => [box.left, box.top, box.right, box.bottom])
"""
# What the page has around the graph: navigation and the list of groups, title and search.
AROUND = (541, 52)
MARGIN = (60, 170)


@contextmanager
def served(home: Path, dagster_home: Path) -> Iterator[str]:
    """Dagster's pages for a home just refreshed from the sample; their address."""
    dagster_home.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "CORE_MEASURES_HOME": str(home),
        "DAGSTER_HOME": str(dagster_home),
        "DAGSTER_TELEMETRY_ENABLED": "false",
    }
    # Exit code 2 says that something was refused, which the sample must not have.
    subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "refresh", "--from", "sample"],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (dagster_home / "webserver.log").open("w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "dagster_webserver", "-w", "workspace.yaml"),
                *("-h", "127.0.0.1", "-p", str(port)),
            ],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_for(f"{address}/server_info", server)
            yield address
        finally:
            stop(server)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Until the server answers; it or its time may end first."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"Dagster's webserver does not answer at {address}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and the code server that it started."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(timeout=15)
    except subprocess.TimeoutExpired:
        server.terminate()
    try:
        os.killpg(server.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    server.wait()


def open_graph(page: Page, address: str, groups: tuple[str, ...]) -> None:
    """The lineage page with these groups unfolded, every asset's state there."""
    query = urlencode({"expanded": ",".join(f"global@global:{group}" for group in groups)})
    page.goto(f"{address}/asset-groups?{query}")
    page.wait_for_selector(GRAPH, timeout=60_000)
    page.wait_for_function("!document.body.innerText.includes('fetching statuses')", timeout=60_000)
    page.add_style_tag(content=PLAIN)
    page.wait_for_timeout(5_000)  # states arrive one request after another


def photograph(browser: Browser, address: str, groups: tuple[str, ...], scale: float) -> bytes:
    """The whole graph and nothing around it."""
    page = browser.new_page(viewport={"width": 2400, "height": 1500}, bypass_csp=True)
    page.add_init_script(SETTINGS)
    open_graph(page, address, groups)
    graph = page.locator(GRAPH)
    width, height = (float(graph.get_attribute(name) or 0) for name in ("width", "height"))
    # Dagster fits the graph to the window as it opens: give it the window that fits the scale.
    page.set_viewport_size(
        {
            "width": math.ceil(width * scale) + AROUND[0] + 2 * MARGIN[0],
            "height": math.ceil(height * scale) + AROUND[1] + 2 * MARGIN[1],
        }
    )
    open_graph(page, address, groups)
    boxes = page.evaluate(BOXES, GRAPH)
    left, top = (min(box[i] for box in boxes) - 10 for i in (0, 1))
    right, bottom = (max(box[i] for box in boxes) + 10 for i in (2, 3))
    clip: FloatRect = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    picture = page.screenshot(clip=clip)
    page.close()
    return picture


def compose(browser: Browser, parts: list[tuple[str, bytes]]) -> bytes:
    """The parts below their captions, the last beside the others."""
    *left, right = [
        f"<h1>{caption}</h1><img src='data:image/png;base64,{base64.b64encode(png).decode()}'>"
        for caption, png in parts
    ]
    page = browser.new_page(viewport={"width": 600, "height": 400})
    page.set_content(
        "<!doctype html><style>"
        " body { margin: 0; padding: 24px; width: max-content; background: white;"
        " display: flex; gap: 60px } img { display: block; margin-bottom: 30px }"
        " h1 { font: 600 28px sans-serif; margin: 12px 10px }</style>"
        f"<div>{''.join(left)}</div><div>{right}</div>"
    )
    page.wait_for_function("[...document.images].every(image => image.complete)")
    picture = page.locator("body").screenshot()
    page.close()
    return picture


def main() -> None:
    """Refresh, serve, photograph, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--chromium",
        default=shutil.which("chromium"),
        help="a browser (default: the system's chromium, else playwright's own)",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="core-measures-graph-") as folder:
        work = Path(folder)
        with served(work / "home", work / "dagster") as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=options.chromium, args=list(BROWSER_ARGUMENTS)
            )
            parts = [
                (caption, photograph(browser, address, groups, scale))
                for caption, groups, scale in PARTS
            ]
            picture = compose(browser, parts)
            browser.close()
    if len(picture) > LARGEST:
        raise SystemExit(f"The picture takes {len(picture):,} bytes, more than {LARGEST:,}.")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_bytes(picture)
    print(f"{PICTURE.relative_to(ROOT)}: {len(picture):,} bytes")


if __name__ == "__main__":
    main()
