"""The site as people read it: its pages, its figures, and Chromium over the files on the disk."""

from __future__ import annotations

import csv
import dataclasses
import html
import json
import posixpath
import re
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb
import pytest
from conftest import PROJECT, command, rows

from warehouse.serve.home import Home
from warehouse.site import charts, words, write_site
from warehouse.site.charts import Line
from warehouse.site.figures import Figure, Series, segments, strand

IN_NEED = "characteristics-of-children-in-need"
KINDS = [
    *("index", "about", "data", "changes", "compare", "ambitions/good_education"),
    *("regions/east-midlands", "measures/good_level_of_development", "councils/rutland"),
    "packs/rutland",
]
HEAVY = 400_000
# A measure's page has a map and a table of all councils a series; most measures have one to three.
HEAVY_SERIES, SERIES_WITHIN = 100_000, 3


@pytest.fixture(scope="module")
def site(site_home: Path) -> Path:
    return site_home / "published" / "latest" / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    return {str(p.relative_to(site)): p.read_text("utf-8") for p in sorted(site.rglob("*.html"))}


# --- the pages


def test_a_council_or_a_measure_has_no_page(site_home: Path, pages: dict[str, str]) -> None:
    councils = rows(
        site_home,
        "select current_code, any_value(council_name) filter (council_code = current_code)"
        " from marts.dim_council group by current_code order by 1",
    )
    titles = {
        html.unescape(re.search("<h1>(.*?)</h1>", text)[1])
        for name, text in pages.items()
        if name.startswith("councils/")
    }
    assert titles == {str(name) for _, name in councils}
    assert sum(name.startswith("councils/") for name in pages) == len(councils) >= 153
    measures = {str(m) for (m,) in rows(site_home, "select measure_id from marts.dim_measure")}
    assert {Path(name).stem for name in pages if name.startswith("measures/")} == measures
    for name, text in pages.items():
        if name.startswith("councils/"):
            assert set(re.findall('<details class="card" id="([^"]+)"', text)) == measures, name


def card_of(text: str, measure: str) -> str:
    """A measure's part of a council's page."""
    return text.split(f'<details class="card" id="{measure}"')[1].split(
        '<details class="card"', maxsplit=1
    )[0]


def test_a_link_of_the_site_leads_nowhere(site: Path, pages: dict[str, str]) -> None:
    anchors = {name: set(re.findall(r'\sid="([^"]+)"', text)) for name, text in pages.items()}
    files = {p.relative_to(site).as_posix() for p in site.rglob("*") if p.is_file()}
    for name, text in pages.items():
        for target in set(re.findall(r'(?:href|src)="([^"]+)"', text)):
            parts = urlsplit(html.unescape(target))
            if parts.scheme in ("https", "data"):
                continue
            assert not parts.scheme, (name, target)
            path = posixpath.join(posixpath.dirname(name), unquote(parts.path))
            linked = posixpath.normpath(path) if parts.path else name
            # What is not of the site stands beside it, as the marts do.
            assert linked in files or (site / linked).is_file(), (name, target)
            # Of a comparison the part after # is the choice that it opens with.
            if parts.fragment and linked != "compare.html":
                assert parts.fragment in anchors[linked], (name, target)


def test_a_page_shows_another_figure_than_the_mart(site_home: Path, pages: dict[str, str]) -> None:
    newest = rows(
        site_home,
        """
        select
            c.current_code, s.measure_id || '.' || s.series_id,
            arg_max({'v': f.value, 'row': f.source_row, 'd': s.decimals, 'u': s.unit}, f.period_end)
        from marts.fct_core_measure as f
        inner join marts.dim_series as s using (measure_id, series_id)
        inner join marts.dim_council as c on f.council_code = c.council_code
        where f.value is not null and f.period_type = s.period_type and s.is_headline
        group by all
        """,
    )
    shown: dict[tuple[str, str], tuple[float, str, int]] = {}
    for name, text in pages.items():
        if not name.startswith("councils/"):
            continue
        code = re.search(r"Code (E\d{8})", text)[1]
        for card in text.split('<details class="card"')[1:]:
            lead = card.split("Other series of this measure")[0]
            figure = re.search(r'<data class="value" value="([^"]+)">([^<]+)</data>', lead)
            chart = re.search(r'class="figure" id="([^"]+)"', lead)
            if figure and chart:
                row = re.search(r'<data class="row" value="(\d+)">', lead)
                shown[code, chart[1]] = (float(figure[1]), html.unescape(figure[2]), int(row[1]))
    assert len(newest) > 2_500
    for code, series, figure in newest:
        value, text, row = shown[str(code), str(series)]
        assert value == figure["v"], (code, series)
        assert row == figure["row"], (code, series)
        said = float(text.split("%")[0].split(" ")[0].replace(",", ""))
        assert abs(said - value) <= 0.5 * 10 ** -figure["d"] + 1e-9, (code, series)
        assert text.endswith("%") == (figure["u"] == "%"), (code, series)


def test_a_year_without_a_figure_is_not_told_or_told_as_a_number(
    site_home: Path, pages: dict[str, str]
) -> None:
    card = card_of(pages["councils/rutland.html"], "care_leavers_in_higher_education")
    kept_back = rows(
        site_home,
        "select count(*) from marts.fct_core_measure where council_name = 'Rutland'"
        " and measure_id = 'care_leavers_in_higher_education' and status = 'suppressed'",
    )[0][0]
    # Another table has the neighbours' figures, and what is kept back of theirs.
    table = card.split("Figures as a table")[1].split("</table>")[0]
    assert table.count("<td class=none>suppressed (shown as “c”)") == kept_back > 0
    # A cross a year in the picture, with its reason.
    assert len(re.findall(r'<path class="mark"[^>]*><title>year to', card)) == kept_back
    assert "Year to March 2025: suppressed (shown as “c”)." in card


