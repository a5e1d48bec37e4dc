"""A council's pack for discussion: its figures, its words, its questions, and it on paper."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import PROJECT, command, rows

# A city, the smallest county, one of a name that people do not use, and one of few figures.
COUNCILS = ["leeds", "rutland", "kingston-upon-hull-city-of", "isles-of-scilly"]
AMBITIONS = 4
PAGES = AMBITIONS + 2
A4_IN_POINTS = (595.3, 841.9)


@pytest.fixture(scope="module")
def packs(site_home: Path) -> dict[str, str]:
    folder = site_home / "published" / "latest" / "site" / "packs"
    return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.html"))}


def text_of(markup: str) -> str:
    """What a reader sees of a part of a page, without its pictures and its signs."""
    shown = re.sub(
        r"<svg.*?</svg>|<span class=\"(?:glyph|unseen)\".*?</span>", "", markup, flags=re.S
    )
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown)).split())


def sections_of(page: str) -> dict[str, str]:
    """Each measure's part of a pack."""
    parts = re.split(r'<div class="measure(?: none)?">', page)[1:]
    return {re.search(r'<h3 id="([^"]+)"', part)[1]: part for part in parts}


def questions_of(page: str) -> list[list[tuple[str, str, str]]]:
    """By ambition: the rule, the measure and the text of each question."""
    return [
        [
            (rule, measure, text_of(text).rsplit(" (", 1)[0])
            for rule, measure, text in re.findall(
                r'<li data-rule="([^"]+)" data-measure="([^"]+)"><strong>.*?</strong>(.*?)</li>',
                part.split("</ol>")[0],
            )
        ]
        for part in page.split('<div class="questions">')[1:]
    ]


def half_up(value: float, decimals: int) -> str:
    exact = Decimal(repr(round(value, 9)))
    return f"{exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,}"


def name_of(page: str) -> str:
    return html.unescape(re.search(r'<h1 id="pack">(.*?): core measures', page)[1])


def standing(home: Path, name: str) -> dict[str, dict[str, Any]]:
    """By measure: a council's newest figure in the series that stands, with all set beside it."""
    found = rows(
        home,
        f"""
        select s.measure_id, {{
            'value': f.value, 'd': s.decimals, 'unit': s.unit, 'lower': f.lower_95,
            'upper': f.upper_95, 'england': c.england_value, 'median': c.neighbours_median,
            'holds_england': c.interval_holds_england,
            'holds_median': c.interval_holds_neighbours, 'polarity': s.polarity,
            'neighbours': c.neighbours_with_value, 'label': f.period_label
        }}
        from marts.fct_core_measure as f
        inner join marts.dim_series as s using (measure_id, series_id, period_type)
        left join marts.fct_comparison as c
            using (measure_id, series_id, council_code, period_type, period_start, period_end)
        inner join marts.dim_council as d on f.council_code = d.council_code
        where s.stands_for_measure and f.value is not null and d.current_code = (
            select council_code from marts.dim_council
            where council_name = $${name}$$ and is_current
        )
        qualify row_number() over (partition by s.measure_id order by f.period_end desc) = 1
        """,
    )
    return {str(measure): dict(cells) for measure, cells in found}  # type: ignore[call-overload]


# --- what it says


