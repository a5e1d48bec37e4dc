"""What dashboards, scripts and analysts rely on: contracts, dated folders, comments, examples."""

from __future__ import annotations

import functools
import html
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

from warehouse.publish import dated, lake
from warehouse.serve.home import Home

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
    assert outcome.stdout.startswith("27 examples, fresh")


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


def test_an_example_in_r_names_what_is_not_there(sample_home: Path) -> None:
    """Where there is no arrow it is not run: the files and columns that it names."""
    folder = sample_home / "published" / "latest"
    columns = {name for mart in marts().values() for name in mart["columns"]}
    text = (CONSUMERS / "r.md").read_text("utf-8")
    blocks = re.findall(r"```r\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    files = set(re.findall(r'"published/latest/(\w+\.\w+)"', text))
    assert files
    assert all((folder / file).exists() for file in files), files
    for block in blocks:
        named = set(re.findall(r'"([a-z]\w+)"', block)) - {"repeat_referrals", "england"}
        named |= set(re.findall(r"\$(\w+)|select\(([^)]*)\)", block)[0][0].split(","))
        assert named - {""} <= columns, named - columns


def test_the_example_of_observable_draws_other_figures(
    site_home: Path, browser: Any, node_modules: Path
) -> None:
    """The page's own code, with Observable's library and plots, in Chromium."""
    measures = site_home / "published" / "latest" / "site" / "measures"
    text = (CONSUMERS / "observable.md").read_text("utf-8")
    reading, drawing = re.findall(r"```js\n(.*?)```", text, re.DOTALL)
    scripts = (
        *("d3/dist/d3.min.js", "@observablehq/plot/dist/plot.umd.min.js"),
        "@observablehq/stdlib/dist/stdlib.js",
    )
    page = browser.new_page()
    page.route(
        "**/*.csv", lambda route: route.fulfill(path=measures / Path(route.request.url).name)
    )
    page.route("**/", lambda route: route.fulfill(body="<!doctype html><body></body>"))
    page.goto("http://127.0.0.1/")
    for script_of in scripts:
        page.add_script_tag(path=node_modules / "node_modules" / script_of)
    rows_read, circles, bands = page.evaluate(
        f"""async () => {{
          const FileAttachment = observablehq.FileAttachments((name) => `/${{name}}`);
          {reading}
          const drawn = {drawing.strip()};
          document.body.append(drawn);
          return [leeds.map((d) => [d.series_id, d.year, d.value]),
            drawn.querySelectorAll("circle").length, drawn.querySelectorAll("path[d]").length];
        }}"""
    )
    ours = rows(
        site_home,
        "select series_id, year, value from marts.fct_core_measure"
        " where measure_id = 'repeat_referrals' and council_name = 'Leeds' order by period_end",
    )
    assert sorted(map(tuple, rows_read)) == sorted(ours)
    assert circles == sum(value is not None for _, _, value in ours) > 10
    assert bands >= 2
    assert "NaN" not in page.locator("body").inner_html()
    assert "2024" in page.locator("svg").text_content()
    page.close()


# --- templates


def marts() -> Any:
    return json.loads((CONSUMERS / "marts.json").read_bytes())


def queries() -> dict[Path, str]:
    """Each query of the templates, without what is said about it."""
    return {
        path: re.sub(r"//.*", "", path.read_text("utf-8"))
        for path in sorted((CONSUMERS / "templates").rglob("*.pq"))
    }


def test_a_template_is_not_made_of_its_queries() -> None:
    outcome = script("write_templates", "--check")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    odc = html.unescape((CONSUMERS / "templates/excel/core-measures.odc").read_text("utf-8"))
    formulas = re.findall(r"<!\[CDATA\[(.*?)\]\]>", odc, re.DOTALL)
    (figures,) = (p.read_text("utf-8") for p in queries() if "excel" in p.parts)
    assert figures in formulas
    # What a query asks of others is in the file too.
    named = set(re.findall(r'<Query Name="(\w+)"', odc))
    assert named == {"Figures", "Folder", "Measure", "Council"}
    assert "power-bi" not in odc


def test_a_query_of_a_template_asks_for_what_no_mart_has() -> None:
    types = {
        "Int64.Type": {"INTEGER", "BIGINT"},
        "type number": {"DOUBLE"},
        "type date": {"DATE"},
    }
    kept = marts()
    assert len(queries()) == 5
    for path, text in queries().items():
        asked = re.findall(r'(?:& |Read\()"(\w+)\.?\w*"\)+,\s*\{([^}]*)\}', text)
        assert asked, path
        columns: dict[str, str] = {}
        for mart, listed in asked:
            for column in re.findall(r'"(\w+)"', listed):
                assert column in kept[mart]["columns"], (path, mart, column)
                columns.setdefault(column, kept[mart]["columns"][column])
        made = set(re.findall(r'AddColumn\(\s*\w+, "(\w+)"', text)) | {"beside", "england"}
        used = set(re.findall(r"\[([a-z]\w+)\]", text))
        for listed in re.findall(r"\{((?:\s*\"\w+\",?)+)\}", text):
            used |= set(re.findall(r'"(\w+)"', listed))
        assert used <= set(columns) | made, (path, used - set(columns))
        for column, as_type in re.findall(r'\{"(\w+)", ([^}]+)\}', text):
            if as_type.startswith(("Int64", "type")) and column in columns:
                assert columns[column] in types[as_type], (path, column)


def test_a_query_of_a_template_is_no_power_query(node_modules: Path, tmp_path: Path) -> None:
    """Microsoft's own parser reads it, and is seen to read."""
    parser = ["node", PROJECT / "tests" / "node" / "parse_queries.mjs", node_modules]
    wrong = tmp_path / "wrong.pq"
    wrong.write_text("let a = 1, in a")
    for paths, expected in ((list(queries()), 0), ([wrong], 1)):
        done = subprocess.run([*parser, *paths], capture_output=True, text=True, check=False)
        assert done.returncode == expected, done.stdout + done.stderr


def test_a_template_of_power_bi_relates_or_shows_what_it_has_not(sample_home: Path) -> None:
    folder = CONSUMERS / "templates" / "power-bi"
    (bim,) = folder.rglob("model.bim")
    model = json.loads(bim.read_bytes())["model"]
    tables = {table["name"]: table for table in model["tables"]}
    fields = {
        f"{name}.{field['name']}"
        for name, table in tables.items()
        for field in (*table["columns"], *table.get("measures", ()))
    }
    mart_of = {
        name: re.findall(
            r'"(\w+)\.parquet"', "\n".join(t["partitions"][0]["source"]["expression"])
        )[0]
        for name, t in tables.items()
    }
    parquet = {
        name: sample_home / f"published/latest/{mart}.parquet" for name, mart in mart_of.items()
    }
    for relation in model["relationships"]:
        ends = [(relation[f"{end}Table"], relation[f"{end}Column"]) for end in ("from", "to")]
        assert all(f"{table}.{column}" in fields for table, column in ends)
        keys = [
            "measure_id || '/' || series_id" if column == "series_key" else column
            for _, column in ends
        ]
        many, one = (parquet[table] for table, _ in ends)
        # The one end has each key once, and every key of the many is among them.
        assert (
            duckdb.sql(f"select {keys[1]} from '{one}' group by 1 having count(*) > 1").fetchall()
            == []
        )
        assert (
            duckdb.sql(
                f"select distinct {keys[0]} from '{many}'"
                f" where {keys[0]} not in (select {keys[1]} from '{one}')"
            ).fetchall()
            == []
        )
    for path in folder.rglob("visual.json"):
        shown = re.findall(r'"queryRef": "([^"]+)"', path.read_text("utf-8"))
        assert shown, path
        assert set(shown) <= fields, path
    # Nothing is added up by itself.
    for table in tables.values():
        assert {column["summarizeBy"] for column in table["columns"]} == {"none"}
    for measure in tables["figures"]["measures"]:
        assert set(re.findall(r"figures\[(\w+)\]", measure["expression"])) <= {"value", "england"}


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
