"""Archives, files and contracts: what is taken in, what is refused, and in which words."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import PROJECT

from ingest.archive.held import HomeArchive
from ingest.archive.release import Problem, Release, sha256_of
from ingest.archive.store import Archive
from ingest.contracts.load import FOLDER as CONTRACTS
from ingest.contracts.load import load_contracts
from ingest.contracts.yaml_documents import read_our_own, read_yaml
from ingest.errors import ArchiveError, ContractError, ReadError
from ingest.reading.load_store import LoadStore
from ingest.reading.periods import Period, parse_period
from ingest.reading.recognise import column_mapping, unlisted_columns
from ingest.reading.rows import canonical
from ingest.reading.tables import read_csv

IN_NEED = "characteristics-of-children-in-need"


def archive_of(folder: Path, content: bytes = b"a,b\n1,2\n", **changes: object) -> Path:
    """An archive of one release, its `release.json` changed as asked."""
    document: dict[str, object] = {
        "publisher": "ees",
        "publication": IN_NEED,
        "title": "Characteristics of children in need",
        "release": "2024",
        "version": 1,
        "published": "2024-10-31",
        "published_precision": "day",
        "landing_page": "https://example.org",
        "licence": "Open Government Licence v3.0",
        "files": [{"name": "a.csv", "bytes": len(content), "sha256": sha256_of(content)}],
    } | changes
    place = folder / "ees" / IN_NEED / "2024"
    place.mkdir(parents=True)
    (place / "a.csv").write_bytes(content)
    (place / "release.json").write_text(json.dumps(document))
    return folder


def the_release(archive: Archive) -> Release:
    (release,) = archive.releases("ees", IN_NEED)
    assert isinstance(release, Release), release
    return release


# --- the archive


def test_a_release_comes_home_other_than_it_was(tmp_path: Path) -> None:
    source = Archive(archive_of(tmp_path / "source"))
    home = HomeArchive(tmp_path / "home")
    kept = home.add(source, the_release(source))
    assert kept is not None
    assert home.read(kept, kept.files[0]) == b"a,b\n1,2\n"
    assert home.add(source, the_release(source)) is None, "held already"


def test_a_changed_release_overwrites_the_first(tmp_path: Path) -> None:
    home = HomeArchive(tmp_path / "home")
    for number, content in enumerate((b"a\n1\n", b"a\n2\n", b"a\n1\n")):
        source = Archive(archive_of(tmp_path / str(number), content))
        home.add(source, the_release(source))
    held = home.held("ees", IN_NEED)
    assert [(release.folder, release.version) for release in held] == [("2024", 1), ("2024+2", 2)]
    assert [home.read(release, release.files[0]) for release in held] == [b"a\n1\n", b"a\n2\n"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"files": [{"name": "../../evil.csv", "bytes": 1, "sha256": "0" * 64}]}, "plain file"),
        ({"files": [{"name": "/etc/passwd", "bytes": 1, "sha256": "0" * 64}]}, "plain file"),
        ({"files": [{"name": "a.csv", "bytes": 1, "sha256": "abc"}]}, "sha256"),
        ({"files": []}, "files"),
        ({"published": "yesterday"}, "published"),
        ({"release": "2023"}, f"says it is ees/{IN_NEED}/2023"),
        ({"release": ".."}, "release"),
        ({"version": 0}, "version"),
    ],
)
def test_a_release_json_that_lies_is_believed(
    tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    (found,) = Archive(archive_of(tmp_path, **changes)).releases("ees", IN_NEED)
    assert isinstance(found, Problem)
    assert sentence in str(found)


def test_bytes_that_differ_from_their_hash_are_kept(tmp_path: Path) -> None:
    source = Archive(archive_of(tmp_path / "source"))
    release = the_release(source)
    (tmp_path / "source" / release.path / "a.csv").write_bytes(b"a,b\n1,3\n")
    home = HomeArchive(tmp_path / "home")
    with pytest.raises(ArchiveError, match=r"is not the file that release\.json names"):
        home.add(source, release)
    (tmp_path / "source" / release.path / "a.csv").unlink()
    with pytest.raises(ArchiveError, match="is not there"):
        home.add(source, release)
    assert home.held("ees", IN_NEED) == []
    assert not [path for path in home.folder.rglob("*") if path.is_file()]
    assert [type(found) for found in source.verify()] == [Problem]


def test_an_archive_on_an_object_store_cannot_be_read(tmp_path: Path) -> None:
    import fsspec

    store = fsspec.filesystem("memory")
    store.put(str(archive_of(tmp_path / "source")), "/bucket/archive", recursive=True)
    source = Archive("memory://bucket/archive")
    assert source.publications() == [("ees", IN_NEED)]
    assert HomeArchive(tmp_path / "home").add(source, the_release(source)) is not None
    store.rm("/bucket", recursive=True)


# --- files into rows


def test_a_cell_is_changed_by_reading_it() -> None:
    table = read_csv(
        b'name,cell\r\n"two\nlines", 49.166\r\nNULL,007\r\n"a, b",NA\r\n"say ""so""", \r\n'
    )
    assert table.to_pydict() == {
        "source_row": [1, 2, 3, 4],
        "name": ["two\nlines", "NULL", "a, b", 'say "so"'],
        "cell": [" 49.166", "007", "NA", " "],
    }