@pytest.mark.parametrize("council", COUNCILS)
def test_a_pack_shows_another_figure_than_the_marts(
    site_home: Path, packs: dict[str, str], council: str
) -> None:
    newest = standing(site_home, name_of(packs[council]))
    sections = sections_of(packs[council])
    assert set(newest) <= set(sections)
    assert len(newest) > 3
    for measure, section in sections.items():
        shown = re.search(r'<data class="value" value="([^"]+)">([^<]+)</data>', section)
        if measure not in newest:
            assert shown is None, measure
            assert "No figure." in section or "One survey" in section, measure
            continue
        figure = newest[measure]
        said = half_up(figure["value"], figure["d"])
        assert float(shown[1]) == figure["value"], measure
        assert shown[2] == said + ("%" if figure["unit"] == "%" else ""), measure
        text = text_of(section)
        if figure["lower"] is not None:
            places = max(figure["d"], 1)
            sign = "%" if figure["unit"] == "%" else ""
            low, high = (half_up(figure[end], places) + sign for end in ("lower", "upper"))
            assert f"95% confidence interval {low} to {high}" in text, measure
        for name, beside, holds in (
            ("England", "england", "holds_england"),
            ("the neighbours’ median", "median", "holds_median"),
        ):
            line = re.search(rf"(\S+ (?:than |to )?){name} \(([\d.,]+)%?\)([^.]*)", text)
            if figure[beside] is None:
                assert line is None, (measure, name)
                continue
            assert line[2] == half_up(figure[beside], figure["d"]), (measure, name)
            if figure[holds] is None:
                assert line[3] == ": cannot be told from chance", (measure, name)
            elif figure[holds]:
                assert line[1] == "Similar to ", (measure, name)
                assert f"Similar to {name}" in text
            else:
                low_is_better = figure["polarity"] == "low"
                lower = figure["value"] < figure[beside]
                word = "Better" if low_is_better == lower else "Worse"
                assert f"{word} than {name}" in text, (measure, name)


@pytest.mark.parametrize("council", COUNCILS)
def test_a_change_is_another_than_the_marts_say(
    site_home: Path, packs: dict[str, str], council: str
) -> None:
    """Both on an ambition's page and in what changed most, which leaves out what may be chance."""
    name = name_of(packs[council])
    changes = rows(
        site_home,
        "select measure_id, span, from_value, change, is_more_than_chance, direction, decimals"
        " from marts.fct_change inner join marts.dim_series using (measure_id, series_id)"
        f" where stands_for_measure and council_name = $${name}$$ and change is not null"
        " and span in ('last_period', 'five_periods')",
    )
    sections = sections_of(packs[council])
    first = packs[council].split('<h2 id="beside">')[0]
    moved = set()
    for measure, span, before, change, more, direction, decimals in changes:
        text = text_of(sections[str(measure)])
        said = half_up(float(str(before)), int(str(decimals)))
        went = "Up" if float(str(change)) > 0 else "Down" if float(str(change)) < 0 else "No change"
        line = next(
            one for one in re.findall(rf"{went}[^.]*? from {re.escape(said)}%? [^:]*:[^.]*\.", text)
        )
        end = {None: "cannot be told from chance.", False: "no more than chance may do."}
        assert line.endswith(end.get(more, f"{direction}, by more than chance.")), (measure, span)  # type: ignore[call-overload]
        if more:
            moved.add(str(measure))
    told = set(re.findall(r'<li data-measure="([^"]+)">', first.split("Over the newest")[0]))
    assert told <= moved
    if len(moved) <= 4:
        assert told == moved


def numbers_in(text: str) -> set[str]:
    return set(re.findall(r"\d[\d,]*(?:\.\d+)?", text))


def amounts(question: str, unit: str) -> list[str]:
    """The numbers of a question that are figures: no years, no days, no part of a unit."""
    text = question.replace(f" {unit}", "") if unit not in ("%", "score") else question
    months = "January|February|March|April|May|June|July|August|September|October|November|December"
    text = re.sub(rf"\b\d{{1,2}} (?={months})", "", text)
    text = re.sub(r"\b(?:19|20)\d\d(?:/\d\d| - \d\d)?\b(?!%)", "", text)
    return sorted(numbers_in(text))


