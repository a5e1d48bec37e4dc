"""Every publication kept under its date, and what each changed: `published/index.json`.

`published/latest` moves on with each build. A dated folder beside it does not: the same files, by
another name, so that a figure once quoted can be looked up as it stood. Pages are not kept: they
are made from the marts, and can be again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.archive.writing import sync_folder, write_whole
from warehouse.connection import SETTINGS, sql_name, sql_text
from warehouse.serve.home import Home

if TYPE_CHECKING:
    import duckdb

# Long enough to see what a correction in a publisher's busy week changed; a figure of any month of
# the two last years, and of any year, can be looked up for good.
DAYS_ALL, MONTHS_EACH = 31, 24
RULE = (
    f"Every publication of the last {DAYS_ALL} days, the last of each month for {MONTHS_EACH}"
    " months, the last of each year for good."
)
_KEY = "measure_id, series_id, council_code, period_type, period_start, period_end"
_COMPARED = "value, value_as_published, status, status_symbol"
# A list longer than this is for the marts themselves: revisions tells each figure.
_LISTED = 200


def changes(before: Path | None, marts: Path) -> dict[str, Any]:
    """What marts in one folder say that those in another did not.

    By measure: figures that are new, that changed (value, cell or status) and that are gone. By
    mart: rows before and after, columns added and taken away. Releases that came and went.
    """
    import duckdb

    after = _tables(marts)
    held = _tables(before) if before is not None else {}
    record: dict[str, Any] = {"first": not held, "marts": {}, "measures": {}, "releases": {}}
    with duckdb.connect(config=SETTINGS) as con:
        columns = {
            name: (_columns(con, held.get(name)), _columns(con, after.get(name)))
            for name in sorted({*held, *after})
        }
        for name, (old, new) in columns.items():
            record["marts"][name] = {
                "rows_before": _rows(con, held.get(name)),
                "rows": _rows(con, after.get(name)),
                "columns_added": sorted(set(new) - set(old)) if old else [],
                "columns_removed": sorted(set(old) - set(new)) if new else sorted(old),
                "columns_retyped": sorted(c for c in set(old) & set(new) if old[c] != new[c]),
            }
        facts = "fct_core_measure"
        if facts in held and facts in after:
            wanted = {c.strip() for c in f"{_KEY}, {_COMPARED}".split(",")}
            if wanted <= set(columns[facts][0]) & set(columns[facts][1]):
                record["measures"] = _by_measure(con, held[facts], after[facts])
        elif facts in after:
            record["measures"] = {
                measure: {"new": count, "changed": 0, "gone": 0}
                for measure, count in con.execute(
                    f"select measure_id, count(*) from {_read(after[facts])} group by 1 order by 1"
                ).fetchall()
            }
        old_releases, new_releases = (
            _releases(con, found.get("dim_release")) for found in (held, after)
        )
    record["releases"] = {
        "new": sorted(new_releases - old_releases)[:_LISTED],
        "gone": sorted(old_releases - new_releases)[:_LISTED],
    }
    return record


def _tables(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.parquet"))}


def _read(path: Path) -> str:
    return f"read_parquet({sql_text(str(path))})"


def _rows(con: duckdb.DuckDBPyConnection, path: Path | None) -> int | None:
    if path is None:
        return None
    found = con.execute(f"select count(*) from {_read(path)}").fetchone()
    return int(found[0]) if found else None


def _columns(con: duckdb.DuckDBPyConnection, path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    described = con.execute(f"describe select * from {_read(path)}").fetchall()
    return {row[0]: row[1] for row in described}


def _by_measure(
    con: duckdb.DuckDBPyConnection, before: Path, after: Path
) -> dict[str, dict[str, int]]:
    differs = " or ".join(
        f"b.{sql_name(column.strip())} is distinct from a.{sql_name(column.strip())}"
        for column in _COMPARED.split(",")
    )
    rows = con.execute(
        f"""
        select
            measure_id,
            count(*) filter (where b.is_there is null) as new,
            count(*) filter (where b.is_there and a.is_there and ({differs})) as changed,
            count(*) filter (where a.is_there is null) as gone,
        from (select {_KEY}, {_COMPARED}, true as is_there from {_read(after)}) as a
        full join (select {_KEY}, {_COMPARED}, true as is_there from {_read(before)}) as b
            using ({_KEY})
        group by measure_id
        having new + changed + gone > 0
        order by measure_id
        """
    ).fetchall()
    return {
        measure: {"new": new, "changed": changed, "gone": gone}
        for measure, new, changed, gone in rows
    }


def _releases(con: duckdb.DuckDBPyConnection, path: Path | None) -> set[str]:
    if path is None:
        return set()
    return {
        f"{publisher}/{publication}/{release}" + (f"+{version}" if version > 1 else "")
        for publisher, publication, release, version in con.execute(
            f"select publisher, publication, release, version from {_read(path)}"
        ).fetchall()
    }


def index(home: Home) -> list[dict[str, Any]]:
    """What `published/index.json` tells of each publication, newest first; none if it is not there.

    An index that cannot be read tells nothing: the folders stay, and a new one is begun.
    """
    try:
        found: Any = json.loads(home.publications.read_bytes())
        listed = found["publications"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [one for one in listed if isinstance(one, dict) and isinstance(one.get("folder"), str)]


def keep(home: Home, now: datetime | None = None) -> str | None:
    """Give the served build its dated folder, and let go of those past the rule.

    Does nothing, and says None, where it has one; otherwise the folder's name. Call with the lock
    held. May be called at any time: what a kill left undone is done by the next.
    """
    record, build = home.build_record(), home.served_build()
    if record is None or build is None:
        return None
    listed = index(home)
    served = {"build": build.name, "digest": record.get("digest")}
    if listed and {key: listed[0].get(key) for key in served} == served:
        return None
    at = now or datetime.now(UTC)
    name = _free_name(home, at.date())
    _copy_names(home.published.resolve(), home.publications.parent / name)
    entry = {
        "folder": name,
        "published_at": at.isoformat(timespec="seconds"),
        **served,
        "kept": True,
        "changes": record.get("changes", {}),
    }
    listed.insert(0, entry)
    gone = past_the_rule([one["folder"] for one in listed if one.get("kept")], at.date())
    for one in listed:
        if one["folder"] in gone:
            one["kept"] = False
    document = {"latest": name, "kept": RULE, "publications": listed}
    write_whole(home.publications, json.dumps(document, indent=2, ensure_ascii=False).encode())
    for folder in gone:
        shutil.rmtree(home.publications.parent / folder, ignore_errors=True)
    return name


def _free_name(home: Home, day: date) -> str:
    """The day; with a number from its second publication on."""
    taken = {one["folder"] for one in index(home)}
    number = 1
    while True:
        name = day.isoformat() + (f".{number}" if number > 1 else "")
        if name not in taken:
            # A folder that no index knows was left by a kill.
            shutil.rmtree(home.publications.parent / name, ignore_errors=True)
            return name
        number += 1


def _copy_names(marts: Path, target: Path) -> None:
    """The files of a build under another name, whole or not at all; pages are left out."""
    partial = target.with_name(f".{target.name}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for path in sorted(marts.iterdir()):
        if path.is_file():
            try:
                os.link(path, partial / path.name)
            except OSError:
                shutil.copyfile(path, partial / path.name)  # no links of this kind here
    sync_folder(partial)
    partial.rename(target)
    sync_folder(target.parent)


def _day(folder: str) -> date:
    return date.fromisoformat(folder.split(".", maxsplit=1)[0])


def past_the_rule(folders: Iterable[str], today: date) -> set[str]:
    """The folders that the rule lets go, of those named newest first."""
    kept: set[str] = set()
    months: set[tuple[int, int]] = set()
    years: set[int] = set()
    every = list(folders)
    for folder in every:
        day = _day(folder)
        age = (today.year - day.year) * 12 + today.month - day.month
        is_last_of_month = (day.year, day.month) not in months
        is_last_of_year = day.year not in years
        months.add((day.year, day.month))
        years.add(day.year)
        recent = today - day <= timedelta(days=DAYS_ALL)
        if recent or (is_last_of_month and age <= MONTHS_EACH) or is_last_of_year:
            kept.add(folder)
    return set(every) - kept
