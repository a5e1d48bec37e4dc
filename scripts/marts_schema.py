"""The marts as consumers rely on them: names, columns, types and versions, kept for comparison.

`python scripts/marts_schema.py HOME` writes `docs/consumers/marts.json`; with `--check` it changes
nothing and exits 1 where a mart breaks what is written there. A column that goes or changes its
type, and a mart that goes, break it, unless the mart's version in its YAML was raised. What is
added breaks nobody, and is to be written down.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from warehouse.query import query

KEPT = Path(__file__).resolve().parents[1] / "docs" / "consumers" / "marts.json"

Schema = dict[str, dict[str, Any]]


def schema_of(home: Path) -> Schema:
    """Each published mart: its version and its columns with their types."""
    package = json.loads((home / "published" / "latest" / "datapackage.json").read_bytes())
    versions = {one["name"]: one.get("version") for one in package["resources"]}
    found: Schema = {}
    for table, column, kind in query(
        home / "warehouse" / "core_measures.duckdb",
        "select table_name, column_name, data_type from duckdb_columns()"
        " where schema_name = 'marts' and table_name in (select unnest(?))"
        " order by table_name, column_index",
        [sorted(versions)],
    ).rows:
        version = versions[table]
        mart = found.setdefault(table, {"version": int(version) if version else None})
        mart.setdefault("columns", {})[column] = kind
    return found


def broken(kept: Schema, now: Schema) -> list[str]:
    """What a consumer of the marts as kept would stumble over."""
    faults = []
    for name, mart in kept.items():
        if name not in now:
            faults.append(f"{name} is gone")
            continue
        if (now[name]["version"] or 0) > (mart["version"] or 0):
            continue
        columns = now[name]["columns"]
        for column, kind in mart["columns"].items():
            if column not in columns:
                faults.append(f"{name}.{column} is gone, and its version is {now[name]['version']}")
            elif columns[column] != kind:
                faults.append(
                    f"{name}.{column} was {kind} and is {columns[column]},"
                    f" and its version is {now[name]['version']}"
                )
    return faults


def main() -> int:
    """Write or check the marts' schema."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="a home refreshed from the sample")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if broken")
    arguments = parser.parse_args()
    now = schema_of(arguments.home)
    kept: Schema = json.loads(KEPT.read_bytes()) if KEPT.exists() else {}
    faults = broken(kept, now)
    for fault in faults:
        print(f"Breaks who reads it: {fault}. Raise the mart's version, or leave it.")
    if arguments.check:
        fresh = kept == now
        print(f"{len(now)} marts, {'as written' if fresh else 'not as written: make examples'}")
        return int(bool(faults) or not fresh)
    if faults:
        return 1
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(now, indent=1) + "\n", "utf-8")
    print(f"{len(now)} marts written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
