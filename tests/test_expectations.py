"""A wrong load is refused and says why; a sound one, real or small, is not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from conftest import REFUSED, table_as_published

from expectations.panel.measures import series_of
from expectations.results import verdicts
from expectations.results.verdicts import Check, LoadVerdict
from expectations.suites.facts import check_facts
from expectations.suites.facts import suite as facts_suite
from expectations.suites.loads import check_load, suite_for
from ingest.archive.release import PublishedFile, Release
from ingest.archive.store import Archive
from ingest.contracts.contract import FileContract
from ingest.contracts.load import load_contracts
from ingest.contracts.specs import NUMERIC_ROLES
from ingest.corrections import Correction
from ingest.councils import SEED, Councils
from ingest.errors import ContractError, ReadError
from ingest.reading.loads import Load, loads_of

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT.parent / "shared" / "published"

NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"
IN_NEED = "characteristics-of-children-in-need"
KEY_STAGE_4 = "key-stage-4-performance"
LOOKED_AFTER = "children-looked-after-in-england-including-adoptions"

Rows = list[dict[str, str]]
Damage = Callable[[Rows], None]

needs_published = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="the published files are not beside this clone"
)


@pytest.fixture(scope="module")
def councils() -> Councils:
    return Councils.load()


def make_load(publication: str, release: str, name: str, published: str = "2023-10-26") -> Load:
    contract = load_contracts()[publication]
    file = PublishedFile(name=name, bytes=1, sha256="0" * 64)
    (found,) = contract.file_for(name)
    return Load(
        release=Release(
            publisher=contract.publisher,
            publication=publication,
            title=contract.title,
            release=release,
            published=date.fromisoformat(published),
            landing_page=contract.landing_page,
            licence="Open Government Licence v3.0",
            files=(file,),
        ),
        file=file,
        contract=found,
    )


def in_need_load(release: str = "2023", years: str = "2022_to_2023") -> Load:
    return make_load(IN_NEED, release, f"d3_cpps_subsequent_plan_{years}.csv")


def neet_load() -> Load:
    return make_load(NEET, "2023", "ud_neetnk_la_dashboard_2023_final.csv", "2023-06-22")


def overweight_load() -> Load:
    return make_load("20601", "2022-11", "indicators-CountiesUAs.data.csv", "2022-11-08")


# What every council's share is, for each column: in the range that its measure's YAML has.
SHARES = {"neet_percent": "4.0", "not_known_percent": "1.0", "neet_not_known_percent": "5.0"}
SHARES |= {"value": "20.0", "pt_l2basics_95": "50.0", "pt_l2basics_94": "60.0"}


def figures(contract: FileContract, place: int, parts: int, year: int) -> dict[str, str]:
    """Cells that agree with each other, of an area with so many parts from this place on."""
    within = range(place, place + parts)
    sizes = [10 * (50 + part + 7 * year) for part in within]
    cells = {
        column.name: str(sum(sizes)) for column in contract.columns if column.role in NUMERIC_ROLES
    }
    counted = {share.value for share in contract.checks.shares}
    for name in {*contract.columns_of("percentages")} - counted:
        # Neighbours differ, and all by as much in the figures that add up.
        steps = [0 if name == "not_known_percent" else part % 5 for part in within]
        share = float(SHARES.get(name, "10.0")) + year / 10 + sum(steps) / len(steps) / 10
        cells[name] = f"{share:.1f}"
    for share in contract.checks.shares:
        base = float(SHARES.get(share.value, "10.0"))
        numerators = [
            round(size * (base + part % 5) / 100) for size, part in zip(sizes, within, strict=True)
        ]
        cells[share.numerator] = str(sum(numerators))
        cells[share.value] = f"{100 * sum(numerators) / sum(sizes):.1f}"
    return cells


def sound_rows(contract: FileContract, councils: Councils, periods: dict[str, date]) -> Rows:
    """A row an area and period, in canonical columns, as a sound file would have them."""
    fingertips = contract.period.format == "fingertips"
    labels = {c: cells[0] for s in series_of(contract)[:1] for c, cells in s.where.items()}
    rows: Rows = []
    for year, (period, end) in enumerate(periods.items()):
        codes = councils.existing(contract.councils.as_of or end)
        absent = {code for absence in contract.councils.absent for code in absence.codes}
        # In the order of regions, so that a region's councils stand together and add up to it.
        present = sorted(
            codes - absent, key=lambda code: (councils.by_code[code].region_code, code)
        )
        regions = [councils.by_code[code].region_code for code in present]
        areas = [
            ("national", "E92000001", 0, len(present)),
            *(
                ("regional", code, regions.index(code), regions.count(code))
                for code in councils.regions
            ),
            *(("local authority", code, place, 1) for place, code in enumerate(present)),
        ]
        for level, code, place, parts in areas:
            row = {column.name: "Total" for column in contract.columns}
            row |= labels | figures(contract, place, parts, year)
            row |= {name: values[0] for name, values in contract.constants.items()}
            row[contract.period.column] = period
            if fingertips:
                row |= {"area_code": code, "parent_code": "E92000001"}
                row["time_period_sortable"] = f"{period[:4]}0000"
            else:
                row |= {"country_code": "E92000001", "region_code": "", "new_la_code": ""}
                row |= {"geographic_level": level.capitalize(), "la_name": ""}
                if level == "regional":
                    row["region_code"] = code
                elif level == "local authority":
                    row["new_la_code"] = code
                    row["la_name"] = councils.name(code)
            rows.append(row)
    return rows


def as_published(contract: FileContract, rows: Rows, renamed: dict[str, str] | None = None) -> Any:
    """The rows as a table under published names; extra keys of a row are extra columns."""
    names = {column.name: column.published_as[0] for column in contract.columns}
    names |= {name: name for row in rows for name in row if name not in names}
    names |= renamed or {}
    return pa.table(
        {"source_row": pa.array(range(1, len(rows) + 1), pa.int64())}
        | {
            published: pa.array([row.get(name, "") for row in rows], pa.string())
            for name, published in names.items()
        }
    )


PERIODS: dict[str, dict[str, date]] = {
    IN_NEED: {"2022": date(2022, 3, 31), "2023": date(2023, 3, 31)},
    NEET: {"2023": date(2023, 2, 28)},
    "20601": {f"{y - 1}/{y % 100}": date(y, 8, 31) for y in range(2016, 2023)},
}


def judge(
    load: Load,
    councils: Councils,
    damage: Damage | None = None,
    renamed: dict[str, str] | None = None,
    corrections: tuple[Correction, ...] = (),
) -> LoadVerdict:
    rows = sound_rows(load.contract, councils, PERIODS[load.release.publication])
    if damage:
        damage(rows)
    return check_load(load, as_published(load.contract, rows, renamed), councils, corrections)


def only_reason(verdict: LoadVerdict) -> Check:
    """The one check that refuses the load: the damage's own, and no other."""
    assert not verdict.admitted
    assert len(verdict.reasons) == 1, [str(check) for check in verdict.reasons]
    return verdict.reasons[0]


