"""The air gap: what a connected machine wrote reaches one that is not, or says it did not."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import factory
import pytest
from conftest import command, copy_of
from standins import Server
from standins.server import Reply, Request, etag_of
from test_fuzz import bounded

from ingest.archive.carried import (
    LIST_FILE,
    CarriedArchive,
    open_archive,
    write_carried,
    write_index,
)
from ingest.archive.held import HomeArchive
from ingest.archive.release import Problem, Release
from ingest.archive.store import Archive
from ingest.contracts.load import load_contracts
from ingest.errors import ArchiveError
from ingest.publishers.fetch import fetched_from
from ingest.publishers.settings import Settings
from orchestration.pipeline.collect import collect
from orchestration.pipeline.inventory import take_inventory
from orchestration.pipeline.source import check_source
from warehouse.serve.home import Home

IN_NEED = "characteristics-of-children-in-need"
NEET = "participation-in-education-training-and-neet-age-16-to-17-by-local-authority"


def held(folder: Path) -> dict[str, dict[str, str]]:
    archive = open_archive(folder)
    return {
        release.path: release.hashes
        for publisher, publication in archive.publications()
        for release in archive.releases(publisher, publication)
        if isinstance(release, Release)
    }


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("carried")
    source = factory.lay_out(folder / "sample", publications=[IN_NEED, NEET])
    outcome = command("archive", "import", source, "--home", folder / "home")
    assert outcome.returncode == 0, outcome.stderr
    return folder / "home"


@pytest.fixture
def connected(imported: Path, tmp_path: Path) -> Path:
    """A home that holds releases, and serves nothing yet."""
    return copy_of(imported, tmp_path / "connected")


def test_what_was_carried_is_other_than_what_was_held(connected: Path, tmp_path: Path) -> None:
    carried = tmp_path / "stick" / "releases.tar"
    outcome = command("archive", "export", carried, "--home", connected)
    assert outcome.returncode == 0, outcome.stderr
    assert command("archive", "verify", carried).returncode == 0
    first = carried.read_bytes()
    assert command("archive", "export", carried, "--home", connected).returncode == 0
    assert carried.read_bytes() == first, "the same releases make the same file"
    home = tmp_path / "gapped"
    for said in ("0 were there already", "0 releases copied"):
        outcome = command("archive", "import", carried, "--home", home)
        assert outcome.returncode == 0, outcome.stderr
        assert said in outcome.stdout
    assert held(home / "archive") == held(connected / "archive")
    assert command("archive", "verify", "--home", home).returncode == 0
    assert not [p for p in carried.parent.iterdir() if p != carried]


def test_a_council_without_a_network_cannot_refresh_from_the_file(
    connected: Path, tmp_path: Path
) -> None:
    carried = tmp_path / "releases.tar"
    command("archive", "export", carried, "--home", connected)
    home = Home(tmp_path / "gapped")
    home.prepare()
    check_source(str(carried), load_contracts())
    assert {release.path for release in collect(home, str(carried))} == set(held(carried))
    assert held(home.archive.folder) == held(connected / "archive")
    assert take_inventory(home).problems == ()


def test_since_leaves_out_what_came_home_late(connected: Path, tmp_path: Path) -> None:
    old = 10**9  # September 2001
    for path in (connected / "archive").rglob("release.json"):
        os.utime(path, (old, old))
    carried = tmp_path / "releases.tar"

    def exported(since: str) -> set[str]:
        outcome = command("archive", "export", carried, "--since", since, "--home", connected)
        assert outcome.returncode == 0, outcome.stderr
        return set(held(carried))

    everything = set(held(connected / "archive"))
    assert exported("1999-01-01") == everything
    assert exported("2024-10-31") == {f"ees/{IN_NEED}/2024"}
    assert exported("2031-01-01") == set()
    # A release of 2022 that came home today is new to who was here last week.
    (late,) = [p for p in everything if p.endswith("/2022")]
    os.utime(connected / "archive" / late / "release.json")
    assert exported("2025-01-01") == {late}
    assert command("archive", "export", carried, "--since", "soon").returncode == 2


def test_a_file_cut_short_passes_for_whole_or_loses_what_came_before(
    connected: Path, tmp_path: Path
) -> None:
    """Wherever it is cut; and the whole one takes up where that ended."""
    carried, cut = tmp_path / "releases.tar", tmp_path / "cut.tar"
    command("archive", "export", carried, "--home", connected)
    whole = carried.read_bytes()
    everything = held(carried)
    with tarfile.open(carried) as tar:
        ends = [member.offset for member in tar][1:]
    gapped = tmp_path / "gapped"
    before = -1
    for at in sorted({*ends, *(end + 700 for end in ends), len(whole) // 2}):
        cut.write_bytes(whole[:at])
        home = HomeArchive(gapped)
        archive = CarriedArchive(cut)
        outcomes = list(archive.verify())
        problems = [found for found in outcomes if isinstance(found, Problem)]
        assert problems, f"cut at {at:,} of {len(whole):,} bytes"
        for found in outcomes:
            if isinstance(found, Release):
                home.add(archive, found)
        kept = len(list(gapped.rglob("release.json")))
        if kept:
            assert not [found for found in home.verify() if isinstance(found, Problem)]
        assert kept >= before
        before = kept
    assert 0 < before < len(everything)
    outcome = command("archive", "import", cut, "--home", tmp_path / "home")
    assert outcome.returncode == 1
    assert "cut short" in outcome.stderr
    outcome = command("archive", "import", carried, "--home", tmp_path / "home")
    assert outcome.returncode == 0
    assert held(tmp_path / "home" / "archive") == everything


def test_damage_on_the_way_is_brought_home(connected: Path, tmp_path: Path) -> None:
    carried = tmp_path / "releases.tar"
    command("archive", "export", carried, "--home", connected)
    data = bytearray(carried.read_bytes())
    with tarfile.open(carried) as tar:
        (member,) = [m for m in tar if m.name.endswith("2024/release.json") and IN_NEED in m.name]
        (figures,) = [m for m in tar if f"{NEET}/2021/" in m.name and m.name.endswith("csv")]
    data[member.offset_data + 40] ^= 1
    data[figures.offset_data + figures.size // 2] ^= 1
    carried.write_bytes(data)
    outcome = command("archive", "import", carried, "--home", tmp_path / "gapped")
    assert outcome.returncode == 1
    assert "2 refused" in outcome.stdout
    assert f"ees/{IN_NEED}/2024" in outcome.stderr
    assert f"ees/{NEET}/2021" in outcome.stderr
    kept = held(tmp_path / "gapped" / "archive")
    assert len(kept) == len(held(connected / "archive")) - 2


def hostile(folder: Path, members: dict[str, tuple[bytes, dict[str, object]]]) -> Path:
    path = folder / "hostile.tar"
    with tarfile.open(path, "w") as tar:
        for name, (data, changes) in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for field, value in changes.items():
                setattr(member, field, value)
            tar.addfile(member, io.BytesIO(data))
    return path


def test_a_hostile_file_writes_elsewhere_or_ends_in_a_traceback(tmp_path: Path) -> None:
    listed = json.dumps(
        {"releases": [{"path": "../../x/y", "sha256": "0"}, {"path": "a/b/c", "sha256": "0"}]}
    ).encode()
    link: dict[str, object] = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0}
    path = hostile(
        tmp_path,
        {
            LIST_FILE: (listed, {}),
            "../../stolen": (b"x", {}),
            "/tmp/stolen-by-core-measures": (b"x", {}),
            "a/b/c/release.json": (b"", link),
        },
    )
    outcome = command("archive", "import", path, "--home", tmp_path / "home")
    assert outcome.returncode == 1
    assert "Traceback" not in outcome.stderr
    assert not list((tmp_path / "home").rglob("*stolen*"))
    assert not Path("/tmp/stolen-by-core-measures").exists()
    for junk in (b"", b"not a tar", b"\x1f\x8b\x08" + b"0" * 600, b"\0" * 10240):
        path.write_bytes(junk)
        outcome = command("archive", "verify", path)
        assert outcome.returncode == 1
        assert len(outcome.stderr.strip().splitlines()) == 1
        assert "is not a file of `archive export`" in outcome.stderr
    assert "no such file" in command("archive", "verify", tmp_path / "no.tar").stderr


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A member's header with any size at all, and the checksum that it needs."""
    block = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT))
    if 0 <= size < 8**11:
        block[124:136] = b"%011o\0" % size
    else:
        block[124:136] = bytes([0x80 if size >= 0 else 0xFF]) + (size % 256**11).to_bytes(11, "big")
    block[156:157] = kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def said(**records: str) -> bytes:
    """A header that says more of the member behind it, and that member."""
    lines = [f" {name}={value}\n".encode() for name, value in records.items()]
    data = b"".join(b"%d%b" % (len(line) + 2, line) for line in lines)
    whole = header("x", len(data), tarfile.XHDTYPE) + data + bytes(-len(data) % 512)
    return whole + header("y")