@pytest.mark.parametrize(
    "data",
    [
        "name\nSouthend–on–Sea\n".encode("utf-8-sig"),
        b"\xef\xbb\xbf" + "name\nSouthend–on–Sea\n".encode("utf-8-sig"),
        "name\nSouthend–on–Sea\n".encode(),
        "name\nSouthend–on–Sea\n".encode("cp1252"),
        "name\nSouthend–on–Sea\n".encode("utf-16"),
    ],
    ids=["utf-8 with a mark", "utf-8 with two", "utf-8", "windows-1252", "utf-16"],
)
def test_a_name_is_garbled_by_the_files_encoding(data: bytes) -> None:
    assert read_csv(data).to_pydict()["name"] == ["Southend–on–Sea"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"PK\x03\x04 zip", "zip file or workbook"),
        (b"\xd0\xcf\x11\xe0 xls", "old Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"a,b\n", "no rows"),
        (b"a,b\n1,2\n3\n", "not a whole CSV"),
        (b"a,b\n1,2,3\n", "not a whole CSV"),
        (b'a,b\n1,"2\n', "not a whole CSV"),
        (b"a,a\n1,2\n", "'a' more than once"),
        (b"a\n\x00\n", "NUL"),
        (b"a\n\x81\x8d\n", "neither UTF-8 nor Windows-1252"),
        (b"\xff\xfea", "UTF-16"),
        (b"source_row\n1\n", "source_row"),
    ],
)
def test_what_is_no_table_is_read_as_one(data: bytes, sentence: str) -> None:
    with pytest.raises(ReadError, match=sentence):
        read_csv(data)


def test_a_file_is_read_twice(tmp_path: Path) -> None:
    data = b"a,b\n1,2\n"
    release = the_release(Archive(archive_of(tmp_path / "source", data)))
    store = LoadStore(tmp_path / "loads")
    contract = load_contracts()[IN_NEED].files[0]
    first = store.read(release.files[0], contract, lambda: data)

    def again() -> bytes:
        raise AssertionError("its bytes were asked for again")

    assert store.read(release.files[0], contract, again).equals(first)
    # Damaged on disk, it is read from the archive's bytes once more.
    store.path(release.files[0], contract).write_bytes(b"PAR1 broken")
    assert store.read(release.files[0], contract, lambda: data).equals(first)


# --- contracts


def test_a_renamed_column_is_guessed() -> None:
    contract = load_contracts()[IN_NEED].files[0]
    published = [column.published_as[0] for column in contract.columns]
    assert column_mapping(contract, published)["re_referrals_percent"] == "Re_referrals_percent"
    published[published.index("Re_referrals_percent")] = "Re_referral_share"
    with pytest.raises(ReadError) as refused:
        column_mapping(contract, published)
    assert "'Re_referrals_percent' or 'rereferral_percent'" in str(refused.value)
    assert "nearest found: 'Re_referral_share'" in str(refused.value)
    with pytest.raises(ReadError, match="under two names"):
        column_mapping(contract, [*published, "Re_referrals_percent", "rereferral_percent"])
    assert unlisted_columns(contract, ["source_row", "new_la_code", "Surprise"]) == ["Surprise"]


def test_canonical_columns_lose_a_row_or_a_cell() -> None:
    table = pa.table({"source_row": [1, 2], "Published": [" x", ""], "other": ["1", "2"]})
    assert canonical(table, {"ours": "Published"}).to_pydict() == {
        "source_row": [1, 2],
        "ours": [" x", ""],
    }


