"""The sample is what it says: real figures, to the letter, in their publishers' layouts."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import ModuleType

import factory
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from conftest import NOT_IN_SAMPLE, rows

from ingest.archive.release import Release, in_order
from ingest.archive.store import Archive
from ingest.contracts.load import load_contracts
from ingest.reading.grids import read_table, read_workbook
from ingest.reading.loads import Load, loads_of
from ingest.reading.recognise import column_mapping, unlisted_columns
from ingest.sample import (
    LAYOUT_NOTE,
    SCHEMA,
    accepted_as_lacking,
    faults,
    lay_out,
    lay_out_sample,
    read_figures,
    read_releases,
    reissued,
    synthetic,
)
from ingest.sample.cuts import CUTS, read_cut_releases, read_cuts, wanted_releases
from ingest.sample.faults import Fault, LaidOutFile, Where
from ingest.sample.figures import CELLS, FIGURES, KEY, write_figures
from ingest.sample.layout import COUNCILS
from ingest.sample.layouts import Layout, end_year, layouts, shift_period
from warehouse.serve.home import Home

PROJECT = Path(__file__).parents[1]
PUBLISHED = Path(__file__).parents[2] / "shared" / "published"
needs_published = pytest.mark.skipif(
    not PUBLISHED.is_dir(),
    reason="needs the archive of files as published, ../shared/published, beside this project",
)

IN_NEED = "characteristics-of-children-in-need"
LOOKED_AFTER = "children-looked-after-in-england-including-adoptions"
NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
REFERRALS = Where(IN_NEED, "2024", "referrals")
REFERRALS_FILE = "c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv"
INJURIES = Where("90284", "2025-06")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("sample"))


@lru_cache(maxsize=1)
def figures() -> list[dict[str, str]]:
    return read_figures().to_pylist()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def read_rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def cells_of(layout: Layout, data: bytes) -> dict[tuple[str, str, str, str], dict[str, str]]:
    """Rows by kind of row, area's level and code, and period; read apart from the code tested."""
    found: dict[tuple[str, str, str, str], dict[str, str]] = {}
    ees = layout.kind == "ees"
    levels = {"national": "country", "regional": "region", "local authority": "council"}
    codes = {"country": "country_code", "region": "region_code", "council": "new_la_code"}
    prefixes = {"E92": "country", "E12": "region"}
    for row in read_rows(data):
        if ees:
            word = row["geographic_level"].lower()
            if word not in levels or not row[codes[levels[word]]].strip():
                continue
            level, code, period = levels[word], row[codes[levels[word]]], row["time_period"]
        else:
            code, period = row["Area Code"], row["Time period"]
            level = prefixes.get(code[:3], "council")
        for kind, cells in layout.rows.items():
            if all(row[column] == cell for column, cell in cells.items()):
                found[kind, level, code, period] = row
    return found


def differences(archive: Path) -> list[str]:
    """Every cell of the sample's table that an archive's file does not have in its place."""
    wrong: list[str] = []
    by_file: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for figure in figures():
        by_file.setdefault((figure["publication"], figure["release"], figure["file"]), []).append(
            figure
        )
    for (publication, release, file), held in by_file.items():
        layout = layouts()[publication, release, file]
        years = [end_year(figure["period"]) for figure in held]
        name = layout.file_name(min(years), max(years))
        (path,) = archive.glob(f"*/{publication}/{release}/{name}")
        rows = cells_of(layout, path.read_bytes())
        specs = {(s.measure, s.series, s.part): s for s in layout.figures}
        for figure in held:
            spec = specs[figure["measure_id"], figure["series_id"], figure["part"]]
            for cell, place in spec.cells.items():
                at = (place.row, figure["area_level"], figure["area_code"], figure["period"])
                there = rows[at][place.column] if at in rows else None
                if there != figure[cell]:
                    wrong.append(f"{path.name}: {at} {place.column}: {there!r}, {figure[cell]!r}")
    return wrong


def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "write_sample", PROJECT / "scripts" / "write_sample.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The figures are the publishers' own.


@needs_published
def test_no_figure_of_the_sample_differs_from_the_cell_that_was_published() -> None:
    assert differences(PUBLISHED) == []


