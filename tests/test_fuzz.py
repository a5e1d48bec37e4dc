"""Whatever bytes arrive end in rows or in one sentence, soon and in little memory."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from expectations.results.verdicts import verdicts_in
from ingest.archive.held import HomeArchive
from ingest.archive.release import RELEASE_FILE, Problem, Release
from ingest.archive.store import Archive
from ingest.contracts.load import FOLDER, load_contracts
from ingest.corrections import load_corrections
from ingest.errors import CoreMeasuresError, ReadError
from ingest.reading.tables import SOURCE_ROW, read_csv
from orchestration.pipeline.inventory import take_inventory
from warehouse.serve.home import Home

FUZZ = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FEWER = settings(FUZZ, max_examples=60)
# Some inputs are small and hard on a reader. Far above what any takes, far below what hurts.
MOST_SECONDS = 10.0
MOST_BYTES = 512 << 20

csv_like = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text('a1,;"\n\r\t =\x00\ufeff', max_size=60).map(str.encode),
    st.tuples(
        st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"a,b\n", b'"a\n",b\r\n']),
        st.binary(max_size=120),
    ).map(b"".join),
)
cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12
) | st.sampled_from(["", " ", "NA", "null", "0012", "1e5", "true", "2024-01-01", "z", '"', "\r\n"])
names = cells.filter(lambda name: name.strip() and not name.lstrip().startswith("<"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def _memory_at_most(*, anew: bool = False) -> int:
    """The most memory that this process has had, in bytes; 0 where the system does not say.

    Python's own tracing of memory breaks down where a library's threads let some go.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) << 10


@contextmanager
def bounded() -> Iterator[None]:
    """Seconds of work and the process's memory stay within bounds."""
    before = _memory_at_most(anew=True)
    begun = time.process_time()
    try:
        yield
    finally:
        taken = time.process_time() - begun
        most = _memory_at_most() - before
    assert taken < MOST_SECONDS
    assert most < MOST_BYTES


# --- CSV


@given(csv_like)
@example(b"\n\na,b\n1,2\n")
@example(b"a\n\n")
@example(b'a"b,c\n1,2\n')
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe\x00\xd8")
@FUZZ
def test_bytes_end_in_a_traceback_or_in_cells_that_are_not_text(data: bytes) -> None:
    try:
        table = read_csv(data)
    except ReadError as error:
        assert str(error)
        return
    assert table.num_rows
    assert table.column_names[0] == SOURCE_ROW
    assert table[SOURCE_ROW].to_pylist() == list(range(1, table.num_rows + 1))
    assert {str(field.type) for field in list(table.schema)[1:]} <= {"string"}
    assert not any(column.null_count for column in table.columns)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    header = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    width = len(header)
    body = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=5))
    return [header, *body]