def contract_folder(tmp_path: Path, find: str, replace: str) -> Path:
    folder = PROJECT / "ingest" / "publications"
    (tmp_path / "layouts").mkdir()
    for layout in (folder / "layouts").glob("*.yml"):
        (tmp_path / "layouts" / layout.name).write_text(layout.read_text("utf-8"), "utf-8")
    text = (folder / f"{IN_NEED}.yml").read_text("utf-8")
    assert find in text
    (tmp_path / f"{IN_NEED}.yml").write_text(text.replace(find, replace), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("find", "replace", "sentence"),
    [
        ("frequency: yearly", "frequency: sometimes", "frequency"),
        ("layout: ees", "layout: nowhere", "no layout"),
        ("publisher: ees", "publisher: ees\nsurprise: 1", "surprise"),
        ("period_type: financial_year", "period_type: fiscal_year", "no period type"),
        ("names: ['^c1_", "names: ['^c1_(", "names"),
        ("publisher: ees", "publisher: [ees", "not valid YAML"),
        (f"publication: {IN_NEED}", "publication: another", "name it after that"),
        ("      counts:\n        referrals:", "      sums:\n        referrals:", "sums"),
        (
            "    period_type: financial_year\n",
            "    period_type: financial_year\n    key: [nothing]\n",
            "does not list",
        ),
    ],
)
def test_a_contract_with_a_slip_is_taken(
    tmp_path: Path, find: str, replace: str, sentence: str
) -> None:
    with pytest.raises(ContractError, match=sentence):
        load_contracts(contract_folder(tmp_path, find, replace))


@pytest.mark.parametrize(
    "text",
    [
        "since: 2023-10-01\nmarks: [c, x, '2023-10-01']\nmost: 0.10\nnothing: ~\nyes: true",
        # What JSON has no word for, or another one.
        "2023: first\n'2023': second",
        "2023-10-01: a day\n",
        "at: 2023-10-01 10:00:00",
        "none: .nan",
        "bytes: !!binary aGVsbG8=",
    ],
)
def test_a_document_that_is_kept_says_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "one.yml"
    path.write_text(text, "utf-8")
    (tmp_path / "two.yml").write_text("another: one", "utf-8")
    expected = repr({path: read_yaml(path), tmp_path / "two.yml": {"another": "one"}})
    for _ in range(2):
        assert repr(read_our_own("contracts", tmp_path.glob("*.yml"))) == expected
    path.write_text("since: 2024-01-01", "utf-8")
    assert read_our_own("contracts", [path]) == {path: {"since": date(2024, 1, 1)}}
    # Files that say the same under other names are not taken for one another.
    (tmp_path / "two.yml").write_text("since: 2024-01-01", "utf-8")
    path.write_text("another: one", "utf-8")
    changed = read_our_own("contracts", tmp_path.glob("*.yml"))
    assert changed[path] == {"another": "one"}


def test_the_contracts_are_read_anew_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    files = sorted(CONTRACTS.rglob("*.yml"))
    assert read_our_own("contracts", files) == {path: read_yaml(path) for path in files}
    assert list(tmp_path.rglob("documents.json"))


@pytest.mark.parametrize(
    ("cell", "notation", "kind", "expected"),
    [
        ("2023", "ees", "financial_year", Period(date(2022, 4, 1), date(2023, 3, 31))),
        ("202223", "ees", "academic_year", Period(date(2022, 9, 1), date(2023, 8, 31))),
        ("2022", "ees", "calendar_year", Period(date(2022, 1, 1), date(2022, 12, 31))),
        ("2024", "ees", "three_months", Period(date(2023, 12, 1), date(2024, 2, 29))),
        ("199900", "ees", "academic_year", Period(date(1999, 9, 1), date(2000, 8, 31))),
        ("202224", "ees", "academic_year", None),
        ("2022/23", "ees", "academic_year", None),
        ("", "ees", "calendar_year", None),
        ("2022/23", "fingertips", "financial_year", Period(date(2022, 4, 1), date(2023, 3, 31))),
        ("2015/16", "fingertips", "academic_year", Period(date(2015, 9, 1), date(2016, 8, 31))),
        ("2020 - 22", "fingertips", "pooled_3_years", Period(date(2020, 1, 1), date(2022, 12, 31))),
        ("2020 - 23", "fingertips", "pooled_3_years", None),
        ("2015 Q1", "fingertips", "calendar_year", None),
    ],
)
def test_a_period_has_other_days(
    cell: str, notation: str, kind: str, expected: Period | None
) -> None:
    assert parse_period(cell, notation, kind) == expected  # type: ignore[arg-type]
