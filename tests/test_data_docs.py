"""Data Docs: what the checks said of each load, kept with the build it was made for."""

from __future__ import annotations

import glob
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import factory
from conftest import IN_NEED, command, copy_of, refreshed, rows
from factory import Where, faults

from orchestration.pipeline.data_docs import DataDocs
from orchestration.pipeline.inventory import take_inventory
from warehouse.serve.home import Home

REFERRALS_2024 = Where(IN_NEED, "2024", "referrals")
REFERRALS = "c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv"
LEEDS = "E08000035"


def index_of(home: Path) -> str:
    return (home / "quality" / "latest" / "index.html").read_text("utf-8")


def test_a_load_has_no_page_or_a_link_leads_nowhere(sample_home: Path) -> None:
    docs = sample_home / "quality" / "latest"
    assert docs.resolve() == (sample_home / "builds" / "current").resolve() / "data_docs"
    loads = rows(
        sample_home,
        "select distinct publisher, publication, source_file,"
        " release || case when version > 1 then '+' || version else '' end from marts.load_quality"
        # That a release is whole is a check of no single file.
        " where source_file is not null",
    )
    assert len(loads) >= 37
    for publisher, publication, file, release in loads:
        # A page a table, where a workbook has several.
        folder = docs / f"validations/{publisher}/{publication}/{release}"
        pages = list(folder.glob(f"{glob.escape(file)}*.html"))
        assert pages, file
        assert all("Evaluated Expectations" in page.read_text("utf-8") for page in pages)
    for page in docs.rglob("*.html"):
        for address in re.findall(r'href="([^"#]+)"', page.read_text("utf-8")):
            assert (page.parent / unquote(address)).is_file(), (page.name, address)
    assert "Data Docs: " in (sample_home / "printed.txt").read_text()
    assert "index.html" in command("status", "--home", sample_home).stdout


def test_a_page_asks_the_network_or_runs_what_a_publisher_wrote(sample_home: Path) -> None:
    for page in (sample_home / "quality" / "latest").rglob("*.html"):
        text = page.read_text("utf-8")
        assert "default-src 'none'" in text
        assert not re.search(r"<(script|link|img|iframe|object|form)\b", text), page.name
        assert not re.search(r'(src|href)="(https?:)?//', text), page.name
        assert "url(" not in text


def test_the_pages_do_not_say_what_is_wrong_or_who_let_it_in(
    first_home: Path, tmp_path: Path
) -> None:
    home = copy_of(first_home, tmp_path / "home")
    one = factory.lay_out(
        tmp_path / "one",
        figures=factory.figures_of(IN_NEED),
        faults=[
            faults.drop_council(REFERRALS_2024, LEEDS),
            faults.swap_file_for_html(Where(IN_NEED, "2024", "repeat_plans")),
        ],
    )
    assert refreshed(home, one).returncode == 2
    index = index_of(home)
    assert "4\nloads, 2 of them checked for this build" in index
    assert index.count(">refused<") == 2
    assert "error: readable: " in index
    pages = sorted((home / "quality" / "latest" / "validations").rglob("*.html"))
    assert len(pages) == 3, "what could not be read has no page"
    (page,) = [page for page in pages if page.name == f"{REFERRALS}.html"]
    assert "Leeds in " in unescape(page.read_text("utf-8"))

    # Nothing is checked again for a decision: the pages go on with the next build.
    arguments = ("--reason", "<b>Known</b>", "--by", "Ada", "--file", REFERRALS)
    assert command("accept", IN_NEED, "2024", *arguments, "--home", home).returncode == 0
    assert refreshed(home, one).returncode == 2
    index = index_of(home)
    assert "loads, 0 of them checked for this build" in index
    assert "accepted: by Ada" in index
    assert "<b>Known" not in index
    assert (home / "builds" / "current").readlink() == Path("3")
    after = sorted((home / "quality" / "latest" / "validations").rglob("*.html"))
    assert [path.name for path in after] == [path.name for path in pages]
    assert not (home / "work" / "data_docs").exists()


def test_a_load_that_can_no_longer_be_read_keeps_the_page_of_when_it_could(
    tmp_path: Path, sample_home: Path
) -> None:
    home = Home(copy_of(sample_home, tmp_path / "home"))
    inventory = take_inventory(home)
    load = inventory.loads[0].load
    page = f"validations/{load.release.path}/{load.file.name}.html"
    assert (home.quality / page).is_file()
    docs = DataDocs(home)
    docs.add(load, None, None)
    docs.assemble(tmp_path / "docs", inventory)
    assert not (tmp_path / "docs" / page).exists()
    pages = [
        {path.relative_to(folder).as_posix() for path in (folder / "validations").rglob("*.html")}
        for folder in (home.quality, tmp_path / "docs")
    ]
    assert pages[0] - pages[1] == {page}