LISTED = json.dumps({"releases": [{"path": "a/b/c", "sha256": "0"}]}).encode()
FIRST = header(LIST_FILE, len(LISTED)) + LISTED + bytes(-len(LISTED) % 512)
AFTER = header("a/b/c/release.json")


@pytest.mark.parametrize(
    "headers",
    [
        header("y", -600),
        header("y", -600, tarfile.XHDTYPE),
        header("y", 2**63 - 1),
        header("y", 2**70),
        header("a/b/c/release.json", 1 << 23),
        said(size="-1536"),
        header("y", 0, tarfile.GNUTYPE_LONGNAME) * 400,
        header("y", 0, tarfile.XHDTYPE) * 400,
        header("y", 1 << 20, tarfile.XHDTYPE) + bytes(1 << 20),
        header("y", 0, tarfile.XGLTYPE) * 400,
        said(**{"GNU.sparse.map": "a,b"}),
        said(**{"GNU.sparse.map": "1"}),
    ],
    ids=[
        "leads back",
        "extended, leads back",
        "beyond any disk",
        "beyond any number",
        "beyond its end",
        "said to lead back",
        "long names",
        "extended, in a row",
        "extended, large",
        "for all",
        "sparse and no numbers",
        "sparse and half a pair",
    ],
)
def test_a_carried_file_never_ends_fills_the_memory_or_ends_in_a_traceback(
    tmp_path: Path, headers: bytes
) -> None:
    carried = tmp_path / "releases.tar"
    carried.write_bytes(FIRST + headers + AFTER + bytes(1024))
    with bounded():
        (found,) = CarriedArchive(carried).verify()
    assert isinstance(found, Problem)
    assert found.path == "a/b/c"
    carried.write_bytes(headers + FIRST + bytes(1024))
    with bounded(), contextlib.suppress(ArchiveError):
        list(CarriedArchive(carried).verify())