@needs_published
def test_no_council_year_or_release_that_was_published_is_missing_from_the_sample() -> None:
    published, releases = writer().read_archive(PUBLISHED)
    keys = [(name, "ascending") for name in KEY]
    assert published.sort_by(keys).equals(read_figures().sort_by(keys))
    assert sorted(releases, key=lambda r: r.path) == sorted(read_releases(), key=lambda r: r.path)


@needs_published
def test_no_published_file_is_copied_into_the_project() -> None:
    published = {
        hashlib.sha256(path.read_bytes()).hexdigest(): path
        for path in PUBLISHED.rglob("*")
        if path.is_file() and path.stat().st_size > 0
    }
    sizes = {path.stat().st_size for path in published.values()}
    ours = (
        path
        for path in PROJECT.rglob("*")
        if path.is_file()
        and not {".git", ".venv", "data"} & set(path.relative_to(PROJECT).parts)
        and path.stat().st_size in sizes
    )
    assert [p for p in ours if hashlib.sha256(p.read_bytes()).hexdigest() in published] == []


@pytest.mark.parametrize(
    ("measure", "series", "release", "expected"),
    [
        (
            "good_level_of_development",
            "profile_2013",
            "2018-19",
            ["51.7", "60.4", "66.3", "69.3", "70.7", "71.5", "71.8"],
        ),
        ("good_level_of_development", "profile_2021", "2021-22", ["65.200000"]),
        (
            "gcse_english_and_maths",
            "grade_5_or_above",
            "2022-23",
            ["43.4", "49.9", "51.9", "50", "45.5"],
        ),
        (
            "ehc_plans_in_20_weeks",
            "excluding_exceptions",
            "2025",
            ["60.4", "58", "59.9", "49.2", "50.3", "46.4"],
        ),
        (
            "not_in_education_employment_or_training",
            "neet_or_not_known",
            "2024",
            ["5.4"],
        ),
        ("care_leavers_in_suitable_accommodation", "age_19_to_21", "2024", None),
    ],
)
def test_englands_figures_are_those_that_the_department_announced(
    measure: str, series: str, release: str, expected: list[str] | None
) -> None:
    values = [
        figure["value"]
        for figure in sorted(figures(), key=lambda f: f["period"])
        if (figure["measure_id"], figure["series_id"]) == (measure, series)
        and figure["release"] == release
        and figure["area_level"] == "country"
    ]
    if expected is None:
        assert values[-1] == "88"
    else:
        assert values == expected


def test_marks_and_stray_spaces_are_kept_to_the_letter() -> None:
    values = {figure["value"] for figure in figures()}
    assert {"c", "x", "z", "u", "", " 49.166", "64.300000000000"} <= values


def test_every_measure_of_the_publications_read_is_in_the_sample() -> None:
    measures = {(figure["measure_id"], figure["series_id"]) for figure in figures()}
    assert len({measure for measure, _ in measures}) == 22
    assert {series for m, series in measures if m == "ehc_plans_in_20_weeks"} == {
        "excluding_exceptions",
        "including_exceptions",
        "statements_in_26_weeks",
    }


def test_every_area_of_the_sample_has_a_name_to_be_laid_out_with() -> None:
    councils = list(csv.DictReader(COUNCILS.read_text("utf-8").splitlines()))
    named = {row["council_code"] for row in councils} | {"E92000001"}
    named |= {row["region_code"] for row in councils} | {row["dfe_region_code"] for row in councils}
    assert {figure["area_code"] for figure in figures()} - named == set()


def test_the_sample_stays_small_enough_to_travel_with_the_code() -> None:
    assert FIGURES.stat().st_size < 1_000_000
    assert sum(path.stat().st_size for path in CUTS.iterdir()) < 4_000_000


def test_a_measure_that_is_at_hand_has_no_figure_in_the_sample(sample_home: Path) -> None:
    without = rows(
        sample_home,
        """
        select measure_id
        from marts.dim_measure
        left join marts.fct_core_measure using (measure_id)
        group by 1
        having count(value) = 0
        """,
    )
    assert without == [("health_behaviours_at_15",)]


def test_a_publication_is_left_out_of_the_sample_without_a_reason(sample_home: Path) -> None:
    held = {path.name for path in (sample_home / "archive").glob("*/*")}
    assert held == load_contracts().keys() - NOT_IN_SAMPLE.keys()