def test_a_question_has_a_number_that_no_mart_has(site_home: Path, packs: dict[str, str]) -> None:
    facts: dict[tuple[str, str], list[tuple[float | None, str]]] = {}
    for name, measure, value, status in rows(
        site_home,
        "select today.council_name, measure_id, value, status from marts.fct_core_measure"
        " inner join marts.dim_series using (measure_id, series_id, period_type)"
        " inner join marts.dim_council as of_period using (council_code)"
        " inner join marts.dim_council as today on of_period.current_code = today.council_code"
        " where stands_for_measure order by period_end",
    ):
        facts.setdefault((str(name), str(measure)), []).append((value, str(status)))  # type: ignore[arg-type]
    # What is not a figure and has numbers: units, breaks, ends, why nothing is held.
    sayings = {
        str(measure): (str(unit), int(str(decimals)), numbers_in(str(said)))
        for measure, unit, decimals, said in rows(
            site_home,
            "select measure_id, arg_max(unit, stands_for_measure),"
            " arg_max(decimals, stands_for_measure),"
            " string_agg(concat_ws(' ', ended_because, not_held_because, s.last_year,"
            " what_changed)) from marts.dim_series as s"
            " left join seeds.series_break using (measure_id, series_id)"
            " group by measure_id",
        )
    }
    seen = set()
    for council in (*COUNCILS, "birmingham", "essex", "city-of-london", "cumberland"):
        name = name_of(packs[council])
        newest = standing(site_home, name)
        for rule, measure, text in chain(*questions_of(packs[council])):
            seen.add(rule)
            unit, decimals, said = sayings[measure]
            found = facts.get((name, measure), [])
            values = [value for value, _ in found if value is not None]
            values += [
                value
                for one in ("england", "median")
                if (value := newest.get(measure, {}).get(one)) is not None
            ]
            allowed = {half_up(value, decimals) for value in values}
            if rule == "gap to neighbours":
                allowed.add(str(newest[measure]["neighbours"]))
            if rule == "run of suppressed figures":
                runs = "".join("x" if status == "suppressed" else " " for _, status in found)
                longest = str(max(map(len, runs.split())))
                assert text.startswith(f"{longest} figures in a row"), (council, text)
                allowed.add(longest)
            if rule in ("measure without figures", "definition that ended", "break of the series"):
                allowed |= said
            assert set(amounts(text, unit)) <= allowed, (council, rule, text)
    assert {"gap to neighbours", "run of suppressed figures", "break of the series"} <= seen


def test_an_ambition_has_another_number_of_questions_than_three(packs: dict[str, str]) -> None:
    assert len(packs) == 153
    for council, page in packs.items():
        asked = questions_of(page)
        assert [len(ones) for ones in asked] == [3] * AMBITIONS, council
        for ones in asked:
            assert len({measure for _, measure, _ in ones}) == 3, council
            assert all(text.endswith("?") for _, _, text in ones), council


def test_a_question_is_a_verdict(packs: dict[str, str]) -> None:
    for council, page in packs.items():
        for ones in questions_of(page):
            for _, _, text in ones:
                forbidden = r"\b(should|must|fail\w*|poor\w*|rank\w*|best|worst|target)\b"
                assert not re.search(forbidden, text), (council, text)


def test_a_question_comes_from_a_rule_that_nobody_can_read() -> None:
    """Each rule stands in the document, in the order in which it is asked, with when it applies."""
    from warehouse.site.questions import RULES

    document = (PROJECT / "docs" / "pack.md").read_text("utf-8")
    told = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", document, re.MULTILINE)[2:]
    assert told == [(rule.name, rule.when) for rule in RULES]
    assert all("`" in (type(rule).__doc__ or "") for rule in RULES), "where it is from"