def test_the_row_that_a_figure_came_from_is_another(site_home: Path, pages: dict[str, str]) -> None:
    """The cells beside a figure are those that the file has in that row."""
    text = card_of(pages["councils/leeds.html"], "repeat_referrals")
    table = text.split('<table class="cells">')[1].split("</table>")[0]
    names = re.findall(r'<th scope="col">([^<]+)</th>', table)
    cells = dict(zip(names, re.findall(r"<td>([^<]*)</td>", table), strict=True))
    ((row, file),) = rows(
        site_home,
        "select source_row, source_file from marts.fct_core_measure where council_name = 'Leeds'"
        " and measure_id = 'repeat_referrals' order by year desc limit 1",
    )
    held = Home(site_home).root.glob(f"archive/ees/{IN_NEED}/2025/{file}")
    header, *lines = next(held).read_text("utf-8-sig").splitlines()
    published = dict(zip(header.split(","), lines[int(str(row)) - 1].split(","), strict=True))
    assert cells["la_name"] == published["la_name"] == "Leeds"
    assert len(cells) > 5
    for name, cell in cells.items():
        if name in published:
            assert cell == published[name], name
    assert "24.2" in cells.values()


def test_a_page_is_heavy(site: Path, pages: dict[str, str]) -> None:
    """What a page loads by itself: its HTML, the style, the scripts it names."""
    for name, text in pages.items():
        loaded = re.findall(r'<(?:script defer src|link rel="stylesheet" href)="([^"]+)"', text)
        weight = len(text.encode()) + sum(
            ((site / name).parent / asset).stat().st_size for asset in loaded
        )
        assert {Path(one).name for one in loaded} >= {"site.css", "site.js"}
        series = text.count("data-follow") if name.startswith("measures/") else 0
        most = HEAVY + HEAVY_SERIES * max(0, series - SERIES_WITHIN)
        assert weight < most, (name, weight)


def test_the_data_dictionary_lacks_a_column(site_home: Path, pages: dict[str, str]) -> None:
    text = html.unescape(pages["data.html"])
    columns = rows(
        site_home,
        "select table_name, column_name, comment from duckdb_columns() where schema_name = 'marts'",
    )
    for table, column, comment in columns:
        part = text.split(f'<h2 id="{table}">')[1].split("</section>")[0]
        assert f"<code>{column}</code>" in part, (table, column)
        assert str(comment) in part, (table, column)


def test_a_page_speaks_in_identifiers(pages: dict[str, str]) -> None:
    """No name of a column, a check or a series, and no day as machines write it."""
    # What is told to the letter: code, a file's name and cells. The data dictionary is all names.
    literal = r'<(code|head|script)\b.*?</\1>|<table class="cells">.*?</table>'
    literal += r'|<(\w+) class="file">.*?</\2>'
    for name, text in pages.items():
        if name != "data.html":
            said = html.unescape(
                re.sub(r"<[^>]+>", "\n", re.sub(literal, "", text, flags=re.DOTALL))
            )
            found = re.findall(r"\b(?:[a-z0-9]+_[a-z0-9_]+|\d{4}-\d\d-\d\d|robust z)\b", said)
            lines = [line for line in said.splitlines() if any(one in line for one in found)]
            assert found == [], (name, lines)


def test_a_download_holds_other_figures_than_the_mart(site: Path) -> None:
    mart = (site.parent / "fct_core_measure.csv").read_text("utf-8").splitlines()
    for folder in ("measures", "councils"):
        found: list[str] = []
        for path in sorted((site / folder).glob("*.csv")):
            header, *lines = path.read_text("utf-8").splitlines()
            assert header == mart[0]
            found += lines
        assert sorted(found) == sorted(mart[1:]), folder


# --- words and pictures

SERIES = Series("m", "s", "S", "", "%", "low", 1, "financial_year", True, "", "", ())


def figure(year: int, value: float | None, **cells: Any) -> Figure:
    made = {
        "area_code": "E06000001",
        "area_name": "Hartlepool",
        "year": year,
        "period_label": str(year),
        "period_type": "financial_year",
        "start": date(year - 1, 4, 1),
        "end": date(year, 3, 31),
        "value": value,
        "as_published": None if value is None else str(value),
        "lower": None,
        "upper": None,
        "method": None,
        "corrected": False,
        "status": "published" if value is not None else "suppressed",
        "symbol": None if value is not None else "c",
        "publication": "p",
        "release": "2024",
        "version": 1,
        "published": date(2024, 10, 1),
        "source_file": "f.csv",
        "source_sha256": "0" * 64,
        "source_row": 7,
        "numerator": None,
        "denominator": None,
    } | cells
    return Figure(**made)


def years(runs: list[list[Figure]]) -> list[list[int]]:
    return [[f.year for f in run] for run in runs]


def test_a_line_goes_through_a_year_that_has_no_figure() -> None:
    line = [figure(2019, 1), figure(2020, None), figure(2021, 2), figure(2022, 3), figure(2024, 4)]
    assert years(segments(line)) == [[2019], [2021, 2022], [2024]]


def test_a_line_goes_through_a_break() -> None:
    line = [figure(year, 1.0) for year in (2019, 2020, 2021, 2022)]
    assert years(segments(line, (2020, 2022))) == [[2019], [2020, 2021], [2022]]
    picture = charts.line_chart([Line("council", "H", line, SERIES)], "H")
    assert picture.count('class="break"') == 0
    broken = dataclasses.replace(SERIES, break_years=(2020,))
    picture = charts.line_chart([Line("council", "H", line, broken)], "H")
    assert picture.count('class="break"') == 1
    assert ">break<" in picture


def test_two_definitions_become_one_line() -> None:
    old = Series("m", "old", "Old", "", "%", "low", 1, "financial_year", False, "", "", ())
    picture = charts.line_chart(
        [
            Line("council", "H", [figure(2018, 1.0), figure(2019, 1.1)], old),
            Line("council", "H", [figure(2020, 9.0), figure(2021, 9.1)], SERIES),
        ],
        "H",
    )
    drawn = re.findall(r'class="line council" d="([^"]+)"', picture)
    assert [path.count("M") for path in drawn] == [1, 1]
    assert "new definition" in picture