def test_a_carried_file_of_a_million_members_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.archive.carried._MOST_MEMBERS", 50)
    carried = tmp_path / "releases.tar"
    carried.write_bytes(header("y") * 60 + FIRST + bytes(1024))
    with pytest.raises(ArchiveError, match="is not a file of `archive export`"):
        CarriedArchive(carried)
    carried.write_bytes(header("y") * 40 + FIRST + bytes(1024))
    assert CarriedArchive(carried).publications() == [("a", "b")]


def test_an_unsound_release_is_carried_or_stops_the_others(connected: Path, tmp_path: Path) -> None:
    damaged = next((connected / "archive" / "ees" / IN_NEED / "2023").glob("c1*.csv"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    carried = tmp_path / "releases.tar"
    outcome = command("archive", "export", carried, "--home", connected)
    assert outcome.returncode == 1
    assert f"ees/{IN_NEED}/2023" in outcome.stderr
    assert "1 refused" in outcome.stdout
    assert command("archive", "verify", carried).returncode == 0
    assert f"ees/{IN_NEED}/2024" in held(carried)


def test_a_disk_that_is_full_leaves_half_a_file(connected: Path, tmp_path: Path) -> None:
    (tmp_path / "in the way").write_bytes(b"")
    archive = Archive(connected / "archive")
    with pytest.raises(ArchiveError, match="cannot be written"):
        write_carried(archive, [], tmp_path / "in the way" / "releases.tar")
    assert (tmp_path / "in the way").read_bytes() == b""


class Files:
    """A plain web server of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def answer(self, request: Request, base: str) -> Reply:
        path = self.folder / request.path
        if not path.is_file():
            return Reply(b"", 404)
        body = path.read_bytes()
        return Reply(body, 200, {"ETag": etag_of(body)})


def test_an_exported_archive_cannot_be_served_to_others_over_the_web(
    connected: Path, tmp_path: Path
) -> None:
    """Its `index.json` is what the platform `archive` asks for."""
    from standins.platforms import KINDS, QUICK

    from ingest.contracts.load import load_contracts

    shared = tmp_path / "shared"
    assert command("archive", "export", shared, "--home", connected).returncode == 0
    block = {"hosts": ["publisher.invalid"], "address": "https://publisher.invalid/archive"}
    live = KINDS["archive"].contract(tmp_path / "contracts", **block).live
    import dataclasses

    contract = dataclasses.replace(load_contracts()[IN_NEED], live=live)
    home = HomeArchive(tmp_path / "home")
    with Server(Files(shared)) as server:
        settings = Settings.from_environment(QUICK | {"CORE_MEASURES_ARCHIVE_URL": server.base})

        def night() -> int:
            with fetched_from([contract], home, tmp_path / "work", settings, lambda _: None) as (
                source,
                (found,),
            ):
                assert found.problems == []
                return sum(home.add(source, release) is not None for release in found.releases)

        assert night() == 2
        server.requests.clear()
        assert night() == 0
        assert [(r.path, r.conditional) for r in server.requests] == [("index.json", True)]
    assert home.held("ees", IN_NEED)
    shutil.rmtree(shared)
    shared.mkdir()
    with pytest.raises(ArchiveError):
        write_index(Archive(shared), shared)