@needs_published
def test_the_newest_release_at_hand_or_the_one_before_it_is_not_in_the_sample(
    sample_home: Path,
) -> None:
    kept = Home(sample_home).archive
    for name, contract in load_contracts().items():
        releases = Archive(PUBLISHED).releases(contract.publisher, name)
        read = [r for r in releases if isinstance(r, Release) and loads_of(contract, r)[0]]
        # The injuries of June 2025 are at hand twice, once under their regions.
        editions = [r for r in in_order(read) if not r.release.endswith("-regions")]
        newest = {release.path for release in editions[-2:]}
        held = {release.path for release in kept.held(contract.publisher, name)}
        assert name in NOT_IN_SAMPLE or newest <= held, newest - held


def test_a_release_of_the_sample_lacks_a_file_and_nobody_says_why(sample_home: Path) -> None:
    """What is at hand of it is served all the same, and nothing waits for a person."""
    told = rows(
        sample_home,
        "select distinct publisher || '/' || publication || '/' || release, explanation"
        " from marts.load_quality where check_name = 'complete' and not success",
    )
    assert told == [(one.release, one.reason) for one in accepted_as_lacking()] != []
    newest = rows(
        sample_home,
        "select measure_id, max(year) from marts.fct_core_measure"
        f" where publication = '{LOOKED_AFTER}' group by 1",
    )
    ended = {str(measure) for measure, year in newest if year != 2025}
    assert ended == {"looked_after_until_18"}