def test_another_question_is_drawn_as_the_line_before(site_home: Path) -> None:
    """Only a definition that ended stands before the headline: here the profile of 2012."""
    from warehouse.site.marts import Marts

    with duckdb.connect(
        str((site_home / "warehouse/core_measures.duckdb").resolve()), read_only=True
    ) as con:
        marts = Marts(con)
        drawn = {m.measure_id: [s.series_id for s in marts.predecessors(m)] for m in marts.measures}
    assert {m: found for m, found in drawn.items() if found} == {
        "gcse_english_and_maths": ["five_a_star_to_c"],
        "good_level_of_development": ["profile_2013"],
    }


def test_quarters_and_years_become_one_line() -> None:
    mixed = [figure(2023, 1), figure(2024, 2, period_type="quarter", start=date(2024, 1, 1))]
    assert [f.year for f in strand(mixed, "financial_year")] == [2023]


def test_a_picture_cuts_what_it_draws() -> None:
    """Every mark lies inside the frame, whatever the values."""
    for values in ([0.0, 0.0], [5.0], [-3.0, 4.0], [99.9, 100.0], [0.001, 0.002], [1e6, 2e6]):
        line = [figure(2000 + i, v, lower=v - 1, upper=v + 1) for i, v in enumerate(values)]
        picture = charts.line_chart([Line("council", "H", line, SERIES)], "H")
        dots = re.findall(r'<path class="dots council" d="([^"]+)"', picture)
        places = [place for one in dots for place in re.findall(r"[-\d.]+", one.replace("h0", ""))]
        assert len(places) == 2 * len(values)
        assert all(0 <= float(x) <= 360 for x in places[::2])
        assert all(0 <= float(y) <= 176 for y in places[1::2])


def test_a_figure_is_said_wrongly() -> None:
    deaths = Series("m", "s", "S", "", "per 1,000 live births", "low", 1, "", True, "", "", ())
    for value, series, said in (
        (24.2, SERIES, "24.2%"),
        (0.0, SERIES, "0.0%"),
        (-0.0, SERIES, "0.0%"),
        (3.25, deaths, "3.3 per 1,000 live births"),
        (21.45, SERIES, "21.5%"),
        # A hair below the 21.45 that was computed, and a figure that is truly below it.
        (21.449999999999996, SERIES, "21.5%"),
        (21.449, SERIES, "21.4%"),
        (-0.25, deaths, "-0.3 per 1,000 live births"),
        (100 * 0.285, SERIES, "28.5%"),
        (1234.56, deaths, "1,234.6 per 1,000 live births"),
    ):
        assert words.amount(value, series) == said
    assert words.cell(None, SERIES) == "no figure"
    assert words.cell(figure(2024, None), SERIES) == "suppressed (shown as “c”)"
    assert "is not zero" in words.note(figure(2024, 0.0, symbol="k"))
    assert "corrected" in words.note(figure(2024, 1.0, corrected=True))


@pytest.mark.parametrize(
    ("kind", "start", "end", "said", "when"),
    [
        ("financial_year", "2023-04-01", "2024-03-31", "year to March 2024", "in the {}"),
        ("academic_year", "2022-09-01", "2023-08-31", "2022/23 school year", "in the {}"),
        ("calendar_year", "2021-01-01", "2021-12-31", "2021", "in {}"),
        ("pooled_3_years", "2018-01-01", "2020-12-31", "2018 to 2020", "in the three years {}"),
        ("three_months", "2023-12-01", "2024-02-29", "December 2023 to February 2024", "from {}"),
        ("quarter", "2024-04-01", "2024-06-30", "April to June 2024", "from {}"),
        ("snapshot", "2024-08-31", "2024-08-31", "31 August 2024", "on {}"),
        ("survey", "2014-09-15", "2015-01-31", "15 September 2014 to 31 January 2015", "from {}"),
    ],
)
def test_a_period_is_said_wrongly(kind: str, start: str, end: str, said: str, when: str) -> None:
    one = figure(
        2024, 1.0, period_type=kind, start=date.fromisoformat(start), end=date.fromisoformat(end)
    )
    assert words.period(one) == said
    assert words.when(one) == when.format(said)


@pytest.mark.parametrize(
    ("release", "said"),
    [
        ("2025", "2025"),
        ("2026-05-07", "7 May 2026"),
        ("2026-03", "March 2026"),
        ("2024-25", "2024/25"),
        ("2011-12", "2011/12"),
        ("2023-24-revised", "2023/24, revised"),
        ("2022-23-q4", "2022/23, quarter 4"),
        ("2025-10-to-12", "October to December 2025"),
        ("2025-06-regions", "June 2025, regions"),
        ("Autumn 2025", "Autumn 2025"),
    ],
)
def test_a_release_is_named_as_files_are(release: str, said: str) -> None:
    assert words.edition(release) == said


def test_what_is_unusual_is_told_in_the_words_of_a_check() -> None:
    series = "homeless_families.owed_a_duty (single)"
    assert words.found_odd(
        [
            f"no_figure_leaps: {series}: Leeds in 2025 has 9, its other figures 0.5 (robust z 8.1)",
            f"no_figure_strange: {series}: Leeds in 2025 has 9, its other figures 0.5 (robust z 9)",
            "councils_not_swapped: neet.neet: Derbyshire and Shropshire in 2025, as if exchanged",
            "no_figure_unusual: days.days: Trafford in 2023 has 23, the councils' median is 485.6",
        ]
    ) == [
        "Leeds in 2025 has 9; its other figures are about 0.5.",
        "Derbyshire and Shropshire in 2025, as if exchanged.",
        "Trafford in 2023 has 23; the median of councils is 485.6.",
    ]


def test_an_axis_tells_apart_what_the_figures_do_not() -> None:
    line = [figure(2023, 90.41), figure(2024, 90.45)]
    picture = charts.line_chart([Line("council", "H", line, SERIES)], "H")
    assert re.findall(r'text-anchor="end">([\d.]+)<', picture)[:2] == ["90.4", "90.5"]