def test_a_gap_that_may_be_chance_is_asked_about(site_home: Path, tmp_path: Path) -> None:
    from warehouse.site.pack import make_pack

    warehouse = tmp_path / "core_measures.duckdb"
    shutil.copy((site_home / "warehouse" / "core_measures.duckdb").resolve(), warehouse)
    ((code,),) = rows(
        site_home, "select council_code from marts.dim_council where council_name = 'Leeds'"
    )

    def rules() -> set[str]:
        ambitions = make_pack(warehouse, str(code)).content["ambitions"]
        return {question.rule.name for one in ambitions for question in one["questions"]}

    assert {"gap to neighbours", "gap to England"} & rules()
    with duckdb.connect(str(warehouse)) as con:
        con.execute(
            "update marts.fct_comparison set interval_holds_neighbours = true,"
            " interval_holds_england = null"
        )
        con.execute("update marts.fct_change set is_more_than_chance = false, direction = null")
    left = rules()
    assert not left & {"gap to neighbours", "gap to England", "change of more than chance"}
    assert "change within chance" in left


def test_a_council_has_no_pack_or_its_page_leads_to_none(
    site_home: Path, packs: dict[str, str]
) -> None:
    councils = site_home / "published" / "latest" / "site" / "councils"
    linked = {
        path.stem
        for path in councils.glob("*.html")
        if f'href="../packs/{path.stem}.html"' in path.read_text("utf-8")
    }
    ((today,),) = rows(site_home, "select count(*) from marts.dim_council where is_current")
    assert len(packs) == today
    assert linked == set(packs)


def test_a_pack_is_heavy(packs: dict[str, str]) -> None:
    assert max(len(page.encode()) for page in packs.values()) < 150_000


# --- the command


def test_a_council_is_not_found_by_what_people_call_it(site_home: Path) -> None:
    told = command("pack", "Hull", "--home", site_home)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("Kingston upon Hull, City of: core measures, for discussion\n")
    assert "What changed most" in told.stdout
    assert len(re.findall(r"^[123]\. ", told.stdout, re.MULTILINE)) == 3 * AMBITIONS
    by_code = command("pack", "E06000010", "--home", site_home)
    assert by_code.stdout == told.stdout


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Atlantis", "No council 'Atlantis'. Give a name or code as in marts.dim_council."),
        ("Leads", "No council 'Leads'. Did you mean Leeds (E08000035)?"),
    ],
)
def test_a_council_that_is_not_there_gets_a_pack(site_home: Path, asked: str, said: str) -> None:
    told = command("pack", asked, "--home", site_home)
    assert (told.returncode, told.stderr.strip(), told.stdout) == (1, said, "")


@pytest.mark.parametrize("option", ["--html", "--pdf"])
def test_a_file_that_cannot_be_written_is_a_traceback(
    site_home: Path, tmp_path: Path, option: str
) -> None:
    if option == "--pdf":
        needs_weasyprint()
    told = command("pack", "Rutland", option, tmp_path / "no" / "pack", "--home", site_home)
    assert told.returncode == 1
    assert told.stderr.strip().splitlines()[-1].endswith("No such file or directory.")
    assert "Traceback" not in told.stderr


def test_a_home_of_nothing_gives_a_pack(tmp_path: Path) -> None:
    told = command("pack", "Leeds", "--home", tmp_path / "home")
    assert told.returncode == 1
    assert "There is no warehouse" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_home_of_few_figures_gives_no_pack(first_home: Path, tmp_path: Path) -> None:
    """Two measures, no neighbours: every page is there, and says what is not held."""
    told = command("pack", "Leeds", "--html", tmp_path / "leeds.html", "--home", first_home)
    assert told.returncode == 0, told.stderr
    page = (tmp_path / "leeds.html").read_text("utf-8")
    assert "No statistical neighbours of this council are held." in page
    assert page.count('<section class="sheet') == PAGES
    assert [len(ones) for ones in questions_of(page)] == [3] * AMBITIONS
    assert "measure without figures" in {rule for ones in questions_of(page) for rule, _, _ in ones}
    ((held,),) = rows(first_home, "select count(distinct measure_id) from marts.fct_core_measure")
    assert page.count('<data class="value"') == held == 2


