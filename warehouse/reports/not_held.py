"""Series of which nothing is held, without DuckDB: to open it takes longer than to answer."""

from __future__ import annotations

import csv

from warehouse.serve.home import Home


def series_not_held(home: Home) -> list[tuple[str, str]]:
    """Each series that no release held has, and why; none where nothing is served yet."""
    try:
        with (home.published / "dim_series.csv").open(encoding="utf-8", newline="") as file:
            return sorted(
                (f"{row['measure_id']}.{row['series_id']}", row["not_held_because"])
                for row in csv.DictReader(file)
                if row["not_held_because"]
            )
    except (OSError, KeyError, ValueError, csv.Error):
        # Nothing is served, it was built before series said so, or somebody damaged the file: it is
        # for the next refresh to mend, and `status` answers all the same.
        return []
