"""The four steps of a refresh, each told as it begins: what `growth.py` watches from outside.

    python benchmarks/stages.py ARCHIVE HOME

One JSON object a line on standard output; the last has what is held in the end.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ingest.contracts.load import load_contracts
from orchestration.pipeline.build import build
from orchestration.pipeline.check import check
from orchestration.pipeline.collect import collect
from orchestration.pipeline.publish import publish
from warehouse.serve.home import Home


def tell(**document: object) -> None:
    # On a line of its own: DuckDB may have drawn how far it is.
    print(f"\n{json.dumps(document)}", flush=True)


def main(archive: str, folder: str) -> None:
    home = Home(Path(folder))
    home.prepare()
    contracts = load_contracts()
    tell(stage="collect")
    collect(home, archive, contracts)
    tell(stage="check")
    inventory = check(home, contracts)
    tell(stage="build")
    candidate = build(home, inventory)
    tell(stage="publish")
    publish(home, candidate)
    tell(
        releases=len(inventory.releases),
        loads=len(inventory.loads),
        admitted=sum(load.admitted for load in inventory.loads),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