def test_writing_the_table_again_changes_no_byte(tmp_path: Path) -> None:
    # Not against the packaged bytes: another release of pyarrow signs its files otherwise.
    table = read_figures()
    write_figures(table, tmp_path / "one.parquet")
    write_figures(table.take(list(reversed(range(table.num_rows)))), tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert read_figures(tmp_path / "one.parquet").equals(table)


# The cuts are the publishers' own cells too.


@pytest.fixture(scope="module")
def whole_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out_sample(tmp_path_factory.mktemp("whole"))


def cut_loads(archive: Path) -> Iterator[tuple[Load, Path]]:
    for cut in read_cut_releases():
        publication = load_contracts()[cut.publication]
        for release in Archive(archive).releases(cut.publisher, cut.publication):
            assert isinstance(release, Release)
            if release.path == cut.path:
                for load in loads_of(publication, release)[0]:
                    yield load, archive / release.path / load.file.name


def read_all(archive: Path, loads: list[Load]) -> list[pa.Table]:
    """Each load as its contract reads it; a workbook is parsed once for all of its."""
    tables: list[pa.Table] = []
    for (path, kind), some in groupby(
        loads,
        lambda load: (archive / load.release.path / load.file.name, load.contract.reading.format),
    ):
        data, contracts = path.read_bytes(), [load.contract for load in some]
        if kind == "workbook":
            tables += read_workbook(data, [(c.reading, c.kept, ()) for c in contracts])
        else:
            tables += [read_table(data, c.reading, c.kept) for c in contracts]
    assert all(isinstance(table, pa.Table) for table in tables)
    return tables


@pytest.fixture(scope="module")
def cuts_read(whole_sample: Path) -> list[tuple[Load, pa.Table]]:
    loads = [load for load, _ in cut_loads(whole_sample)]
    return list(zip(loads, read_all(whole_sample, loads), strict=True))


@needs_published
def test_a_cell_of_a_cut_differs_from_the_one_that_was_published(
    cuts_read: list[tuple[Load, pa.Table]],
) -> None:
    all_theirs = read_all(PUBLISHED, [load for load, _ in cuts_read])
    for (load, ours), theirs in zip(cuts_read, all_theirs, strict=True):
        contract, path = load.contract, load.release.path
        # Rows are numbered anew, and columns that nobody reads are left out.
        columns = [name for name in ours.column_names if name != "source_row"]
        missing = contract.kept & {*theirs.column_names} - {*columns}
        assert not missing, path
        level = next(c for c in contract.columns if c.name == contract.area.level)
        kept = [
            row
            for row in theirs.to_pylist()
            if not (
                contract.area.level_from_code
                and contract.area.known_by == "gss"
                and any(contract.is_ignored_level(row.get(n) or "") for n in level.published_as)
            )
        ]
        assert ours.select(columns).to_pylist() == [
            {name: row[name] for name in columns} for row in kept
        ], path


@needs_published
def test_a_cut_is_not_what_the_script_makes_of_its_file() -> None:
    quick = "schools-rated-good-or-outstanding"
    cuts, releases = writer().read_files_to_cut(PUBLISHED, {quick: wanted_releases()[quick]})
    assert cuts[quick] == list(read_cuts(quick))
    assert releases == [r for r in read_cut_releases() if r.publication == quick]


def test_a_release_is_asked_for_and_not_cut() -> None:
    made = {(release.publication, release.folder) for release in read_cut_releases()}
    assert made == {(name, each) for name, all_of in wanted_releases().items() for each in all_of}


def test_a_file_that_is_cut_is_not_one_that_its_contract_reads(
    whole_sample: Path, cuts_read: list[tuple[Load, pa.Table]]
) -> None:
    read = {(load.release.path, load.file.name) for load, _ in cuts_read}
    assert read == {(r.path, file.name) for r in read_cut_releases() for file in r.files}
    for load, table in cuts_read:
        assert table.num_rows > 100, load.release.path
    assert all(isinstance(release, Release) for release in Archive(whole_sample).verify())


def test_the_whole_sample_is_laid_out_otherwise_each_time(
    whole_sample: Path, tmp_path: Path
) -> None:
    assert contents(lay_out_sample(tmp_path / "again")) == contents(whole_sample)


def test_a_person_or_an_address_came_along_with_the_settings() -> None:
    (sheet,) = read_cuts("childcare-providers-and-inspections")
    header = " ".join(sheet.rows[0]).lower()
    assert "urn" in header
    assert not any(word in header for word in ("name", "address", "postcode", "phone", "mail"))


# What is laid out is an archive of such files.


def test_two_layings_out_are_byte_for_byte_the_same(sample: Path, tmp_path: Path) -> None:
    assert contents(lay_out(tmp_path / "again")) == contents(sample)


def test_no_figure_is_lost_or_changed_on_the_way_to_its_file(sample: Path) -> None:
    assert differences(sample) == []


def test_the_laid_out_archive_is_sound_and_says_that_it_is_a_sample(sample: Path) -> None:
    releases = list(Archive(sample).verify())
    assert all(isinstance(release, Release) for release in releases), releases
    assert len(releases) == len(read_releases())
    assert {r.layout for r in releases if isinstance(r, Release)} == {LAYOUT_NOTE}


def test_every_laid_out_file_has_the_columns_that_its_contract_reads(sample: Path) -> None:
    contracts = load_contracts()
    read = 0
    for release in Archive(sample).verify():
        assert isinstance(release, Release)
        loads, unknown = loads_of(contracts[release.publication], release)
        assert unknown == []
        for load in loads:
            path = sample / release.path / load.file.name
            with path.open(encoding="utf-8-sig", newline="") as lines:
                header = next(csv.reader(lines))
            mapping = column_mapping(load.contract, header)
            assert unlisted_columns(load.contract, header) == []
            rows = read_rows(path.read_bytes())
            dropped = [rule.where for rule in load.contract.dropped_rows]
            keys = [
                key
                for row in rows
                if not any(all(row[mapping[c]] == v for c, v in w.items()) for w in dropped)
                for key in [tuple(row[mapping[column]] for column in load.contract.key)]
            ]
            assert len(keys) == len(set(keys)), path
            read += 1
    assert read == len(layouts())


def test_the_invented_council_of_2021_is_there_to_be_dropped(sample: Path) -> None:
    (path,) = sample.glob(f"*/{NEET}/2021/*.csv")
    demo = [row for row in read_rows(path.read_bytes()) if row["la_name"] == "LA demo"]
    assert [(row["geographic_level"], row["new_la_code"]) for row in demo] == [
        ("Local authority", "")
    ]


@pytest.mark.parametrize(
    ("release", "columns", "line_end", "bom"),
    [
        ("2022", ["cla_group", "characteristic", "number", "percentage"], b"\r\n", True),
        ("2024", ["cla_group", "placement_stability", "number", "percentage"], b"\n", True),
    ],
)
def test_each_release_keeps_the_columns_and_line_ends_that_it_was_published_with(
    sample: Path, release: str, columns: list[str], line_end: bytes, bom: bool
) -> None:
    (path,) = sample.glob(f"*/{LOOKED_AFTER}/{release}/la_cla_placement_stability.csv")
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") is bom
    first = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0] + b"\n"
    assert first.endswith(line_end) and (line_end == b"\r\n" or b"\r" not in data)
    assert first.decode().strip().split(",")[-4:] == columns