def first_council(rows: Rows) -> dict[str, str]:
    """The first council's row: the eleventh, after England and nine regions."""
    return rows[10]


# --- sound loads


@pytest.mark.parametrize("load", [in_need_load(), neet_load(), overweight_load()], ids=str)
def test_a_sound_load_is_admitted_without_a_word(load: Load, councils: Councils) -> None:
    verdict = judge(load, councils)
    assert verdict.admitted
    assert [str(check) for check in verdict.checks if not check.success] == []
    assert all(check.observed and check.explanation for check in verdict.checks)


def test_marks_blanks_and_untidy_numbers_are_no_fault(councils: Councils) -> None:
    def untidy(rows: Rows) -> None:
        cells = ["c", "x", " ", "", " {}", "{}00000000000", "k", "~", "*", "NULL", "."]
        for row, cell in zip(rows[10:], cells, strict=False):
            row["cpp_subsequent_percent"] = cell.format(row["cpp_subsequent_percent"])

    assert judge(in_need_load(), councils, untidy).admitted


def test_a_council_under_its_old_code_is_present(councils: Councils) -> None:
    def old_code(rows: Rows) -> None:
        row = next(row for row in rows if row["new_la_code"] == "E06000057")
        row["new_la_code"] = "E06000048"

    assert judge(in_need_load(), councils, old_code).admitted


def test_padding_with_councils_of_other_years_is_no_fault(councils: Councils) -> None:
    def padded(rows: Rows) -> None:
        marks = dict.fromkeys(["cpp_start", "cpp_subsequent", "cpp_subsequent_percent"], "z")
        rows.append(
            {**first_council(rows), "new_la_code": "E10000009", "la_name": "Dorset", **marks}
        )

    assert judge(in_need_load(), councils, padded).admitted