@given(
    tables(),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
@FUZZ
def test_a_cell_comes_back_other_than_it_was_written(
    rows: list[list[str]], line_end: str, encoding: str, quoting: Any
) -> None:
    if any("\r" in cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # Python's writer leaves it bare, and then it ends a line
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator=line_end, quoting=quoting).writerows(rows)
    try:
        table = read_csv(file.getvalue().encode(encoding))
    except ReadError as error:
        # What is refused on sight is refused for how the file begins, never for its cells.
        on_sight = rows[0][0].startswith(("\ufeff", "PK", "%PDF", "PAR1"))
        assert on_sight or SOURCE_ROW in rows[0], error
        return
    assert table.column_names[1:] == rows[0]
    columns = [table.column(i).to_pylist() for i in range(1, table.num_columns)]
    assert [list(row) for row in zip(*columns, strict=True)] == rows[1:]


@pytest.mark.parametrize(
    "data",
    [
        b",".join(b"c%d" % i for i in range(100_000)) + b"\n" + b"1," * 99_999 + b"1\n",
        b",".join(b"c%d" % i for i in range(10_000)) + b"\n" + b"1," * 9_999 + b"1\n",
        b"a" * 200_000 + b"\n1\n",
        b"a\n" + b'"' * 200_000 + b"\n",
        b"a,b\n" + b"\n" * 1_000_000,
        b"a" + b"," * 1_000_000,
        b"a,b\n1,2\n" * 50_000 + b"3\n",
        b'a\n"' + b"x\r\n" * 300_000 + b'"\n',
    ],
    ids=[
        "too wide",
        "wide",
        "long name",
        "quotes",
        "blank lines",
        "commas",
        "cut short",
        "one long cell",
    ],
)
def test_a_small_file_takes_a_reader_minutes_or_gigabytes(data: bytes) -> None:
    with bounded():
        try:
            read_csv(data)
        except ReadError as error:
            assert len(str(error)) < 1000


# --- release.json


def described(**changes: object) -> dict[str, object]:
    document: dict[str, object] = {
        "publisher": "ees",
        "publication": "p",
        "title": "P",
        "release": "2024",
        "published": "2024-10-31",
        "landing_page": "https://example.org",
        "licence": "OGL-UK-3.0",
        "files": [{"name": "a.csv", "bytes": 1, "sha256": "0" * 64}],
    }
    return document | changes


def mangled(document: dict[str, object]) -> st.SearchStrategy[bytes]:
    """A valid document with a few fields gone or changed, or its bytes cut or altered."""
    whole = json.dumps(document).encode()
    changes = st.dictionaries(st.sampled_from(sorted(document)), values, min_size=1, max_size=3)
    return st.one_of(
        changes.map(lambda found: json.dumps(document | found).encode()),
        st.integers(0, len(whole)).map(lambda end: whole[:end]),
        st.tuples(st.integers(0, len(whole) - 1), st.binary(max_size=3)).map(
            lambda cut: whole[: cut[0]] + cut[1] + whole[cut[0] + 1 :]
        ),
        st.binary(max_size=60),
        st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"1" * 100_000, b"\xff\xfe[", b"NaN"]),
    )


@given(mangled(described()))
@example(json.dumps(described(version=2**40)).encode())
@example(json.dumps(described(published="9999-12-31")).encode())
@FUZZ
def test_a_release_json_ends_in_a_traceback(tmp_path: Path, data: bytes) -> None:
    folder = tmp_path / "ees" / "p" / "2024"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RELEASE_FILE).write_bytes(data)
    (folder / "a.csv").write_bytes(b"x")
    for found in Archive(tmp_path).releases("ees", "p"):
        if isinstance(found, Problem):
            assert len(str(found)) < 2000
        else:
            assert found.path == "ees/p/2024"
            assert all("/" not in file.name for file in found.files)
    for found in Archive(tmp_path).verify():
        assert found


@pytest.mark.parametrize(
    "name",
    ["../a.csv", "/etc/passwd", "a/b", ".hidden", "a\n.csv", "", "é" * 150, "release.json", "C:a"],
)
def test_a_published_name_leads_out_of_its_folder_or_over_a_file_of_ours(name: str) -> None:
    file = {"name": name, "bytes": 1, "sha256": "0" * 64}
    with pytest.raises(ValueError, match="files"):
        Release.model_validate(described(files=[file]))


def test_two_files_of_one_name_overwrite_each_other() -> None:
    file = {"name": "a.csv", "bytes": 1, "sha256": "0" * 64}
    with pytest.raises(ValueError, match="two files have one name"):
        Release.model_validate(described(files=[file, file | {"sha256": "1" * 64}]))


# --- what a home remembers

VERDICT = {
    "digest": "d",
    "admitted": True,
    "loads": [
        {
            "file": "a.csv",
            "sha256": "0" * 64,
            "admitted": True,
            "dropped_rows": [3],
            "checks": [
                {
                    "name": "columns",
                    "column": "",
                    "severity": "error",
                    "success": True,
                    "observed": "",
                    "explanation": "",
                }
            ],
        }
    ],
}