@needs_published
def test_laid_out_headers_are_those_of_the_files_as_published(sample: Path) -> None:
    for publication, release, file in layouts():
        layout = layouts()[publication, release, file]
        folder = f"*/{publication}/{release}"
        held = [
            f
            for f in figures()
            if (f["publication"], f["release"], f["file"]) == (publication, release, file)
        ]
        years = [end_year(f["period"]) for f in held]
        name = layout.file_name(min(years), max(years))
        (ours,), (theirs,) = sample.glob(f"{folder}/{name}"), PUBLISHED.glob(f"{folder}/{name}")
        ours_first, theirs_first = (p.read_bytes().split(b"\n", 1)[0] for p in (ours, theirs))
        if not layout.reduced:
            assert ours_first == theirs_first
        assert ours_first.endswith(b"\r") == theirs_first.endswith(b"\r")
        assert ours_first.startswith(b"\xef\xbb\xbf") == theirs_first.startswith(b"\xef\xbb\xbf")


def test_one_publication_can_be_laid_out_alone(tmp_path: Path) -> None:
    lay_out(tmp_path, publications=["92196"])
    assert [path.name for path in tmp_path.glob("*/*")] == ["92196"]


def test_a_publication_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no-such-thing"):
        lay_out(tmp_path, publications=["no-such-thing"])


def test_a_made_up_figure_can_be_laid_out_from_one_dictionary(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        figures=[
            {
                "publication": IN_NEED,
                "release": "2024",
                "file": "referrals",
                "measure_id": "repeat_referrals",
                "series_id": "within_12_months",
                "area_level": "council",
                "area_code": "E08000025",
                "period": "2024",
                "value": "12.5",
            }
        ],
    )
    (path,) = tmp_path.glob("*/*/*/*.csv")
    (row,) = read_rows(path.read_bytes())
    assert path.name == "c1_children_in_need_referrals_and_rereferrals_2024_to_2024.csv"
    assert (row["la_name"], row["Re_referrals_percent"], row["Referrals"]) == (
        "Birmingham",
        "12.5",
        "z",
    )


def test_a_figure_of_an_unknown_series_is_refused_and_not_left_out(tmp_path: Path) -> None:
    row = dict(figures()[0]) | {"series_id": "no_such_series"}
    with pytest.raises(ValueError, match="no_such_series"):
        lay_out(tmp_path, figures=[row])


def test_two_figures_for_one_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Two figures"):
        lay_out(tmp_path, figures=[figures()[0], figures()[0]])


@pytest.mark.parametrize(
    ("cell", "year", "next_cell"),
    [
        ("2024", 2024, "2025"),
        ("202324", 2024, "202425"),
        ("199900", 2000, "200001"),
        ("2023/24", 2024, "2024/25"),
        ("1999/00", 2000, "2000/01"),
        ("2022 - 24", 2024, "2023 - 25"),
    ],
)
def test_every_notation_of_a_period_ends_in_the_right_year(
    cell: str, year: int, next_cell: str
) -> None:
    assert (end_year(cell), shift_period(cell, 1)) == (year, next_cell)


def test_a_cell_that_is_no_period_is_refused() -> None:
    with pytest.raises(ValueError, match="Total"):
        end_year("Total")


# Each fault does its damage, so that a check that misses it can be seen to miss it.


def damaged(tmp_path: Path, fault: Fault, name: str = REFERRALS_FILE) -> tuple[bytes, bytes]:
    """A file without and with a fault."""
    where = fault.where
    given = factory.figures_of(where.publication, [where.release])
    sound = lay_out(tmp_path / "sound", figures=given)
    bad = lay_out(tmp_path / "bad", figures=given, faults=[fault])
    path = f"*/{fault.where.publication}/{fault.where.release}/{name}"
    (before,), (after,) = sound.glob(path), bad.glob(path)
    others = contents(sound).keys() - {str(before.relative_to(sound))}
    changed = [p for p in others if contents(sound)[p] != contents(bad).get(p)]
    assert all(p.endswith(f"/{fault.where.release}/release.json") for p in changed)
    if fault.kind not in ("wrong_hash", "no_release_json"):
        assert all(isinstance(r, Release) for r in Archive(bad).verify())
    return before.read_bytes(), after.read_bytes()