# --- damage: one kind each, caught by the check that should


def set_cell(column: str, cell: str) -> Damage:
    def damage(rows: Rows) -> None:
        first_council(rows)[column] = cell

    return damage


def duplicate(rows: Rows) -> None:
    rows.append({**rows[12], "new_la_code": f" {rows[12]['new_la_code']}"})


def without_a_council(rows: Rows) -> None:
    rows[:] = [row for row in rows if row["la_name"] != "Leeds" or row["time_period"] != "2023"]


def without_councils(rows: Rows) -> None:
    rows[:] = [row for row in rows if row["geographic_level"] != "Local authority"]


def another_year(rows: Rows) -> None:
    for row in rows:
        row["time_period"] = {"2022": "2021", "2023": "2022"}[row["time_period"]]


@pytest.mark.parametrize(
    ("damage", "check", "column", "told"),
    [
        (duplicate, "key_unique", "", "row 325 stands there twice"),
        (set_cell("new_la_code", "E06009999"), "council_codes", "new_la_code", "'E06009999'"),
        (another_year, "years_claimed", "time_period", "should be 2023 and is 2022"),
        (set_cell("time_period", "20223"), "periods_known", "time_period", "'20223' in row 11"),
        # Read as the number that it is, and no share of it.
        (set_cell("cpp_start", "1,234"), "shares_match_counts", "", "in row 11"),
        (set_cell("cpp_start", "=1+1"), "numbers_or_marks", "cpp_start", "'=1+1' in row 11"),
        (set_cell("cpp_start", "١٢"), "numbers_or_marks", "cpp_start", "row 11"),
        (
            set_cell("cpp_subsequent_percent", "101"),
            "percentages_in_range",
            "cpp_subsequent_percent",
            "101 in row 11",
        ),
        (
            set_cell("cpp_subsequent_percent", "-0.1"),
            "percentages_in_range",
            "cpp_subsequent_percent",
            "-0.1 in row 11",
        ),
        (set_cell("cpp_start", "-1"), "counts_not_negative", "cpp_start", "-1 in row 11"),
        (without_a_council, "councils_present", "new_la_code", "Leeds in 2023"),
        (without_councils, "councils_present", "new_la_code", "and 299 more"),
        (
            lambda rows: rows[1].update(region_code="E12000099x"),
            "region_codes",
            "region_code",
            "'E12000099x' in row 2",
        ),
        (
            lambda rows: rows[0].update(country_code="K02000001"),
            "country_codes",
            "country_code",
            "'K02000001' in row 1",
        ),
        (
            lambda rows: rows.append({**rows[0], "geographic_level": "Street"}),
            "levels_known",
            "geographic_level",
            "'Street (unknown)'",
        ),
    ],
)
def test_damage_is_caught_by_its_own_check(
    damage: Damage, check: str, column: str, told: str, councils: Councils
) -> None:
    verdict = judge(in_need_load(), councils, damage)
    noticed = (*verdict.reasons, *verdict.flagging)
    relevant = [c for c in noticed if c.name == check]
    assert len(relevant) == 1, [str(c) for c in noticed]
    assert relevant[0].column == column
    assert told in relevant[0].observed
    # A council that lost its code or its period is missing as well, and may be told so; and a
    # cell that is wrong agrees with no other.
    also = {"councils_present", "shares_match_counts", "parts_make_wholes", "no_figure_leaps"}
    also |= {"numerator_within_denominator", "numbers_not_alone", "no_figure_unlike_all"}
    also |= {"series_printed", "series_complete", "wholes_near_their_parts", "no_whole_leaps"}
    also |= {"no_figure_strange", "no_figure_unusual", "no_whole_strange"}
    assert {c.name for c in noticed} <= {check, *also}
    # A figure that is flagged says where it stands.
    flags = {flag.source_row for flag in verdict.flags if flag.check == check}
    assert bool(flags) == (relevant[0].severity == "flag" and damage is not duplicate)


def test_a_file_of_another_indicator_is_refused(councils: Councils) -> None:
    def other(rows: Rows) -> None:
        for row in rows:
            row["indicator_id"] = "20602"

    reason = only_reason(judge(overweight_load(), councils, other))
    assert (reason.name, reason.column) == ("constants", "indicator_id")


def test_a_year_after_publication_is_refused(councils: Councils) -> None:
    def future(rows: Rows) -> None:
        for row in rows:
            if row["time_period"] == "2021/22":
                row |= {"time_period": "2022/23", "time_period_sortable": "20220000"}

    verdict = judge(overweight_load(), councils, future)
    assert {check.name for check in verdict.reasons} == {
        "years_not_after_publication",
        "series_unbroken",
    }


