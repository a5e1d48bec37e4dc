"""How many requests and how long a nightly run with nothing new takes, every publisher slow.

    python benchmarks/nightly.py [--latency 0.1] [--runs 3]

The publishers are the tests' stand-ins, on this machine, serving the sample; each answer is held
back. Politeness is as by default. See `benchmarks/README.md`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from standins import Server, Shelf  # noqa: E402
from standins.ees import Ees  # noqa: E402
from standins.fingertips import Fingertips  # noqa: E402

from ingest.contracts.load import load_contracts  # noqa: E402
from ingest.publishers.settings import Settings  # noqa: E402
from ingest.sample import lay_out  # noqa: E402
from orchestration.pipeline.collect import collect  # noqa: E402
from orchestration.pipeline.source import LIVE  # noqa: E402
from warehouse.serve.home import Home  # noqa: E402

WAITING_SECONDS = 3.0
REQUESTS_EACH = 2.0


def command(home: Path, environment: dict[str, str], only: list[str]) -> float:
    """A refresh in a process of its own: its seconds."""
    started = time.perf_counter()
    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "orchestration.cli", "refresh", "--home", str(home)),
            *(option for publication in only for option in ("--only", publication)),
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode != 0:
        sys.exit(outcome.stdout + outcome.stderr)
    return time.perf_counter() - started


def asking(home: Path, only: list[str]) -> float:
    """Asking alone, in this process: its seconds, which are all but waiting."""
    started = time.perf_counter()
    if collect(Home(home), LIVE, only=only):
        sys.exit("Something was new.")
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.1, help="seconds before each answer")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        sample = lay_out(Path(folder) / "sample")
        home = Path(folder) / "home"
        servers = [
            stack.enter_context(Server(Ees(Shelf.of(sample, "ees")))),
            stack.enter_context(Server(Fingertips(Shelf.of(sample, "fingertips")))),
        ]
        environment = {
            "CORE_MEASURES_EES_URL": f"{servers[0].base}/api",
            "CORE_MEASURES_FINGERTIPS_URL": f"{servers[1].base}/api",
        }
        os.environ.update(environment)
        policy = Settings.from_environment().policy
        # Of these two platforms the sample has every publication.
        asked = [
            p.publication
            for p in load_contracts().values()
            if p.live is not None and p.live.platform in {"ees", "fingertips"}
        ]
        first = command(home, environment, asked)
        for server in servers:
            server.latency = options.latency
        walls, waits, requests = [], [], []
        for _ in range(options.runs):
            for server in servers:
                server.requests.clear()
                server.most_at_once = 0
            walls.append(command(home, environment, asked))
            requests.append(sum(server.asked() for server in servers))
            waits.append(asking(home, asked))
        most = max(server.most_at_once for server in servers)
    wait, each = statistics.median(waits), statistics.median(requests) / len(asked)
    print(
        f"{len(asked)} publications, 2 hosts, {options.latency * 1000:.0f} ms before each answer;"
        f" at most {policy.connections} connections and {policy.per_second:.0f} requests a second"
        " a host\n"
    )
    print("| | |\n|---|---|")
    print(f"| first night, no latency, s | {first:.1f} |")
    print(f"| requests of a night with nothing new | {statistics.median(requests):.0f} |")
    print(f"| most at once on one host | {most} |")
    print(f"| asking, s | {wait:.2f} |")
    print(f"| the whole command, s | {statistics.median(walls):.2f} |\n")
    print("| aim | found | |\n|---|---|---|")
    met = "met" if each <= REQUESTS_EACH else "MISSED"
    print(f"| one or two requests a publication | {each:.1f} | {met} |")
    met = "met" if wait <= WAITING_SECONDS else "MISSED"
    print(f"| asking <= {WAITING_SECONDS:.0f} s | {wait:.2f} s | {met} |")


if __name__ == "__main__":
    main()