def test_renaming_a_column_takes_its_known_name_away(tmp_path: Path) -> None:
    fault = faults.rename_column(REFERRALS, "Re_referrals_percent", "again_pct")
    before, after = damaged(tmp_path, fault)
    assert after == before.replace(b"Re_referrals_percent", b"again_pct", 1)


def test_dropping_a_column_takes_its_cells_too(tmp_path: Path) -> None:
    before, after = damaged(tmp_path, faults.drop_column(REFERRALS, "Referrals"))
    expected = [
        {name: cell for name, cell in row.items() if name != "Referrals"}
        for row in read_rows(before)
    ]
    assert read_rows(after) == expected


def test_a_duplicated_row_stands_twice(tmp_path: Path) -> None:
    before, after = damaged(tmp_path, faults.duplicate_row(REFERRALS, "E08000025"))
    assert len(read_rows(after)) == len(read_rows(before)) + 1
    assert len(set(after.splitlines())) == len(set(before.splitlines()))


def test_a_dropped_council_is_gone_from_every_year(tmp_path: Path) -> None:
    before, after = damaged(tmp_path, faults.drop_council(REFERRALS, "E08000025"))
    assert b"E08000025" not in after
    assert len(read_rows(before)) - len(read_rows(after)) == 12


def test_an_unknown_council_comes_beside_the_known_ones(tmp_path: Path) -> None:
    before, after = damaged(tmp_path, faults.unknown_council(REFERRALS, "E06000999"))
    assert after.startswith(before)
    codes = [{row["new_la_code"] for row in read_rows(data)} for data in (before, after)]
    assert codes[1] - codes[0] == {"E06000999"}


def test_the_wrong_year_is_in_the_cells_and_not_in_the_name(tmp_path: Path) -> None:
    before, after = damaged(tmp_path, faults.wrong_year(REFERRALS))
    years = [{int(row["time_period"]) for row in read_rows(data)} for data in (before, after)]
    assert years[1] == {year - 1 for year in years[0]}


def changed_cells(before: bytes, after: bytes) -> list[tuple[str, str, str]]:
    return [
        (column, old[column], new[column])
        for old, new in zip(read_rows(before), read_rows(after), strict=True)
        for column in old
        if old[column] != new[column]
    ]


def test_an_unknown_mark_stands_in_one_councils_value(tmp_path: Path) -> None:
    before, after = damaged(tmp_path, faults.unknown_mark(REFERRALS, "n/a"))
    ((column, _, cell),) = changed_cells(before, after)
    assert (column, cell) == ("Re_referrals_percent", "n/a")


def test_a_percentage_over_100_stands_in_one_councils_value(tmp_path: Path) -> None:
    before, after = damaged(tmp_path, faults.percentage_over_100(REFERRALS))
    ((column, old, cell),) = changed_cells(before, after)
    assert (column, cell) == ("Re_referrals_percent", "140.2") and float(old) <= 100


@pytest.mark.parametrize("code", ["E92000001", "E12000001", "E08000025"])
def test_one_cell_of_any_area_can_be_set(tmp_path: Path, code: str) -> None:
    fault = faults.set_cell(REFERRALS, code, "2024", "Re_referrals_percent", "1.5")
    ((column, _, cell),) = changed_cells(*damaged(tmp_path, fault))
    assert (column, cell) == ("Re_referrals_percent", "1.5")


def test_an_error_page_takes_the_files_place(tmp_path: Path) -> None:
    _, after = damaged(tmp_path, faults.swap_file_for_html(REFERRALS))
    assert after.startswith(b"<!DOCTYPE html>")


def test_a_truncated_file_ends_in_the_middle_of_a_row(tmp_path: Path) -> None:
    before, after = damaged(tmp_path, faults.truncate_file(REFERRALS))
    assert before.startswith(after) and len(after) < len(before) * 0.51
    rows = list(csv.reader(io.StringIO(after.decode())))
    assert len(rows[-1]) < len(rows[0])