def test_a_council_missing_under_one_lens_of_boundaries_is_told(councils: Councils) -> None:
    def without(rows: Rows) -> None:
        rows[:] = [row for row in rows if row["area_code"] != "E06000064"]

    reasons = {c.name: c.observed for c in judge(overweight_load(), councils, without).reasons}
    assert set(reasons) == {"councils_present", "series_complete"}
    assert "Westmorland and Furness in 2015/16" in reasons["councils_present"]


@pytest.mark.parametrize(
    ("release", "years", "told"),
    [
        ("2024", "2022_to_2023", "last year by the release's name should be 2024 and is 2023"),
        ("2023", "2022_to_2024", "last year by the file's name should be 2024 and is 2023"),
        ("2023", "2013_to_2023", "first year by the file's name should be 2013 and is 2022"),
        ("spring", "2022_to_2023", "release's name should be nothing and is 2023"),
        ("2023-25", "2022_to_2023", "release's name should be nothing and is 2023"),
    ],
)
def test_a_file_named_for_years_it_does_not_hold_is_refused(
    release: str, years: str, told: str, councils: Councils
) -> None:
    reason = only_reason(judge(in_need_load(release, years), councils))
    assert reason.name == "years_claimed"
    assert told in reason.observed


@pytest.mark.parametrize("release", ["2023", "2022-23", "2022-23-revised"])
def test_a_release_named_for_an_academic_year_claims_its_end(
    release: str, councils: Councils
) -> None:
    assert judge(in_need_load(release), councils).admitted


def test_a_file_named_by_an_academic_year_claims_its_end(councils: Councils) -> None:
    load = make_load(KEY_STAGE_4, "2022-23", "2223_la_data_revised.csv")
    rows = sound_rows(load.contract, councils, {"202223": date(2023, 8, 31)})
    assert check_load(load, as_published(load.contract, rows), councils, ()).admitted
    wrong = make_load(KEY_STAGE_4, "2022-23", "2122_la_data_revised.csv")
    verdict = check_load(wrong, as_published(load.contract, rows), councils, ())
    assert only_reason(verdict).name == "years_claimed"


def test_two_years_in_a_file_of_one_are_refused(councils: Councils) -> None:
    def two(rows: Rows) -> None:
        rows += [{**row, "time_period": "2022"} for row in rows]

    reason = judge(neet_load(), councils, two).reasons[0]
    assert "the number of years should be 1 and is 2" in reason.observed


# --- columns


def test_a_column_of_the_same_words_is_read_and_no_other(councils: Councils) -> None:
    # A plural says nothing else.
    verdict = judge(in_need_load(), councils, renamed={"cpp_start": "CPP_starts"})
    assert verdict.admitted
    assert verdict.understanding is not None
    assert verdict.understanding.columns["cpp_start"] == "CPP_starts"


def test_a_renamed_column_is_refused_with_the_nearest_found(councils: Councils) -> None:
    verdict = judge(in_need_load(), councils, renamed={"cpp_start": "CPP_first"})
    reason = only_reason(verdict)
    assert reason.name == "columns"
    assert "'CPP_start'" in reason.observed
    assert "CPP_first" in reason.observed


def test_a_column_under_two_names_is_refused(councils: Councils) -> None:
    def twice(rows: Rows) -> None:
        for row in rows:
            row["Category"] = row["category"]

    reason = only_reason(judge(in_need_load(), councils, twice))
    assert reason.name == "columns"
    assert "two names" in reason.observed


def test_a_new_column_is_admitted_and_told(councils: Councils) -> None:
    def wider(rows: Rows) -> None:
        for row in rows:
            row["CPP_third"] = "1"

    verdict = judge(in_need_load(), councils, wider)
    assert verdict.admitted
    (warning,) = verdict.warnings
    assert warning.name == "unlisted_columns"
    assert "'CPP_third'" in warning.observed


def test_an_unreadable_file_is_refused_with_its_reason(councils: Councils) -> None:
    verdict = check_load(in_need_load(), ReadError("it is a PDF, not a CSV file"), councils)
    reason = only_reason(verdict)
    assert reason.name == "readable"
    assert reason.observed == "it is a PDF, not a CSV file"


# --- dropped rows, suppression, regions: admitted and told


