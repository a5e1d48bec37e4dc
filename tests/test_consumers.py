"""What dashboards, scripts and analysts rely on: contracts, dated folders, comments, examples."""

from __future__ import annotations

import functools
import io
import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest
import yaml
from conftest import IN_NEED, PROJECT, command, copy_of, rows

from warehouse import dated, lake
from warehouse.home import Home

sys.path.insert(0, str(PROJECT / "scripts"))
import marts_schema

CONSUMERS = PROJECT / "docs" / "consumers"


def script(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, f"scripts/{name}.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )


# --- the contract of the marts


def test_a_mart_changed_under_those_who_read_it(sample_home: Path) -> None:
    outcome = script("marts_schema", sample_home, "--check")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_a_breaking_change_passes_for_none() -> None:
    kept = {"m": {"version": 1, "columns": {"a": "VARCHAR", "b": "DOUBLE"}}}

    def now(version: int, **columns: str) -> Any:
        return {"m": {"version": version, "columns": columns}}

    assert marts_schema.broken(kept, now(1, a="VARCHAR", b="DOUBLE")) == []
    assert marts_schema.broken(kept, now(1, a="VARCHAR", b="DOUBLE", c="DATE")) == []
    assert len(marts_schema.broken(kept, now(1, a="VARCHAR"))) == 1
    assert len(marts_schema.broken(kept, now(1, a="VARCHAR", b="BIGINT"))) == 1
    assert marts_schema.broken(kept, now(2, a="VARCHAR")) == []
    assert marts_schema.broken(kept, {}) == ["m is gone"]


def test_a_mart_has_no_contract_or_no_version(sample_home: Path) -> None:
    manifest = json.loads((sample_home / "work" / "dbt" / "manifest.json").read_bytes())
    marts = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    package = json.loads((sample_home / "published/latest/datapackage.json").read_bytes())
    published = {one["name"]: one.get("version") for one in package["resources"]}
    assert set(published) == set(marts)
    for name, node in marts.items():
        assert node["version"], f"{name}: give it latest_version and versions in its YAML"
        assert published[name] == str(node["version"])
        # Its columns are the series: a new measure adds its own.
        if name != "council_year":
            assert node["config"]["contract"]["enforced"], name


def test_csv_on_the_web_does_not_describe_the_files(sample_home: Path) -> None:
    folder = sample_home / "published" / "latest"
    described = json.loads((folder / "csvw.json").read_bytes())
    readers = {
        "string": str,
        "number": float,
        "integer": int,
        "date": date.fromisoformat,
        "boolean": {"true": True, "false": False}.__getitem__,
    }
    assert {table["url"] for table in described["tables"]} == {p.name for p in folder.glob("*.csv")}
    for table in described["tables"]:
        columns = table["tableSchema"]["columns"]
        found = duckdb.sql(
            f"select * from read_csv('{folder / table['url']}', all_varchar = true) limit 50"
        )
        assert [column["name"] for column in columns] == found.columns
        for row in found.fetchall():
            for column, cell in zip(columns, row, strict=True):
                if cell is not None:
                    readers[column["datatype"]](cell)
        assert all(column["dc:description"] for column in columns), table["url"]


@pytest.mark.parametrize("where", ["code", "figures"])
def test_nobody_can_cite_it(sample_home: Path, where: str) -> None:
    folder = PROJECT if where == "code" else sample_home / "published" / "latest"
    cited = yaml.safe_load((folder / "CITATION.cff").read_text("utf-8"))
    # What version 1.2.0 of the Citation File Format requires.
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert cited["cff-version"] == "1.2.0"
    assert all(author["name"] for author in cited["authors"])
    if where == "code":
        text = (PROJECT / "pyproject.toml").read_text("utf-8")
        assert f'version = "{cited["version"]}"' in text
    else:
        newest = rows(sample_home, "select max(published)::varchar from marts.dim_release")
        assert [(cited["date-released"],)] == newest


# --- dated folders


def test_a_publication_is_not_kept_under_its_date(sample_home: Path) -> None:
    index = json.loads((sample_home / "published" / "index.json").read_bytes())
    newest = index["publications"][0]
    folder = sample_home / "published" / index["latest"]
    latest = sample_home / "published" / "latest"
    assert {p.name for p in folder.iterdir()} == {p.name for p in latest.iterdir() if p.is_file()}
    assert newest["changes"]["first"]
    figures = newest["changes"]["measures"]
    for measure, count in rows(
        sample_home, "select measure_id, count(*) from marts.fct_core_measure group by 1"
    ):
        assert figures[str(measure)] == {"new": count, "changed": 0, "gone": 0}
    # Nothing new publishes nothing.
    again = command("refresh", "--from", "sample", "--home", sample_home)
    assert again.returncode == 0
    assert json.loads((sample_home / "published" / "index.json").read_bytes()) == index


def test_what_a_publication_changed_is_told_wrongly(tmp_path: Path) -> None:
    key = (
        "'m' as measure_id, 's' as series_id, 'financial_year' as period_type,"
        " date '2023-04-01' as period_start, date '2024-03-31' as period_end"
    )

    def marts(name: str, cells: str, column: str = "") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        duckdb.sql(
            f"copy (select {key}, council_code, value, value_as_published, status,"
            f" null::varchar as status_symbol {column} from (values {cells}) as t"
            " (council_code, value, value_as_published, status))"
            f" to '{folder}/fct_core_measure.parquet'"
        )
        return folder

    old = marts("old", "('A', 1.0, '1', 'published'), ('B', null, 'c', 'suppressed'),"
                " ('C', 3.0, '3', 'published'), ('D', 4.0, '4', 'published')")  # fmt: skip
    new = marts("new", "('A', 1.0, '1', 'published'), ('B', 2.0, '2', 'published'),"
                " ('C', 3.1, '3.1', 'published'), ('E', 5.0, '5', 'published')",
                ", 1 as added")  # fmt: skip
    told = dated.changes(old, new)
    assert told["measures"] == {"m": {"new": 1, "changed": 2, "gone": 1}}
    assert told["marts"]["fct_core_measure"] == {
        "rows_before": 4,
        "rows": 4,
        "columns_added": ["added"],
        "columns_removed": [],
        "columns_retyped": [],
    }
    assert dated.changes(new, new)["measures"] == {}
    assert dated.changes(None, new)["first"]


def test_a_date_is_kept_or_let_go_against_the_rule() -> None:
    today = date(2026, 11, 23)
    days = [today - timedelta(days=n) for n in range(0, 365 * 5, 3)]
    folders = [day.isoformat() for day in days]
    gone = dated.past_the_rule(folders, today)
    kept = [date.fromisoformat(folder) for folder in folders if folder not in gone]
    recent = [day for day in days if (today - day).days <= dated.DAYS_ALL]
    assert set(recent) <= set(kept)
    for day in kept[len(recent) :]:
        rest = [d for d in days if (d.year, d.month) == (day.year, day.month)]
        assert day == max(rest)
    assert {day.year for day in kept} == {day.year for day in days}
    old = [day for day in kept if (today.year - day.year) * 12 + today.month - day.month > 24]
    assert all(day.month == 12 for day in old)


def test_a_kill_between_swap_and_index_loses_a_date(sample_home: Path, tmp_path: Path) -> None:
    home = Home(copy_of(sample_home, tmp_path / "home"))
    kept = json.loads(home.publications.read_bytes())["latest"]
    home.publications.unlink()
    for name in (home.root / "published" / kept).iterdir():
        name.unlink()  # half of it was there
    at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    assert dated.keep(home, at) == "2026-11-24"
    assert (home.root / "published" / "2026-11-24" / "fct_core_measure.csv").exists()
    assert dated.keep(home, at) is None
    # A second publication of a day has a folder of its own, and the first stays.
    record = home.current / "build.json"
    record.write_text(record.read_text().replace('"digest": "', '"digest": "f'))
    assert dated.keep(home, at + timedelta(hours=8)) == "2026-11-24.2"
    assert (home.root / "published" / "2026-11-24").is_dir()
    home.publications.write_text("{")
    assert dated.index(home) == []


# --- for analysts


def test_a_table_or_a_column_has_no_comment(sample_home: Path) -> None:
    for sql in (
        "select schema_name, table_name from duckdb_tables() where comment is null",
        "select schema_name, view_name from duckdb_views() where comment is null and not internal",
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where comment is null and not internal",
    ):
        assert rows(sample_home, sql) == []


def test_a_view_for_a_common_question_is_missing_or_wrong(sample_home: Path) -> None:
    views = rows(
        sample_home, "select view_name from duckdb_views() where schema_name = 'answers' order by 1"
    )
    assert len(views) == 10
    for (view,) in views:
        ((count,),) = rows(sample_home, f"select count(*) from answers.{view}")
        assert count or view == "checks_that_failed", view
    # One row a council, whatever codes it had.
    assert rows(
        sample_home,
        "select count(*) from (select 1 from answers.newest_headline"
        " inner join marts.dim_council using (council_code)"
        " group by measure_id, current_code having count(*) > 1)",
    ) == [(0,)]
    # No change is told across a break, nor between overlapping pools.
    assert rows(
        sample_home,
        "select count(*) from answers.change_on_year_before where period_type = 'pooled_3_years'"
        " or (measure_id = 'ehc_plans_in_20_weeks' and year = 2023)"
        " or (measure_id = 'gcse_english_and_maths' and year in (2020, 2022, 2023))",
    ) == [(0,)]
    # The view and the command tell the same revisions.
    name = "children-looked-after-in-england-including-adoptions"
    told = command("revisions", name, "--home", sample_home)
    ((count,),) = rows(
        sample_home, f"select count(*) from answers.revised_figures where publication = '{name}'"
    )
    assert told.stdout.rstrip().endswith(f"{count:,} rows")


def test_an_example_is_stale_or_does_not_run(sample_home: Path) -> None:
    outcome = script("fresh_examples", sample_home, "--check")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stdout.startswith("26 examples, fresh")


class _InRanges(SimpleHTTPRequestHandler):
    """Files as a web server gives them: whole, or the bytes that are asked for."""

    def send_head(self) -> Any:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None:
            return super().send_head()
        content = Path(self.translate_path(self.path)).read_bytes()
        first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        self.server.sent += last - first + 1  # type: ignore[attr-defined]
        return io.BytesIO(content[first : last + 1])

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def test_the_marts_cannot_be_attached_over_http(sample_home: Path) -> None:
    pytest.importorskip("duckdb_extension_httpfs")
    folder = (sample_home / "published" / "latest").resolve()
    package = json.loads((folder / "datapackage.json").read_bytes())
    ours = rows(sample_home, "from marts.fct_core_measure order by all")
    handler = functools.partial(_InRanges, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, duckdb.connect() as con:
        server.sent = 0  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        lake.load_extension(con, "httpfs")
        con.execute(f"attach '{base}/{package['duckdb']}' as measures (read_only)")
        leeds = con.execute(
            "select value from measures.marts.fct_core_measure"
            " where measure_id = 'repeat_referrals' and council_name = 'Leeds' and year = 2024"
        ).fetchall()
        # A question costs a part of the file.
        assert server.sent < (folder / package["duckdb"]).stat().st_size / 2  # type: ignore[attr-defined]
        told = con.execute(
            "select count(*) filter (where comment is null), count(*) from duckdb_columns()"
            " where database_name = 'measures'"
        ).fetchall()
        there = con.execute("from measures.marts.fct_core_measure order by all").fetchall()
        parts = [f"{base}/{path}" for path in package["partitions"]["fct_core_measure"]]
        by_measure = con.execute(f"from read_parquet({parts}) order by all").fetchall()
        server.shutdown()
    assert len(leeds) == 1
    assert there == ours
    assert by_measure == ours
    assert told[0][0] == 0
    assert told[0][1] > 100


def test_an_example_that_is_not_run_names_what_is_not_there(sample_home: Path) -> None:
    """R, Excel, Power BI, Observable: the files and columns that their code names."""
    folder = sample_home / "published" / "latest"
    columns = {
        column
        for (column,) in rows(
            sample_home,
            "select distinct column_name from duckdb_columns() where schema_name='marts'",
        )
    }
    # Words of the tools, and names that the examples make themselves.
    theirs = {"series_key", "england", "en-GB", "S:\\core-measures\\published\\latest\\", "/"}
    for name in ("r", "excel", "power-bi", "observable"):
        text = (CONSUMERS / f"{name}.md").read_text("utf-8")
        text = re.sub(r"<!-- run .*?<!-- /output -->", "", text, flags=re.DOTALL)
        blocks = re.findall(r"```(?:r|powerquery|js)\n(.*?)```", text, re.DOTALL)
        assert blocks, name
        files = set(re.findall(r"[\w]+\.(?:parquet|csv)", text))
        assert files, name
        assert all((folder / file).exists() for file in files), (name, files)
        for block in blocks:
            named = set(re.findall(r'"([^"]+)"', block)) | set(re.findall(r"\bd\.(\w+)", block))
            named |= set(re.findall(r"\[(\w+)\]", block))
            named -= theirs | files | {"repeat_referrals", "Leeds", "%", ","}
            named = {n for n in named if not n.startswith("published/")}
            assert named <= columns, (name, named - columns)


def test_the_new_publication_of_a_refresh_says_what_changed(second_home: Path) -> None:
    home = second_home
    told = json.loads((home / "published" / "index.json").read_bytes())["publications"]
    assert len(told) == 2
    assert told[0]["changes"]["releases"] == {"new": [f"ees/{IN_NEED}/2024"], "gone": []}
    revised = told[0]["changes"]["measures"]["repeat_referrals"]
    ((new,),) = rows(
        home,
        "select count(*) from marts.fct_core_measure"
        " where measure_id = 'repeat_referrals' and year = 2024",
    )
    assert revised["new"] == new
    assert revised["gone"] == 0
    assert told[1]["folder"] != told[0]["folder"]
    assert (home / "published" / told[1]["folder"] / "fct_core_measure.parquet").exists()


def test_dbts_own_documentation_is_not_there_or_fetches(second_home: Path, tmp_path: Path) -> None:
    home = copy_of(second_home, tmp_path / "home")
    made = command("docs", "--home", home)
    assert made.returncode == 0, made.stderr
    latest = home / "published" / "latest"
    page = (latest / "dbt_docs.html").read_text("utf-8")
    assert "default-src 'none'" in page[:2000]
    assert "fct_core_measure" in page
    assert 'href="../dbt_docs.html"' in (latest / "site" / "data.html").read_text("utf-8")
    # The data package describes the marts and nothing else; no candidate is left.
    assert not list((home / "work").glob("core_measures.duckdb*"))