def test_a_wrong_hash_is_of_another_file(tmp_path: Path) -> None:
    before, after = damaged(tmp_path, faults.wrong_hash(REFERRALS))
    (release,) = (tmp_path / "bad").glob(f"*/{IN_NEED}/2024/release.json")
    document = json.loads(release.read_bytes())
    hashes = {file["name"]: file["sha256"] for file in document["files"]}
    assert before == after
    assert hashes.pop(REFERRALS_FILE) != hashlib.sha256(after).hexdigest()
    for name, sha256 in hashes.items():
        (path,) = (tmp_path / "bad").glob(f"*/{IN_NEED}/2024/{name}")
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def test_a_release_can_be_without_its_release_json(tmp_path: Path) -> None:
    before, after = damaged(tmp_path, faults.no_release_json(Where(IN_NEED, "2024")))
    assert before == after
    assert list((tmp_path / "bad").glob("*/*/*/release.json")) == []


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_another_encoding_cannot_be_read_as_utf_8(tmp_path: Path, encoding: str) -> None:
    _, after = damaged(tmp_path, faults.another_encoding(REFERRALS, encoding))
    with pytest.raises(UnicodeDecodeError):
        after.decode("utf-8")
    assert "Birmingham\u00a0" in after.decode(encoding)


def test_the_websites_export_has_no_area_codes_and_one_period(tmp_path: Path) -> None:
    name = "indicators-CountiesUAsfromApr2023.data.csv"
    _, after = damaged(tmp_path, faults.website_export(INJURIES), name)
    rows = read_rows(after)
    assert after.startswith(b"\xef\xbb\xbf")
    assert "AreaName" in rows[0] and not {"Area Code", "Area Name"} & rows[0].keys()
    assert {row["Time period"] for row in rows} == {"2023/24"}
    assert any("," in row["Count"] for row in rows)


def test_several_faults_are_all_done(tmp_path: Path) -> None:
    done = lay_out(
        tmp_path,
        publications=[IN_NEED],
        faults=[
            faults.drop_council(REFERRALS, "E08000025"),
            faults.rename_column(REFERRALS, "Referrals", "All_referrals"),
        ],
    )
    rows = read_rows(next(done.glob(f"*/{IN_NEED}/2024/{REFERRALS_FILE}")).read_bytes())
    assert "All_referrals" in rows[0] and all(row["new_la_code"] != "E08000025" for row in rows)


@pytest.mark.parametrize(
    "fault",
    [
        faults.unknown_mark(Where(IN_NEED, "1999")),
        faults.rename_column(REFERRALS, "no_such_column", "x"),
        faults.drop_council(REFERRALS, "E06000999"),
        faults.set_cell(REFERRALS, "E08000025", "1999", "Referrals", "1"),
    ],
    ids=str,
)
def test_a_fault_that_damages_nothing_is_refused(tmp_path: Path, fault: Fault) -> None:
    with pytest.raises(ValueError):
        lay_out(tmp_path, publications=[IN_NEED], faults=[fault])


def test_every_fault_can_be_done_to_every_file(tmp_path: Path) -> None:
    makers: list[Callable[[Where], Fault]] = [
        faults.duplicate_row,
        faults.unknown_council,
        faults.wrong_year,
        faults.unknown_mark,
        faults.percentage_over_100,
        faults.another_encoding,
        faults.truncate_file,
    ]
    (sound, *bad) = (
        contents(
            lay_out(
                tmp_path / str(number),
                figures=newest(),
                faults=[maker(Where(p, r, f)) for p, r, f in newest_files()] if maker else [],
            )
        )
        for number, maker in enumerate([None, *makers])
    )
    for files in bad:
        assert [p for p in sound if p.endswith(".csv") and files[p] == sound[p]] == []


@lru_cache(maxsize=1)
def newest() -> pa.Table:
    """The sample's figures of each file's newest period, to keep tests of every file quick."""
    table = read_figures()
    latest = table.group_by(["publication", "release", "file"]).aggregate([("period", "max")])
    joined = table.join(latest, ["publication", "release", "file"])
    return joined.filter(pc.equal(joined["period"], joined["period_max"])).select(SCHEMA.names)