def test_rows_that_the_contract_leaves_out_are_unrecorded_or_told_as_a_fault(
    councils: Councils,
) -> None:
    def demo(rows: Rows) -> None:
        rows.append({**first_council(rows), "la_name": "LA demo", "new_la_code": " "})

    verdict = judge(neet_load(), councils, demo)
    assert verdict.admitted
    assert verdict.warnings == ()
    (told,) = (check for check in verdict.checks if check.name == "dropped_rows")
    assert told.success
    assert told.observed == "1 of its rows left out, as the contract says"
    assert "An invented council of the publisher's" in told.explanation
    assert len(verdict.dropped_rows) == 1


def test_a_council_without_its_code_is_not_mistaken_for_an_invented_one(
    councils: Councils,
) -> None:
    verdict = judge(neet_load(), councils, set_cell("new_la_code", ""))
    assert {check.name for check in verdict.reasons} == {
        "council_codes",
        "councils_present",
        "series_complete",
    }
    assert verdict.dropped_rows == ()


def test_a_newest_year_wholly_suppressed_is_refused(councils: Councils) -> None:
    def suppressed(rows: Rows) -> None:
        for row in rows:
            if row["time_period"] == "2023":
                row["cpp_subsequent_percent"] = "c"

    reasons = {c.name: c.observed for c in judge(in_need_load(), councils, suppressed).reasons}
    assert set(reasons) == {"newest_year_has_figures", "numbers_not_few"}
    assert "cpp_subsequent_percent in 2023" in reasons["newest_year_has_figures"]


def test_a_column_given_up_years_ago_is_not_told_again(councils: Councils) -> None:
    def given_up(rows: Rows) -> None:
        for row in rows:
            row["cpp_start"] = "z"

    assert judge(in_need_load(), councils, given_up).warnings == ()


def test_a_lost_region_is_refused(councils: Councils) -> None:
    def without(rows: Rows) -> None:
        rows[:] = [row for row in rows if row["region_code"] != "E12000003"]

    reason = only_reason(judge(in_need_load(), councils, without))
    assert reason.name == "series_complete"
    assert "Yorkshire and The Humber in 2022" in reason.observed


# --- corrections


def correction(expected: str) -> Correction:
    return Correction(
        release="2023",
        file="d3_cpps_subsequent_plan_2022_to_2023.csv",
        row=11,
        column="cpp_subsequent_percent",
        expected=expected,
        corrected="10.0",
        reason="The decimal point is missing; the counts give 10.0.",
        authority="The publisher, by letter",
    )


def test_a_corrected_cell_no_longer_keeps_its_load_back(councils: Councils) -> None:
    damage = set_cell("cpp_subsequent_percent", "1000")
    assert judge(in_need_load(), councils, damage).flags
    verdict = judge(in_need_load(), councils, damage, corrections=(correction("1000"),))
    assert verdict.admitted
    assert "corrections_hold" in {check.name for check in verdict.checks}


def test_a_correction_that_no_longer_holds_is_noticed(councils: Councils) -> None:
    reason = only_reason(judge(in_need_load(), councils, corrections=(correction("1000"),)))
    assert reason.name == "corrections_hold"
    assert "row 11 is printed '10.0', not '1000'" in reason.observed


def test_a_correction_of_a_row_that_is_not_there_is_noticed(councils: Councils) -> None:
    gone = correction("1000").model_copy(update={"row": 99_999})
    assert only_reason(judge(in_need_load(), councils, corrections=(gone,))).name == (
        "corrections_hold"
    )


# --- verdicts


def test_a_verdict_read_back_is_the_verdict_written(councils: Councils) -> None:
    verdict = judge(in_need_load(), councils, set_cell("cpp_start", "-1"))
    document = json.loads(json.dumps(verdict.to_dict()))
    assert document["admitted"] is True
    assert document["flags"]
    assert LoadVerdict.from_dict(document) == verdict


def test_the_same_load_gets_the_same_verdict(councils: Councils) -> None:
    damage = set_cell("cpp_start", "lots")
    assert judge(in_need_load(), councils, damage) == judge(in_need_load(), councils, damage)