def test_a_page_that_stands_alone_leads_to_what_is_not_there(
    site_home: Path, tmp_path: Path
) -> None:
    told = command("pack", "Rutland", "--html", tmp_path / "pack.html", "--home", site_home)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("Written: ")
    page = (tmp_path / "pack.html").read_text("utf-8")
    inside = set(re.findall(r'\sid="([^"]+)"', page))
    for target in re.findall(r'(?:href|src)="([^"]+)"', page):
        assert target.startswith(("https://", "data:")) or target[1:] in inside, target
    assert "@import" not in page
    assert "url(" not in page


def test_a_miss_of_weasyprint_is_a_traceback(site_home: Path, tmp_path: Path) -> None:
    for raised, said in (
        ("ImportError('No module named weasyprint')", "pip install 'core-measures[pack]'"),
        ("OSError('cannot load library libpango-1.0-0')", "WeasyPrint does not find Pango"),
    ):
        (tmp_path / "weasyprint.py").write_text(f"raise {raised}\n")
        target = tmp_path / "pack.pdf"
        told = subprocess.run(
            [
                *(sys.executable, "-m", "orchestration.cli", "pack", "Leeds"),
                *("--pdf", target, "--home", site_home),
            ],
            env=os.environ | {"PYTHONPATH": f"{tmp_path}:{PROJECT}"},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 1
        assert said in told.stderr
        assert len(told.stderr.strip().splitlines()) == 1, told.stderr
        assert not target.exists()


# --- on paper


def needs_weasyprint() -> None:
    """WeasyPrint with all that it draws with, or the test is skipped and says why."""
    try:
        import weasyprint  # noqa: F401
    except ImportError:
        pytest.skip("needs core-measures[pack]")
    except OSError as missing:
        pytest.skip(f"WeasyPrint does not find the system's Pango: {missing}")


@pytest.mark.parametrize("council", ["Leeds", "Isles of Scilly"])
def test_a_pack_has_another_number_of_pages_than_one_an_ambition(
    site_home: Path, tmp_path: Path, council: str
) -> None:
    needs_weasyprint()
    from pypdf import PdfReader

    told = command("pack", council, "--pdf", tmp_path / "pack.pdf", "--home", site_home)
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip().endswith(f"pack.pdf, {PAGES} pages of A4")
    assert told.stderr == ""
    pages = PdfReader(BytesIO((tmp_path / "pack.pdf").read_bytes())).pages
    assert len(pages) == PAGES
    for page in pages:
        size = (float(page.mediabox.width), float(page.mediabox.height))
        assert size == pytest.approx(A4_IN_POINTS, abs=1)
    texts = [" ".join(page.extract_text().split()) for page in pages]
    titles = rows(
        site_home,
        "select ambition_title from marts.dim_measure group by 1 order by min(lga_number)",
    )
    assert "What changed most" in texts[0]
    for text, (title,) in zip(texts[1:-1], titles, strict=True):
        assert str(title) in text
        assert "Questions that the figures raise" in text
    assert "Sources and caveats" in texts[-1]


def test_a_browser_prints_another_number_of_pages(
    browser: Any, site_home: Path, packs: dict[str, str]
) -> None:
    """Of the longest pack too, and without what a page has for a screen."""
    folder = (site_home / "published" / "latest" / "site" / "packs").resolve()
    longest = max(packs, key=lambda name: len(text_of(packs[name])))
    page = browser.new_page()
    for name in (longest, *COUNCILS):
        page.goto((folder / f"{name}.html").as_uri())
        sheets = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", sheets)) == PAGES, name
    page.emulate_media(media="print")
    assert not page.locator(".masthead").is_visible()
    assert page.locator(".pack svg.chart").first.is_visible()
    page.close()


def test_a_pack_cannot_be_read_on_a_telephone(browser: Any, site_home: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    folder = (site_home / "published" / "latest" / "site" / "packs").resolve()
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.goto((folder / "leeds.html").as_uri())
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    # Axe would read the style sheet by a request, which the page forbids.
    options = {"runOnly": rules, "preload": False, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    assert [one["id"] for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.close()