def newest_files() -> list[tuple[str, str, str]]:
    groups = newest().group_by(["publication", "release", "file"]).aggregate([]).to_pylist()
    return sorted((g["publication"], g["release"], g["file"]) for g in groups)


# Archives of any size, and releases that were changed.


def test_a_load_test_has_as_many_releases_and_years_as_it_asks_for(tmp_path: Path) -> None:
    table, releases = synthetic(IN_NEED, years=4, releases=3, versions=2)
    archive = lay_out(tmp_path, figures=table, releases=releases)
    folders = sorted(path.name for path in archive.glob(f"*/{IN_NEED}/*"))
    assert folders == ["2022", "2022+2", "2023", "2023+2", "2024", "2024+2"]
    assert all(isinstance(release, Release) for release in Archive(archive).verify())
    years = {(f["release"], f["period"]) for f in table.select(["release", "period"]).to_pylist()}
    assert {period for release, period in years if release == "2022"} == {
        "2019",
        "2020",
        "2021",
        "2022",
    }
    councils = table.filter(pc.equal(table["area_level"], "council"))
    newest_year = councils.filter(pc.equal(councils["period"], "2024"))
    assert pc.count_distinct(newest_year["area_code"]).as_py() == 153


def test_versions_of_a_load_test_differ() -> None:
    table, _ = synthetic(IN_NEED, years=1, versions=2)
    first, second = (
        table.filter(pc.equal(table["version"], version)).drop_columns("version")
        for version in (1, 2)
    )
    assert first.num_rows == second.num_rows and not first.equals(second)


@pytest.mark.parametrize("publication", sorted({p for p, _, _ in layouts()}))
def test_a_reissued_version_is_dropped_as_one_that_is_held(publication: str) -> None:
    seen: dict[str, list[pa.Table]] = {}
    for table, release in reissued(publication, 3):
        cells = table.drop_columns("version").sort_by([(name, "ascending") for name in KEY[:2]])
        assert not any(cells.equals(before) for before in seen.get(release.release, []))
        seen.setdefault(release.release, []).append(cells)
    # The first is as the sample has it.
    for name, (first, *later) in seen.items():
        figures = factory.figures_of(publication, [name])
        assert first.num_rows == figures.num_rows
        assert {one.num_rows for one in later} == {first.num_rows}


@pytest.mark.parametrize("publication", sorted({p for p, _, _ in layouts()}))
def test_a_load_test_of_any_publication_is_recognised_by_its_contract(
    publication: str, tmp_path: Path
) -> None:
    table, releases = synthetic(publication, years=2, releases=2, councils=5)
    archive = lay_out(tmp_path, figures=table, releases=releases)
    for release in Archive(archive).verify():
        assert isinstance(release, Release)
        loads, unknown = loads_of(load_contracts()[publication], release)
        assert loads and unknown == []


def test_a_changed_release_is_kept_beside_the_first(tmp_path: Path) -> None:
    table, releases = factory.republished(
        IN_NEED,
        "2024",
        lambda f: {"value": "99.9"} if f["area_code"] == "E08000025" else {},
    )
    archive = lay_out(tmp_path, figures=table, releases=releases)
    assert sorted(p.name for p in archive.glob(f"*/{IN_NEED}/*")) == ["2024", "2024+2"]
    key = {
        "measure_id": "repeat_referrals",
        "area_code": "E08000025",
        "period": "2024",
    }
    first = factory.figure(factory.figures_of(IN_NEED, ["2024"]), **key)
    second = factory.figure(table.filter(pc.equal(table["version"], 2)), **key)
    assert first["value"] != second["value"] == "99.9"


def test_a_laid_out_file_can_be_damaged_by_hand() -> None:
    layout = layouts()[IN_NEED, "2024", "referrals"]
    file = LaidOutFile(IN_NEED, "2024", "referrals", REFERRALS_FILE, layout, b"")
    Fault("emptied", REFERRALS, content=lambda data: b"nothing").damage_file(file)
    assert file.content == b"nothing"


def test_no_cell_of_the_table_is_missing_from_its_schema() -> None:
    assert SCHEMA.names == [*KEY, *CELLS]