@given(
    mangled(VERDICT)
    | values.map(lambda value: json.dumps(VERDICT | {"loads": [value]}).encode())
    | st.tuples(st.sampled_from(sorted(VERDICT["loads"][0])), values).map(  # type: ignore[index]
        lambda c: json.dumps(
            VERDICT | {"loads": [VERDICT["loads"][0] | {c[0]: c[1]}]}  # type: ignore[index]
        ).encode()
    )
)
@FUZZ
def test_a_damaged_verdict_ends_in_a_traceback_or_admits(tmp_path: Path, data: bytes) -> None:
    release = Release.model_validate(described())
    folder = tmp_path / release.path
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "verdict.json").write_bytes(data)
    found = verdicts_in(HomeArchive(tmp_path).verdict(release), "d")
    for verdict in (found or {}).values():
        assert verdict.checks
        assert all(isinstance(row, int) for row in verdict.dropped_rows)
        assert isinstance(verdict.admitted, bool)


@given(mangled({"a": [["ees/p/2024", "why"]], "b": []}))
@FEWER
def test_damaged_problems_end_in_a_traceback(tmp_path: Path, data: bytes) -> None:
    home = Home(tmp_path)
    home.prepare()
    (home.work / "problems.json").write_bytes(data)
    for problem in take_inventory(home).problems:
        assert problem.path.count("/") == 2


@given(mangled({"digest": "d", "checks": []}))
@FEWER
def test_a_damaged_build_record_ends_in_a_traceback(tmp_path: Path, data: bytes) -> None:
    home = Home(tmp_path)
    home.current.mkdir(parents=True, exist_ok=True)
    (home.current / "build.json").write_bytes(data)
    assert home.build_record() is None


# --- what people write

yaml_like = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text("ab:-[]{}&*!#|>'\"\n 01.", max_size=80).map(str.encode),
    values.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [
            b"[" * 50_000,
            b"!!timestamp x",
            b"!!int ''",
            b"!!bool x",
            b"2024-13-45",
            b"!!python/object/apply:os.system [true]",
            b"a: &a [x]\nb: [*a, *a]",
            b"? [a]\n: b",
            b"- " * 5_000,
        ]
    ),
)
CONTRACT = (FOLDER / "characteristics-of-children-in-need.yml").read_bytes()
CORRECTIONS = (FOLDER.parent / "corrections" / "gcse-and-equivalent-results.yml").read_bytes()


def altered(whole: bytes) -> st.SearchStrategy[bytes]:
    place = st.integers(0, len(whole) - 1)
    return st.tuples(place, st.integers(0, 40), yaml_like).map(
        lambda cut: whole[: cut[0]] + cut[2] + whole[cut[0] + cut[1] :]
    )


@given(yaml_like | altered(CORRECTIONS))
@FUZZ
def test_a_corrections_file_ends_in_a_traceback(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "p.yml").write_bytes(data)
    load_corrections.cache_clear()
    try:
        load_corrections("p", tmp_path)
    except CoreMeasuresError as error:
        assert "p.yml" in str(error)


@given(yaml_like | altered(CONTRACT))
@FEWER
def test_a_contract_ends_in_a_traceback(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "layouts").mkdir(exist_ok=True)
    (tmp_path / "layouts" / "ees.yml").write_bytes((FOLDER / "layouts" / "ees.yml").read_bytes())
    (tmp_path / "characteristics-of-children-in-need.yml").write_bytes(data)
    load_contracts.cache_clear()
    try:
        load_contracts(tmp_path)
    except CoreMeasuresError as error:
        assert "characteristics" in str(error)
    finally:
        load_contracts.cache_clear()


def test_a_few_lines_of_yaml_fill_the_memory(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)
    ]
    (tmp_path / "p.yml").write_text("\n".join(lines))
    load_corrections.cache_clear()
    with bounded(), pytest.raises(CoreMeasuresError, match="aliases"):
        load_corrections("p", tmp_path)