# --- making it


def changed_warehouse(home: Path, folder: Path, sql: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = folder / "core_measures.duckdb"
    shutil.copy((home / "warehouse" / "core_measures.duckdb").resolve(), warehouse)
    with duckdb.connect(str(warehouse)) as con:
        con.execute(sql)
    return warehouse


# Of the councils those of two regions: their pages are made as all are, in a fifth of the time.
TWO_REGIONS = """
    delete from marts.dim_council
    where region_name not in ('East Midlands', 'Yorkshire and The Humber');
    delete from marts.fct_core_measure
    where council_code not in (select council_code from marts.dim_council);
"""


def test_a_build_touches_pages_that_tell_nothing_new(sample_home: Path, tmp_path: Path) -> None:
    warehouse = changed_warehouse(sample_home, tmp_path, TWO_REGIONS)
    site = tmp_path / "before"
    write_site(warehouse, site, None)
    with duckdb.connect(str(warehouse)) as con:
        con.execute(
            "update marts.fct_core_measure set value = value + 1 where council_name = 'Leeds'"
            " and measure_id = 'infant_mortality'"
        )
    report = write_site(warehouse, tmp_path / "site", site)
    # Pages that set others beside Leeds tell of it too: its region's, its neighbours'. That of the
    # ambition tells of England and how far councils reach, which is as it was.
    others = {name for name in report.written if name.startswith("councils/")}
    assert set(report.written) - others == {
        "assets/charts/leeds.js",
        "assets/figures/infant_mortality.js",
        "measures/infant_mortality.csv",
        "measures/infant_mortality.html",
        "measures/infant_mortality.json",
        "packs/leeds.html",
        "regions/yorkshire-and-the-humber.html",
    }
    assert others >= {"councils/leeds.csv", "councils/leeds.html", "councils/leeds.json"}
    assert len(others) < 60
    for name in report.unchanged:
        assert (tmp_path / "site" / name).samefile(site / name), name
    assert len(report.unchanged) > 200
    assert "councils/rutland.html" in report.unchanged


def test_a_publishers_text_runs_as_a_script(sample_home: Path, tmp_path: Path) -> None:
    attack = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    warehouse = changed_warehouse(
        sample_home,
        tmp_path,
        f"""
        {TWO_REGIONS}
        update marts.dim_council set council_name = '{attack}' where council_name = 'Leeds';
        update marts.fct_core_measure set council_name = '{attack}', status_symbol = '{attack}',
            value_as_published = '{attack}', release = '{attack}', source_file = '{attack}'
            where council_name = 'Leeds';
        update marts.dim_release set title = '{attack}', note = '{attack}';
        update marts.dim_measure set title = '{attack}', description = '{attack}'
            where measure_id = 'infant_mortality';
        update marts.dim_series set title = '{attack}', breaks = '{attack}', unit = '{attack}'
            where measure_id = 'infant_mortality';
        """,
    )
    write_site(warehouse, tmp_path / "site", None)
    written = {path.parent.name for path in (tmp_path / "site").rglob("*.html")}
    assert {"site", "ambitions", "regions", "measures", "councils", "packs"} <= written
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text("utf-8")
        assert "<script>alert" not in text, page
        assert "<img" not in text, page
    index = (tmp_path / "site" / "assets" / "search-index.js").read_text("utf-8")
    assert "</script>" not in index


def test_a_refresh_leaves_the_pages_out(second_home: Path) -> None:
    index = second_home / "published" / "latest" / "site" / "index.html"
    assert f"Site:      {index}" in (second_home / "printed.txt").read_text()
    assert "Repeat referrals" in index.read_text("utf-8")
    # The page is of the build, and goes and comes with it.
    assert index.resolve().is_relative_to((second_home / "builds" / "2").resolve())


def test_figures_are_kept_back_because_a_page_cannot_be_made(
    first_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from conftest import copy_of

    from orchestration.pipeline.build import Candidate
    from orchestration.pipeline.code import dbt_project
    from orchestration.pipeline.inventory import take_inventory
    from orchestration.pipeline.publish import publish
    from orchestration.pipeline.reporter import Silent

    told: list[str] = []

    class Told(Silent):
        def warn(self, line: str) -> None:
            told.append(line)

    home = Home(copy_of(first_home, tmp_path / "home"))
    shutil.copy(home.warehouse.resolve(), home.candidate)

    def fail(*_: object) -> None:
        raise ValueError("no such template")

    monkeypatch.setattr("warehouse.site.write_site", fail)
    served = home.current.readlink()
    publish(home, Candidate(take_inventory(home), dbt_project(home)), reporter=Told())
    assert home.current.readlink() != served
    assert (home.published / "fct_core_measure.parquet").exists()
    assert not home.site.exists()
    assert any("no such template" in line and "core-measures site" in line for line in told)


def test_the_site_of_nothing_is_made(tmp_path: Path) -> None:
    outcome = command("site", "--home", tmp_path / "home")
    assert outcome.returncode == 1
    assert "There is no home" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_the_charts_to_explore_are_not_those_described() -> None:
    from warehouse.site.specs import as_script

    kept = PROJECT / "warehouse" / "site" / "static" / "specs.js"
    assert kept.read_text("utf-8") == as_script(), "run scripts/write_chart_specs.py"


# --- Chromium


class Visit:
    """One reader's window, what it asked for, and what it complained of."""

    def __init__(self, browser: Any, site: Path, **options: Any) -> None:
        self.site = site
        self.context = browser.new_context(
            **({"viewport": {"width": 1280, "height": 900}, "accept_downloads": True} | options)
        )
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, name: str) -> Any:
        self.page.goto(f"{self.site.resolve().as_uri()}/{name}.html")
        return self.page


@pytest.fixture
def visit(browser: Any, site: Path) -> Iterator[Any]:
    opened: list[Visit] = []

    def start(**options: Any) -> Visit:
        opened.append(Visit(browser, site, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.context.close()


def test_a_reader_cannot_find_their_council_and_its_figure(visit: Any, site_home: Path) -> None:
    """Search, open, read, follow to the source row, download: with the keyboard alone."""
    reader = visit()
    page = reader.open("index")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("leed")
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert page.locator("[role=option][aria-selected=true]").inner_text().startswith("Leeds")
    page.keyboard.press("Enter")
    page.wait_for_url("**/councils/leeds.html")
    card = page.locator("#repeat_referrals")
    card.locator("summary").first.focus()
    page.keyboard.press("Enter")
    ((value, row, file, sha),) = rows(
        site_home,
        "select value, source_row, source_file, source_sha256 from marts.fct_core_measure"
        " where council_name = 'Leeds' and measure_id = 'repeat_referrals'"
        " and value is not null order by period_end desc limit 1",
    )
    shown = card.locator("data.value").first
    assert float(shown.get_attribute("value")) == value
    assert shown.inner_text() == f"{value}%"
    card.locator("details.source summary").focus()
    page.keyboard.press("Enter")
    source = card.locator("details.source")
    assert source.locator("data.row").get_attribute("value") == str(row)
    assert f"row {int(row) + 1:,} in a spreadsheet" in source.locator("data.row").inner_text()
    assert source.locator(".file").inner_text() == file
    assert source.locator("code").inner_text() == str(value)
    assert source.locator(".cells").inner_text().count("Leeds") == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all figures of Leeds").click()
    kept = Path(download.value.path()).read_text("utf-8")
    # Between the two stands the sheet, which a CSV file has none of.
    assert f"{sha},,{row}\n" in kept
    assert not reader.complaints


def test_a_page_asks_for_something_from_elsewhere(visit: Any, site: Path) -> None:
    reader = visit()
    for name in KINDS:
        page = reader.open(name)
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
        for button in page.locator("button.explore:visible").all()[:1]:
            button.click()
            page.wait_for_selector(".explored svg.marks")
    assert reader.requests
    here = site.resolve().as_uri()
    assert not [url for url in reader.requests if not url.startswith((here, "data:"))]
    assert not reader.complaints
    # And could not if it tried: the page forbids itself to.
    page = reader.open("index")
    tried = page.evaluate("fetch('https://example.org/').then(() => 'fetched', () => 'refused')")
    assert tried == "refused"
    assert any("Content Security Policy" in said for said in reader.complaints)


# Of elements beside each other that are drawn alike, through and through, hides all but the first.
HIDE_ALIKE = """() => {
  const drawn = (node) => {
    const style = getComputedStyle(node);
    const words = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    const first = new Map();
    for (const child of node.children) {
      const look = drawn(child);
      if (!first.has(look)) first.set(look, child);
      else child.style.setProperty("display", "none", "important");
    }
    return [node.tagName, words, style.display, style.visibility, style.opacity, style.position,
      style.color, style.backgroundColor, style.backgroundImage, style.fill, style.stroke,
      style.fontSize, style.fontWeight, ...[...first.keys()].sort()].join(";");
  };
  drawn(document.body);
}"""


def axe_faults(page: Any) -> list[str]:
    """What axe finds; of contrast, which takes long, it looks once at what is drawn alike."""
    from axe_playwright_python.sync_playwright import Axe

    # Axe would read the style sheet by a request, which the page forbids.
    how = {"preload": False, "resultTypes": ["violations"]}
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    contrast = "color-contrast"
    all_else = {"runOnly": tags, "rules": {contrast: {"enabled": False}}} | how
    found = Axe().run(page, options=all_else).response["violations"]
    page.evaluate(HIDE_ALIKE)
    looked = page.evaluate("(how) => axe.run(how)", {"runOnly": [contrast]} | how)
    found += looked["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


# Each scheme and each width: colours do not hang on the width, nor what is too wide on colours.
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_a_page_cannot_be_read_by_everyone(visit: Any, scheme: str, width: int) -> None:
    """axe, WCAG 2.2 AA, with everything open that opens; and nothing to scroll sideways."""
    reader = visit(color_scheme=scheme, viewport={"width": width, "height": 900})
    for name in KINDS:
        page = reader.open(name)
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
        for button in page.locator("button.explore:visible").all()[:1]:
            button.click()
            page.wait_for_selector(".explored svg.marks")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
        assert axe_faults(page) == [], (name, scheme, width)


def test_an_open_search_cannot_be_read_by_everyone(visit: Any) -> None:
    reader = visit(viewport={"width": 320, "height": 700})
    page = reader.open("index")
    page.locator("#search").fill("north")
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert page.locator("[role=option]").count() > 2
    assert axe_faults(page) == []
    page.keyboard.press("Escape")
    assert page.locator("[role=option]:visible").count() == 0


def test_words_in_a_picture_lie_over_each_other(visit: Any) -> None:
    """Labels of a chart: none touches another, none is cut off by the picture or the window."""
    for width in (1280, 320):
        reader = visit(viewport={"width": width, "height": 900})
        named = ("councils/leeds", "councils/rutland", "packs/leeds")
        for name in (*named, "measures/gcse_english_and_maths"):
            page = reader.open(name)
            page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
            faults = page.evaluate(
                """() => [...document.querySelectorAll("svg.chart")].flatMap((svg) => {
                  const frame = svg.getBoundingClientRect();
                  if (!frame.width) return [];
                  const boxes = [...svg.querySelectorAll("text")].map((t) =>
                    [t.textContent, t.getBoundingClientRect()]);
                  return boxes.flatMap(([said, box], i) => [
                    ...(box.left < 0 || box.right > window.innerWidth
                      || box.top < frame.top - 4 || box.bottom > frame.bottom + 4
                      ? [`${svg.getAttribute("aria-label")}: ${said} is cut off`] : []),
                    ...boxes.slice(i + 1)
                      .filter(([, other]) => box.left < other.right && other.left < box.right
                        && box.top + 2 < other.bottom && other.top + 2 < box.bottom)
                      .map(([other]) => `${svg.getAttribute("aria-label")}: ${said} / ${other}`),
                  ]);
                })"""
            )
            # A sign's stroke stands in its shape.
            faults += page.evaluate(
                """() => [...document.querySelectorAll(".glyph")].filter((shape) => {
                  const range = document.createRange();
                  range.selectNodeContents(shape);
                  const [inside, box] = [range, shape].map((one) => one.getBoundingClientRect());
                  return box.width && (inside.left < box.left || inside.right > box.right);
                }).map((shape) => shape.parentElement.textContent)"""
            )
            assert faults == [], (name, width)


def test_a_page_is_empty_without_scripts(visit: Any) -> None:
    page = visit(java_script_enabled=False).open("councils/leeds")
    assert page.locator("details.card svg.spark:visible").count() > 15
    assert page.locator("#search:visible").count() == 0
    page.locator("#repeat_referrals summary").first.click()
    assert page.locator("#repeat_referrals svg.chart:visible").count() == 1
    assert page.locator("button.explore:visible").count() == 0
    page.locator("#repeat_referrals summary", has_text="Figures as a table").click()
    assert page.locator("#repeat_referrals table:visible").count() == 1


def test_an_explored_chart_draws_other_figures(visit: Any) -> None:
    page = visit().open("councils/leeds")
    card = page.locator("#repeat_referrals")
    card.locator("summary").first.click()
    card.locator("button.explore").click()
    card.locator(".explored svg.marks").wait_for()
    told = page.evaluate("window.coreMeasuresCharts")
    lines = told["repeat_referrals.within_12_months"]["l"]
    said = card.locator("[aria-roledescription=point]").evaluate_all(
        "(marks) => marks.map((mark) => mark.getAttribute('aria-label'))"
    )
    assert len(said) == sum(len(line["p"]) for line in lines)
    # Its axis says the periods as their publisher does.
    words_drawn = card.locator(".explored svg.marks text").all_text_contents()
    assert {label for _, _, label in told["repeat_referrals.within_12_months"]["t"]} <= {
        *words_drawn
    }
    newest = [line for line in lines if line["k"] == "council"][-1]["p"][-1]
    assert any(f"value: {newest[1]}" in label or f"Figure: {newest[1]}" in label for label in said)
    with page.expect_download() as download:
        card.get_by_role("button", name="Save as PNG").click()
    assert Path(download.value.path()).read_bytes()[:4] == b"\x89PNG"


def test_a_council_cannot_be_printed(visit: Any, tmp_path: Path) -> None:
    page = visit().open("councils/leeds")
    sheet = page.pdf(format="A4", path=str(tmp_path / "leeds.pdf"))
    assert sheet[:5] == b"%PDF-"
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", sheet)) <= 20
    page.emulate_media(media="print")
    assert not page.locator("#search").is_visible()
    assert not page.locator("button.explore").first.is_visible()
    assert page.locator("svg.spark").first.is_visible()


def test_a_council_stands_far_from_its_neighbours_on_the_map() -> None:
    """Councils that border each other touch, or have one tile between them; a tile holds one."""
    seeds = PROJECT / "dbt_project" / "seeds"
    with duckdb.connect() as con:
        tiles = {
            str(name): (int(column), int(row))
            for name, column, row in con.execute(
                f"select council_name, tile_column, tile_row"
                f" from read_csv('{seeds}/council_tile.csv')"
                f" inner join read_csv('{seeds}/council.csv') using (council_code)"
                " where valid_to is null"
            ).fetchall()
        }
    assert len(tiles) == len(set(tiles.values())) == 153
    for one, other in (
        ("Leeds", "Bradford"),
        ("Leeds", "Wakefield"),
        ("Cornwall", "Devon"),
        ("Cornwall", "Isles of Scilly"),
        ("Northumberland", "Newcastle upon Tyne"),
        ("Manchester", "Salford"),
        ("Birmingham", "Solihull"),
        ("Norfolk", "Suffolk"),
        ("Kent", "East Sussex"),
        ("Essex", "Southend-on-Sea"),
        ("City of London", "Tower Hamlets"),
        ("Leicester", "Leicestershire"),
        ("Nottingham", "Nottinghamshire"),
        ("Hampshire", "Southampton"),
        ("Croydon", "Sutton"),
    ):
        apart = max(abs(a - b) for a, b in zip(tiles[one], tiles[other], strict=True))
        assert apart <= 2, (one, other)


def test_a_word_that_people_use_leads_to_nothing(site_home: Path) -> None:
    """Every measure and council of the list of words is one, and the command knows them too."""
    from warehouse.reports.names import search_words

    said = search_words()
    measures = {str(m) for (m,) in rows(site_home, "select measure_id from marts.dim_measure")}
    councils = {str(c) for (c,) in rows(site_home, "select council_code from marts.dim_council")}
    assert set(said.measures) == measures
    assert set(said.councils) <= councils
    shown = command("show", "NEET", "Hull", "--home", site_home)
    assert shown.returncode == 0, shown.stderr
    assert "Hull" in shown.stdout
    several = command("show", "obesity", "Hull", "--home", site_home)
    assert several.returncode == 1
    assert "excess_weight_reception" in several.stderr


# --- what people do on a page


def said_amount(value: Any, decimals: Any, unit: Any) -> str:
    exact = Decimal(repr(round(float(value), 9)))
    number = f"{exact.quantize(Decimal(1).scaleb(-int(decimals)), ROUND_HALF_UP):,}"
    number = number.replace("-0.0", "0.0") if float(number.replace(",", "")) == 0 else number
    return number + ("%" if unit == "%" else "" if unit == "score" else f" {unit}")


def test_a_sentence_of_a_councils_page_is_not_what_the_marts_say(
    site_home: Path, pages: dict[str, str]
) -> None:
    """Every sentence on twenty pages: beside England, since before, the trend, the quintile."""
    names = [
        str(name)
        for (name,) in rows(
            site_home, "select council_name from marts.dim_council where is_current order by 1"
        )
    ][3::7][:20]
    chosen = ", ".join(f"$${name}$$" for name in names)
    figures = rows(
        site_home,
        f"""
        select c.council_name, c.measure_id, c.value, c.england_value, c.interval_holds_england,
            c.quintile, c.councils_with_value, s.decimals, s.unit, s.polarity, c.period_label,
            s.series_id, c.period_end
        from marts.fct_comparison as c
        inner join marts.dim_series as s using (measure_id, series_id)
        inner join marts.dim_council as d on c.council_code = d.council_code and d.is_current
        where s.stands_for_measure and c.council_name in ({chosen}) and c.value is not null
            and c.period_type = s.period_type
        qualify row_number() over (
            partition by c.council_name, c.measure_id order by c.period_end desc
        ) = 1
        """,
    )
    changes: dict[Any, dict[Any, Any]] = {}
    for name, measure, span, *told in rows(
        site_home,
        "select council_name, measure_id, span, from_label, to_label, from_value, change,"
        " is_more_than_chance, direction from marts.fct_change"
        " inner join marts.dim_series using (measure_id, series_id)"
        f" where stands_for_measure and council_name in ({chosen})",
    ):
        changes.setdefault((name, measure), {})[span] = told
    limits = {
        tuple(key): ends
        for *key, low, high in rows(
            site_home,
            "select measure_id, series_id, period_end, quintile, min(value), max(value)"
            " from marts.fct_comparison where quintile is not null group by all",
        )
        for ends in [(low, high)]
    }
    titles = {
        re.search("<h1>(.*?)</h1>", text)[1]: text
        for name, text in pages.items()
        if name.startswith("councils/")
    }
    checked = 0
    for name, measure, value, england, holds, quintile, of, places, unit, better, *rest in figures:
        label, series, end = rest
        card = card_of(titles[html.escape(str(name))], str(measure))
        lead = card.split("Other series of this measure")[0].split('<ul class="says">')
        listed = lead[1].split("</ul>")[0] if len(lead) > 1 else ""
        said = [
            html.unescape(re.sub(r"<[^>]+>", "", re.sub(r'<span class="glyph".*?</span>', "", one)))
            for one in re.findall(r"<li[^>]*>(.*?)</li>", listed)
        ]
        where = (name, measure, said)
        expected: list[str] = []
        if england is None:
            expected.append(r"England has no figure .*")
        else:
            beside = re.escape(f"England ({said_amount(england, places, unit)})")
            word = {True: "Better", False: "Worse"}[(value > england) == (better == "high")]
            expected.append(
                rf"(As|Above|Below) {beside}\. Whether by more than chance cannot be told: .*"
                if holds is None
                else rf"Similar to {beside}: .*within.*"
                if holds
                else rf"{word} than {beside} by more than chance: .*outside.*"
            )
        for span in ("last_period", "five_periods"):
            told = changes.get((name, measure), {}).get(span)
            if told is None or told[1] != label:
                continue
            _, _, before, change, more, direction = told
            if change is None or before is None:
                expected.append(r"(Change cannot be told\..*)?")
                continue
            moved = "No change" if change == 0 else "Up" if change > 0 else "Down"
            verdict = {
                None: r".*Whether by more than chance cannot be told\..*",
                False: ": no more than chance may do.",
                True: f": {direction}, by more than chance.",
            }[more]
            start = re.escape(f"from {said_amount(before, places, unit)} (")
            expected.append(rf"{moved}( by less than is shown)? {start}.*\){verdict}")
        trend = changes.get((name, measure), {}).get("trend")
        if trend is not None and trend[4] is not None:
            span_said = re.escape(f"{trend[0]} to {trend[1]}")
            expected.append(
                rf"(Getting {trend[5]} over {span_said}, by more than chance\.)?"
                if trend[4]
                else rf"No significant trend, {span_said}\."
            )
        if quintile is not None:
            low, high = limits[measure, series, end, quintile]
            ends = [
                said_amount(one, places, "%" if unit == "%" else "score") for one in (low, high)
            ]
            reach = re.escape(" to ".join(dict.fromkeys(ends)))
            expected.append(
                rf"Quintile {quintile} of 5 \({reach}\), of {of} councils; quintile 1 has .*"
            )
        for pattern in expected:
            found = [one for one in said if re.fullmatch(" ?" + pattern, one)]
            assert found or re.fullmatch(pattern, ""), (where, pattern)
            said = [one for one in said if one not in found[:1]]
            checked += bool(found)
        assert said == [], where
    assert len({name for name, *_ in figures}) == 20
    assert checked > 1_000


def test_a_program_gets_other_figures_than_a_page(site: Path) -> None:
    """The same address ending in .json: as many figures as in .csv, with what they mean."""
    for name in ("councils/leeds", "measures/repeat_referrals"):
        with (site / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            kept = [(row["period_label"], row["value"]) for row in csv.DictReader(file)]
        document = json.loads((site / f"{name}.json").read_text("utf-8"))
        label, value = (document["columns"].index(one) for one in ("period_label", "value"))
        told = []
        for series in document["series"]:
            assert series["unit"]
            assert series["description"]
            # England and the regions are in a measure's, and not among the councils of its CSV.
            for area in series.get("areas", [series]):
                if area.get("code", "E0")[:3] not in ("E92", "E12"):
                    told += [(one[label], one[value]) for one in area["figures"]]
        assert sorted((one, float(v)) for one, v in told if v is not None) == sorted(
            (one, float(v)) for one, v in kept if v
        )
        assert len(told) == len(kept)
        assert "Open Government Licence" in document["licence"]


def test_what_people_type_finds_nothing(visit: Any) -> None:
    page = visit().open("index")
    box = page.locator("#search")
    for typed, meant in (
        ("NEET", "Not in education, employment or training"),
        ("SEND", "Education, health and care plans"),
        ("EHCP", "Education, health and care plans"),
        ("obesity", "Excess weight"),
        ("teenage pregnancy", "Under 18 conceptions"),
        ("child poverty", "Children in low income families"),
        ("Hull", "Kingston upon Hull"),
        ("BCP", "Bournemouth"),
        ("Scilly", "Isles of Scilly"),
        ("Durham", "County Durham"),
        ("Telford", "Telford and Wrekin"),
        ("leads", "Leeds"),
    ):
        box.fill(typed)
        first = page.locator("[role=option]:visible").first
        first.wait_for()
        assert first.inner_text().startswith(meant), (typed, first.inner_text())
    box.fill("qqqq")
    status = page.locator(".search-status")
    status.get_by_role("link").first.wait_for()
    assert page.locator("[role=option]:visible").count() == 0
    assert "qqqq" in status.inner_text()


@pytest.mark.parametrize("width", [1280, 375])
def test_a_comparison_is_not_the_one_that_was_sent(visit: Any, site_home: Path, width: int) -> None:
    reader = visit(viewport={"width": width, "height": 900})
    page = reader.open("compare")
    for area in ("Leeds", "Kingston upon Hull", "England"):
        page.locator("#compare-area").fill(area)
        page.keyboard.press("Enter")
    page.locator("input[value=repeat_referrals]").focus()
    page.keyboard.press("Space")
    page.locator(".explored svg.marks").first.wait_for()
    assert page.url.endswith(
        "#areas=leeds,kingston-upon-hull-city-of,england&measures=repeat_referrals"
    )
    other = visit(viewport={"width": width, "height": 900})
    other.page.goto(page.url)
    other.page.locator(".explored svg.marks").first.wait_for()
    table = other.page.locator(".explored table").first
    assert table.inner_text() == page.locator(".explored table").first.inner_text()
    assert other.page.evaluate("document.documentElement.scrollWidth") <= width
    link = other.page.locator(".explored a[download$='.csv']").first.get_attribute("href")
    told = [line.split(",") for line in unquote(str(link)).split("\r\n")]
    ours = rows(
        site_home,
        "select value from marts.fct_core_measure where measure_id = 'repeat_referrals'"
        " and council_name = 'Leeds' and value is not null order by value",
    )
    assert sorted(float(row[4]) for row in told if row[2] == "Leeds") == [v for (v,) in ours]
    for kind, begins in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with other.page.expect_download() as download:
            other.page.get_by_role("button", name=f"Save as {kind}").first.click()
        assert Path(download.value.path()).read_bytes()[:4] == begins
    drawn = other.page.locator(".explored svg.marks text").all_text_contents()
    assert {"Leeds", "England", "2013", "2025"} <= {*drawn}
    frame = other.page.locator(".explored svg.marks").first.bounding_box()
    for label in other.page.locator(".explored svg.marks text").all():
        box = label.bounding_box()
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1, label.text_content()
    # Ten areas and no more, by the neighbours of the first that was chosen.
    assert "Leeds" in page.locator("[data-add-neighbours]").inner_text()
    page.locator("[data-add-neighbours]").click()
    assert page.locator("[data-chosen] li").count() == 10
    assert "which is the most" in page.locator("[data-compare-status]").inner_text()
    assert not reader.complaints + other.complaints


@pytest.mark.parametrize("width", [1280, 375])
def test_all_councils_cannot_be_gone_through_by_keyboard(
    visit: Any, site_home: Path, width: int
) -> None:
    """The map, the strip and the table of a measure: an earlier year, a filter, another order."""
    reader = visit(viewport={"width": width, "height": 900})
    page = reader.open("measures/repeat_referrals")
    every = page.locator(".every").first
    assert every.locator(".tile").count() == 153
    ticks = every.locator(".strip .tick").all_inner_texts()
    slider = every.locator("[data-slider]")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    every.locator("[data-period]", has_text="2024").wait_for()
    figures = {
        str(code): value
        for code, value in rows(
            site_home,
            "select council_name, value from marts.fct_core_measure"
            " where measure_id = 'repeat_referrals' and year = 2024 and value is not null",
        )
    }
    leeds = every.locator("tr[data-council=leeds] td").nth(2)
    assert leeds.inner_text() == said_amount(figures["Leeds"], 1, "score")
    assert every.locator(".strip circle").count() == len(figures)
    assert every.locator(".strip .tick").all_inner_texts() == ticks
    assert "year to March 2024" in every.locator("h3").inner_text()
    region = every.locator("[data-filter=region]")
    region.focus()
    page.keyboard.type("North East")
    shown = every.locator("tbody tr:visible")
    ((count,),) = rows(
        site_home,
        "select count(*) from marts.dim_council where is_current and region_name = 'North East'",
    )
    assert shown.count() == count
    assert f"{count} of" in every.locator("[data-count]").inner_text()
    every.get_by_role("button", name="Figure", exact=True).focus()
    page.keyboard.press("Enter")
    order = [
        float(text) for text in every.locator("tbody tr:visible td:nth-child(4)").all_inner_texts()
    ]
    assert order == sorted(order)
    assert not reader.complaints


def test_a_part_of_the_site_tells_another_number_of_councils(
    site_home: Path, pages: dict[str, str]
) -> None:
    """A region's councils better and worse than England, and where every measure stands by age."""
    page = pages["regions/north-east.html"]
    row = page.split("Repeat referrals to children")[1].split("<details")[0]
    told = {
        word: int(count)
        for count, word in re.findall(r"(\d+) (better|worse|similar|cannot be told)", row)
    }
    counted = rows(
        site_home,
        """
        select case when interval_holds_england then 'similar'
            when value < england_value then 'better' else 'worse' end as sign, count(*)
        from marts.fct_comparison where measure_id = 'repeat_referrals'
            and region_name = 'North East' and value is not null
            and period_end = (select max(period_end) from marts.fct_comparison
                where measure_id = 'repeat_referrals' and value is not null)
        group by 1
        """,
    )
    assert told == dict(counted)
    ages = pages["index.html"].split("The journey of a child")[1].split("</section>\n\n")[0]
    for (measure,) in rows(site_home, "select measure_id from marts.dim_measure"):
        assert f'href="measures/{measure}.html' in ages, measure