def test_a_verdict_holds_until_contract_corrections_councils_or_checks_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contracts = load_contracts()
    before = verdicts.digest(contracts[NEET])
    assert before == verdicts.digest(contracts[NEET])
    assert before != verdicts.digest(contracts[IN_NEED])

    seed = tmp_path / "council.csv"
    seed.write_bytes(SEED.read_bytes() + b"\n")
    with monkeypatch.context() as patch:
        patch.setattr(verdicts, "SEED", seed)
        assert before != verdicts.digest(contracts[NEET])
    with monkeypatch.context() as patch:
        patch.setattr("ingest.corrections.digest", lambda publication: "changed")
        assert before != verdicts.digest(contracts[NEET])
    with monkeypatch.context() as patch:
        patch.setattr(verdicts, "_code_digest", lambda: "changed")
        assert before != verdicts.digest(contracts[NEET])


def test_a_rule_moved_into_a_folder_of_its_own_leaves_old_verdicts_standing(
    tmp_path: Path,
) -> None:
    for part in ("expectations", "ingest", "dbt_project"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("target"))
    asked = (
        "from expectations.results import verdicts; "
        "from ingest.contracts.load import load_contracts;"
        f"print(verdicts.digest(load_contracts()[{NEET!r}]))"
    )

    def digest() -> str:
        return subprocess.run(
            [sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    found = [digest()]
    for folder in ("expectations", "ingest"):
        deep = tmp_path / folder / "deeper" / "still"
        deep.mkdir(parents=True)
        (deep / "rule.py").write_text("BOUND = 1\n", "utf-8")
        found.append(digest())
        (deep / "rule.py").write_text("BOUND = 2\n", "utf-8")
        found.append(digest())
    assert len({*found}) == len(found)


def every_file() -> Iterator[FileContract]:
    for publication in load_contracts().values():
        yield from publication.files


def test_no_rule_hides_another() -> None:
    for suite in [*(suite_for(contract) for contract in every_file()), facts_suite()]:
        ids = [rule.id for rule in suite]
        assert len(ids) == len(set(ids)), suite.name
    names = [suite_for(contract).name for contract in every_file()]
    assert len(names) == len(set(names))


# --- Great Expectations stays out of the way


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=True,
    )


def test_reading_verdicts_does_not_wait_for_great_expectations() -> None:
    result = run_python(
        "import sys, test_expectations as t\n"
        "from expectations.results import verdicts\n"
        "from expectations.suites import facts, loads\n"
        "t.check_load(t.in_need_load(), t.ReadError('it is empty'), t.Councils.load())\n"
        "[verdicts.digest(p) for p in t.load_contracts().values()]\n"
        "[loads.suite_for(contract) for contract in t.every_file()]\n"
        "print('great_expectations' in sys.modules)\n"
    )
    assert result.stdout.strip() == "False"


def test_nothing_of_great_expectations_reaches_the_terminal() -> None:
    result = run_python(
        "import test_expectations as t\n"
        "v = t.judge(t.in_need_load(), t.Councils.load(), t.set_cell('cpp_start', 'lots'))\n"
        "print(bool(v.flags))\n"
        "from expectations.gx import engine\n"
        "from expectations.suites import rules as suites\n"
        "import pandas\n"
        "rule = suites.Rule('c', 'f', 'ExpectColumnValuesToBeNull', {'column': 'absent'}, '')\n"
        "frame = suites.Frame(pandas.DataFrame({'source_row': [1]}))\n"
        "(check,) = engine.run(suites.Suite('s', (rule,)), {'f': frame})\n"
        "print(check.success, check.observed.split(':')[0])\n"
    )
    assert result.stdout == "True\nFalse could not be checked\n"
    assert result.stderr == ""


def test_every_worker_has_what_no_check_needs_or_somebody_misses_it() -> None:
    """It takes a third of the time that a worker waits for, and of its memory."""
    result = run_python(
        "import sys\n"
        "from expectations.gx import preloaded\n"
        "print({'sqlalchemy', 'botocore', 'scipy.stats._distn_infrastructure'} & {*sys.modules})\n"
        "import sqlalchemy\n"
        "from scipy import stats\n"
        "print(sqlalchemy.select.__name__, stats.norm.cdf(0.0))\n"
    )
    assert result.stdout == "set()\nselect 0.5\n"


# --- councils


def test_a_recoded_council_is_one_council(councils: Councils) -> None:
    assert councils.entity("E10000023") == councils.entity("E06000065")
    assert councils.name("E06000065") == "North Yorkshire"
    assert councils.known("E10000023")
    assert not councils.known("E07000008")


@pytest.mark.parametrize(
    ("day", "count"),
    [
        (date(2013, 3, 31), 152),
        (date(2019, 4, 1), 151),
        (date(2021, 4, 1), 152),
        (date(2023, 3, 31), 152),
        (date(2023, 4, 1), 153),
    ],
)
def test_councils_are_those_of_the_day(day: date, count: int, councils: Councils) -> None:
    assert len(councils.existing(day)) == count


@pytest.mark.parametrize(
    "row",
    ["E09999999,X,1,E12000001,R,E12000001,R,unitary,2009-04-01,,E00000000", "E09999999,X"],
)
def test_a_broken_list_of_councils_is_refused(row: str, tmp_path: Path) -> None:
    seed = tmp_path / "council.csv"
    header = SEED.read_text("utf-8").splitlines()[0]
    seed.write_text(f"{header}\n{row}\n", "utf-8")
    with pytest.raises(ContractError):
        Councils.load(seed)


# --- real files, as published


def newest_loads() -> list[Any]:
    """The newest load of every file that has had one before: what a home that begins today holds.

    The others, and these beside the ones before, are judged by the refresh of all: see
    `test_domain_checks.py`.
    """
    if not PUBLISHED.is_dir():
        return []
    archive = Archive(PUBLISHED)
    found = []
    for publication in load_contracts().values():
        held = archive.releases(publication.publisher, publication.publication)
        releases = [release for release in held if isinstance(release, Release)]
        newest: dict[str, list[Load]] = {}
        for release in sorted(releases, key=lambda one: (one.published, one.version)):
            for load in loads_of(publication, release)[0]:
                newest.setdefault(load.contract.file_id, []).append(load)
        found += [loads[-1] for loads in newest.values() if len(loads) > 1]
    return [
        pytest.param(
            load,
            id=f"{load.release.publication}-{load.release.folder}-{load.contract.file_id}",
        )
        for load in found
    ]


# Files that only the figures of the release before explain, and what refuses them alone: an
# indicator of another name, and columns that are gone.
KNOWN_BY_FIGURES = {
    ("children-in-relative-poverty", "2026-05-07", "relative_poverty_2026"): "constants",
    (LOOKED_AFTER, "2025", "convictions_and_health"): "columns",
    ("key-stage-4-performance", "2024-25", "local_authority"): "columns",
    ("pupils-at-expected-standard-at-key-stage-2", "2026-01-12", "expected_standard"): "constants",
}


@needs_published
@pytest.mark.parametrize("load", newest_loads())
def test_a_home_that_begins_with_todays_release_is_given_a_false_alarm(
    load: Load, councils: Councils
) -> None:
    verdict = check_load(load, table_as_published(load), councils)
    publication, release = load.release.publication, load.release.release
    refused = {check.name for check in verdict.reasons}
    if f"{publication} {release}" in REFUSED:
        assert refused
        return
    needed = KNOWN_BY_FIGURES.get((publication, release, load.contract.file_id))
    if needed:
        assert needed in refused
        return
    assert [str(check) for check in verdict.reasons] == []
    told = {check.name for check in verdict.warnings}
    told -= {"no_year_strange", "no_year_withheld", "unlisted_columns"}
    assert told == set()


# --- the candidate warehouse


FACT: dict[str, Any] = {
    "measure_id": "repeat_referrals",
    "series_id": "within_12_months",
    "council_code": "E06000001",
    "year": 2023,
    "period_type": "financial_year",
    "period_start": "2022-04-01",
    "period_end": "2023-03-31",
    "value": 20.0,
    "unit": "%",
    "status": "published",
    "is_flagged": False,
    "release": "2023",
    "source_file": "c1.csv",
    "source_row": 7,
}
SOUND_FACTS = [
    FACT,
    FACT | {"council_code": "E06000002", "value": None, "status": "suppressed"},
    FACT | {"period_start": "2021-04-01", "period_end": "2022-03-31", "year": 2022},
    FACT | {"measure_id": "injury_admissions", "unit": "per 10,000", "value": 120.5},
]


def warehouse(path: Path, facts: list[dict[str, Any]], drop: str = "") -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create schema marts;
            create table marts.fct_core_measure (
                measure_id varchar, series_id varchar, council_code varchar, year integer,
                period_type varchar, period_start date, period_end date, value double,
                unit varchar, status varchar, is_flagged boolean, release varchar,
                source_file varchar,
                source_row bigint
            );
            create table marts.dim_council (council_code varchar, council_name varchar);
            insert into marts.dim_council values ('E06000001', 'A'), ('E06000002', 'B');
            create table marts.dim_series (measure_id varchar, series_id varchar);
            """
        )
        for fact in facts:
            connection.execute(
                f"insert into marts.fct_core_measure values ({', '.join('?' * len(FACT))})",
                list(fact.values()),
            )
        if drop:
            connection.execute(drop)
    return path


def failed(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks if not check.success}


def test_a_sound_warehouse_may_be_served(tmp_path: Path) -> None:
    serving = warehouse(tmp_path / "serving.duckdb", SOUND_FACTS[:2])
    candidate = warehouse(tmp_path / "candidate.duckdb", SOUND_FACTS)
    assert failed(check_facts(candidate, None)) == {}
    checks = check_facts(candidate, serving)
    assert failed(checks) == {}
    assert {"no_series_lost", "no_year_lost"} <= {check.name for check in checks}
    # Both files are closed again: they can be opened to be written.
    duckdb.connect(str(candidate)).close()
    duckdb.connect(str(serving)).close()


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({}, "fact_key_unique"),
        ({"council_code": "E06000099"}, "councils_known"),
        ({"council_code": None}, "councils_known"),
        ({"year": 2021, "period_end": "2021-03-31", "value": None}, "value_where_published"),
        ({"period_end": "2021-03-31", "status": "suppressed"}, "no_value_unless_published"),
        ({"period_end": "2021-03-31", "status": None, "value": None}, "status_known"),
        ({"period_end": "2021-03-31", "value": 100.5}, "percentages_in_range"),
        ({"period_end": "2021-03-31", "source_row": 0}, "source_row_counts_from_1"),
        ({"period_end": "2021-03-31", "source_row": None}, "traceable"),
        ({"period_end": "2021-03-31", "source_file": " "}, "traceable"),
        ({"period_end": "2021-03-31", "release": None}, "traceable"),
    ],
)
def test_a_wrong_fact_is_not_served(wrong: dict[str, Any], check: str, tmp_path: Path) -> None:
    candidate = warehouse(tmp_path / "candidate.duckdb", [*SOUND_FACTS, FACT | wrong])
    found = failed(check_facts(candidate, None))
    assert set(found) == {check}, {name: str(c) for name, c in found.items()}
    assert "repeat_referrals.within_12_months" in found[check].observed
    assert found[check].blocks


def test_an_empty_warehouse_is_not_served(tmp_path: Path) -> None:
    assert "facts_present" in failed(check_facts(warehouse(tmp_path / "c.duckdb", []), None))


def test_a_year_or_series_that_would_be_lost_is_not_swapped_away(tmp_path: Path) -> None:
    serving = warehouse(tmp_path / "serving.duckdb", SOUND_FACTS)
    candidate = warehouse(tmp_path / "candidate.duckdb", SOUND_FACTS[:2])
    found = failed(check_facts(candidate, serving))
    assert set(found) == {"no_series_lost", "no_year_lost"}
    assert "injury_admissions.within_12_months" in found["no_series_lost"].observed
    assert "repeat_referrals.within_12_months in 2022" in found["no_year_lost"].observed


@pytest.mark.parametrize(
    ("drop", "told"),
    [
        ("drop table marts.dim_council", "marts.dim_council is missing"),
        ("drop table marts.fct_core_measure", "marts.fct_core_measure is missing"),
        ("alter table marts.fct_core_measure drop unit", "lacks unit"),
    ],
)
def test_a_warehouse_without_its_marts_is_a_failed_check(
    drop: str, told: str, tmp_path: Path
) -> None:
    (check,) = check_facts(warehouse(tmp_path / "c.duckdb", SOUND_FACTS, drop), None)
    assert check.name == "marts_present"
    assert told in check.observed
    assert check.blocks


def test_a_file_that_is_no_warehouse_is_a_failed_check(tmp_path: Path) -> None:
    path = tmp_path / "candidate.duckdb"
    path.write_bytes(b"not a database, whatever its name says")
    assert check_facts(path, None)[0].blocks
    assert check_facts(tmp_path / "absent.duckdb", None)[0].blocks


def test_a_broken_warehouse_now_serving_can_be_replaced(tmp_path: Path) -> None:
    serving = tmp_path / "serving.duckdb"
    serving.write_bytes(b"not a database")
    candidate = warehouse(tmp_path / "candidate.duckdb", SOUND_FACTS)
    found = failed(check_facts(candidate, serving))
    assert set(found) == {"serving_comparable"}
    assert not found["serving_comparable"].blocks
