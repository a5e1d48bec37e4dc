"""A home whose archive and loads stand on an object store, and what it would lose there."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import factory
import pytest
from conftest import IN_NEED, PROJECT, command, copy_of, rows
from moto.server import DomainDispatcherApplication, create_backend_app
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.serving import make_server

from ingest.archive.held import HomeArchive
from ingest.archive.release import Problem, Release
from ingest.archive.store import Archive
from ingest.errors import ArchiveError, HomeError
from orchestration.pipeline.check import check
from orchestration.pipeline.collect import collect
from orchestration.settings import Settings

pytest.importorskip("s3fs", reason="needs core-measures[objects]")

RELEASE = f"archive/ees/{IN_NEED}/2024"


@dataclass
class Store:
    """moto's S3 on loopback; every request passes here, one at a time."""

    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    # Looks at a request before it is answered: method and path. What it returns is the status.
    before: Callable[[str, str], str | None] = lambda method, path: None
    # What becomes of conditions on a put: they hold, are not known, or are passed over.
    conditions: str = ""

    def __post_init__(self) -> None:
        answer = DomainDispatcherApplication(create_backend_app)
        one_by_one = threading.Lock()

        def counted(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            self.asked.append((method, path))
            if (status := self.before(method, path)) is not None:
                start(status, [("Content-Length", "0")])
                return []
            asked = [name for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH") if name in environ]
            if asked and self.conditions.startswith("501"):
                said = b"<Error><Code>NotImplemented</Code><Message>No.</Message></Error>"
                start(self.conditions, [("Content-Length", str(len(said)))])
                return [said]
            for name in asked if self.conditions else ():
                del environ[name]
            with one_by_one:
                return answer(environ, start)

        self._server = make_server("127.0.0.1", 0, counted, threaded=True)
        self.port = self._server.port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def variables(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "pass-word",
            "AWS_REGION": "eu-west-2",
            "NO_PROXY": "127.0.0.1",
        }

    @property
    def s3(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.variables["AWS_ENDPOINT_URL"],
            aws_access_key_id="somebody",
            aws_secret_access_key="pass-word",
            region_name="eu-west-2",
        )

    def objects(self, bucket: str, prefix: str = "") -> dict[str, str]:
        """Each object's name, and its tag."""
        found = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {one["Key"]: one["ETag"] for one in found}

    def environment(self, bucket: str) -> dict[str, str]:
        """What a command is told for a home that keeps all it can in a bucket."""
        return {
            **self.variables,
            "CORE_MEASURES_ARCHIVE": f"s3://{bucket}/archive",
            "CORE_MEASURES_LOADS": f"s3://{bucket}/loads",
        }


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    server = Store()
    yield server
    server.stop()


@pytest.fixture
def bucket(store: Store, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"b{hashlib.sha256(request.node.name.encode()).hexdigest()[:20]}"
    made(store, name)
    yield name
    store.before = lambda method, path: None


def made(store: Store, bucket: str) -> str:
    region = {"LocationConstraint": "eu-west-2"}
    store.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=region)
    return bucket


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of one publication's releases of 2023 and 2024."""
    folder = tmp_path_factory.mktemp("both") / "archive"
    return factory.lay_out(folder, figures=factory.figures_of(IN_NEED))


@pytest.fixture(scope="module")
def stored(
    store: Store, both: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """A home refreshed with all it can on the store, and what a command is told for it."""
    home = tmp_path_factory.mktemp("stored") / "home"
    environment = store.environment(made(store, "stored"))
    ended = command("refresh", "--from", both, "--home", home, environment=environment)
    assert ended.returncode == 0, ended.stderr
    return home, environment


def published(home: Path) -> dict[str, str]:
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (home / "published" / "latest").glob("*.csv")
    }
    assert len(found) > 20
    return found


def test_a_home_on_an_object_store_publishes_other_figures(
    stored: tuple[Path, dict[str, str]], second_home: Path, store: Store
) -> None:
    home, _ = stored
    assert published(home) == published(second_home)
    assert not (home / "archive").exists()
    held = store.objects("stored", RELEASE)
    on_disk = {path.name for path in (second_home / RELEASE).iterdir()}
    assert {Path(name).name for name in held} == on_disk
    # The loads are there for other machines, each as it is on the disk.
    kept = {path.name for path in (home / "loads").glob("*.parquet")}
    assert {Path(name).name for name in store.objects("stored", "loads/")} == kept
    assert len(kept) == len(list((second_home / "loads").glob("*.parquet")))


def test_a_night_without_anything_new_asks_for_all_that_is_held(
    stored: tuple[Path, dict[str, str]], both: Path, store: Store
) -> None:
    home, environment = stored
    store.asked.clear()
    ended = command("refresh", "--from", both, "--home", home, environment=environment)
    assert ended.returncode == 0, ended.stderr
    assert "Nothing new" in ended.stdout
    assert len(store.asked) <= 4, store.asked
    assert {(method, path) for method, path in store.asked} == {("GET", "/stored")}, "listings"


def test_a_second_machine_reads_every_file_again_or_knows_of_no_decision(
    stored: tuple[Path, dict[str, str]], both: Path, store: Store, bucket: str, tmp_path: Path
) -> None:
    # A bucket and a home to decide in: the others' stay as they are.
    first, _ = stored
    here, there = copy_of(first, tmp_path / "here"), tmp_path / "there"
    for name in store.objects("stored"):
        store.s3.copy_object(Bucket=bucket, Key=name, CopySource={"Bucket": "stored", "Key": name})
    environment = store.environment(bucket)
    before = store.objects(bucket)
    store.asked.clear()
    ended = command("refresh", "--from", both, "--home", there, environment=environment)
    assert ended.returncode == 0, ended.stderr
    assert published(there) == published(first)
    assert {method for method, _ in store.asked} == {"GET"}
    assert not [path for _, path in store.asked if path.endswith(".csv")]
    assert store.objects(bucket) == before

    decided = command(
        *("reject", IN_NEED, "2024", "--reason", "to see", "--by", "me", "--home", here),
        environment=environment,
    )
    assert decided.returncode == 0, decided.stderr
    ended = command("refresh", "--from", both, "--home", there, environment=environment)
    assert ended.returncode == 0, ended.stderr
    assert rows(there, "select distinct release from marts.fct_core_measure") == [("2023",)]
    status = command("status", "--home", there, environment=environment)
    assert "rejected" in status.stdout, status.stdout


def held_whole(home: Path, source: Path, store: Store, bucket: str) -> list[str]:
    """Bring home and check once more what a disturbed refresh was to: the files then held."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in store.environment(bucket).items():
            patched.setenv(name, value)
        place = Settings.read().home_at(home)
        place.sweep()
        collect(place, str(source))
        loads = check(place).loads
        assert loads and all(load.admitted for load in loads)
        found = list(HomeArchive(f"s3://{bucket}/archive").verify())
        assert found and not [one for one in found if isinstance(one, Problem)], found
    return [Path(name).name for name in store.objects(bucket, "archive/")]


def test_a_refresh_that_is_killed_leaves_half_a_release(
    store: Store, bucket: str, first_home: Path, tmp_path: Path
) -> None:
    home, source = tmp_path / "home", first_home.parent / "archive"
    environment = store.environment(bucket)
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "refresh", "--from", source, "--home", home],
        env=os.environ | environment,
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    reached = threading.Event()

    def kill(method: str, path: str) -> str | None:
        if method == "PUT" and path.endswith("/release.json") and not reached.is_set():
            os.killpg(process.pid, signal.SIGKILL)
            reached.set()
            return "500 Killed"
        return None

    store.before = kill
    process.wait(timeout=120)
    assert reached.is_set(), process.stderr.read() if process.stderr else ""
    left = {Path(name).name for name in store.objects(bucket, "archive/")}
    assert ".adding-2023" in left, left
    assert [name for name in left if name.endswith(".csv")]
    assert "release.json" not in left
    # Nothing of it is held, and other readers of the archive do not take it for a release.
    with pytest.MonkeyPatch.context() as patched:
        for name, value in store.variables.items():
            patched.setenv(name, value)
        seen = HomeArchive(f"s3://{bucket}/archive")
        assert seen.held("ees", IN_NEED) == []
        assert list(Archive(f"s3://{bucket}/archive").releases("ees", IN_NEED)) == []
    # What would not come again is swept, and the release comes whole.
    stray = f"archive/ees/{IN_NEED}/2023/of-another-day.csv"
    store.s3.put_object(Bucket=bucket, Key=stray, Body=b"a\n1\n")
    on_disk = {path.name for path in (first_home / "archive/ees" / IN_NEED / "2023").iterdir()}
    assert {*held_whole(home, source, store, bucket)} == on_disk


def release_of(folder: Path, content: bytes) -> tuple[Archive, Release]:
    """An archive of one release with one file."""
    digest = hashlib.sha256(content).hexdigest()
    release = Release.model_validate(
        {
            "publisher": "ees",
            "publication": IN_NEED,
            "title": "Children in need",
            "release": "2024",
            "published": "2024-10-31",
            "landing_page": "https://example.org",
            "licence": "OGL",
            "files": [{"name": "a.csv", "bytes": len(content), "sha256": digest}],
        }
    )
    place = folder / release.path
    place.mkdir(parents=True)
    (place / "a.csv").write_bytes(content)
    (place / "release.json").write_text(release.model_dump_json())
    return Archive(folder), release


@pytest.fixture
def address(store: Store, bucket: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in store.variables.items():
        monkeypatch.setenv(name, value)
    return f"s3://{bucket}/archive"


def test_a_release_is_overwritten_when_two_homes_add_it_at_once(
    address: str, tmp_path: Path
) -> None:
    contents = [f"a\n{number}\n".encode() for number in range(4)]
    sources = [release_of(tmp_path / f"source-{n}", data) for n, data in enumerate(contents)]
    failed: list[BaseException] = []

    def add(number: int) -> None:
        try:
            home = HomeArchive(address, tmp_path / f"work-{number}")
            source, release = sources[number]
            home.add(source, release)
            # What another wrote meanwhile is there, and nothing is added twice.
            assert HomeArchive(address).add(source, release) is None
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failed, failed
    archive = HomeArchive(address)
    held = archive.held("ees", IN_NEED)
    assert sorted(release.folder for release in held) == ["2024", "2024+2", "2024+3", "2024+4"]
    assert {archive.read(release, release.files[0]) for release in held} == set(contents)
    assert not archive.unguarded


def test_a_release_that_is_not_what_it_says_leaves_its_files(
    address: str, store: Store, bucket: str, tmp_path: Path
) -> None:
    source, release = release_of(tmp_path / "source", b"a\n1\n")
    more = {"name": "b.csv", "bytes": 4, "sha256": "0" * 64}
    files = [*release.model_dump(mode="json")["files"], more]
    (tmp_path / "source" / release.path / "b.csv").write_bytes(b"b\n1\n")
    lying = Release.model_validate(release.model_dump(mode="json") | {"files": files})
    home = HomeArchive(address, tmp_path / "work")
    with pytest.raises(ArchiveError, match=r"is not the file that release\.json names"):
        home.add(source, lying)
    assert store.objects(bucket) == {}
    assert home.add(source, release) is not None


def test_a_release_costs_more_requests_than_is_said(
    address: str, store: Store, tmp_path: Path
) -> None:
    source, release = release_of(tmp_path / "source", b"a\n1\n")
    amended, other = release_of(tmp_path / "amended", b"a\n2\n")
    home = HomeArchive(address, tmp_path / "work")
    assert home.add(source, release) is not None
    store.asked.clear()
    assert home.add(amended, other) is not None
    # A claim, a list, the file, a look at the claim, `release.json`, a look again, and no claim.
    assert [method for method, _ in store.asked] == [
        "PUT",
        "GET",
        "PUT",
        "GET",
        "PUT",
        "GET",
        "DELETE",
    ]


def test_what_another_home_adds_is_swept_from_under_it(
    address: str, store: Store, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, release = release_of(tmp_path / "source", b"a\n1\n")
    one, other = (HomeArchive(address, tmp_path / name) for name in ("one", "other"))

    said: list[object] = []

    def at_work(method: str, path: str) -> str | None:
        if method == "PUT" and path.endswith("release.json"):
            store.before = lambda method, path: None
            other.sweep()
            # Neither does it wait for ever for one that may be gone.
            monkeypatch.setattr("ingest.archive.bucket._WAIT", 0.0)
            try:
                said.append(other.add(source, release))
            except ArchiveError as error:
                said.append(str(error))
        return None

    store.before = at_work
    assert one.add(source, release) is not None
    (sentence,) = said
    assert "is being added to" in str(sentence) and "by another home" in str(sentence)
    other.look_again()
    (held,) = other.held("ees", IN_NEED)
    assert other.read(held, held.files[0]) == b"a\n1\n"
    assert other.add(source, release) is None


def test_of_two_decisions_at_once_one_is_lost(address: str, tmp_path: Path) -> None:
    source, release = release_of(tmp_path / "source", b"a\n1\n")
    assert HomeArchive(address).add(source, release) is not None
    failed: list[BaseException] = []

    def decide(who: int) -> None:
        try:
            for number in range(3):
                HomeArchive(address).record_decisions(release, [{"by": who, "number": number}])
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=decide, args=(who,)) for who in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failed, failed
    found = HomeArchive(address).decisions(release)
    assert len(found) == 9
    for who in range(3):
        assert [one["number"] for one in found if one["by"] == who] == list(range(3)), "in order"


def test_a_store_that_is_away_ends_in_a_traceback_or_costs_what_was_served(
    stored: tuple[Path, dict[str, str]], both: Path, store: Store
) -> None:
    home, environment = stored
    before = published(home)
    away = environment | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    refused = environment | {"CORE_MEASURES_ARCHIVE": "s3://no-such-bucket/archive"}
    for told, sentence in (
        (away, "s3://stored/archive does not answer as it should"),
        (refused, "There is no s3://no-such-bucket/archive"),
    ):
        for arguments in (("refresh", "--from", both), ("status",), ("archive", "verify")):
            ended = command(*arguments, "--home", home, environment=told)
            assert ended.returncode == 1, (arguments, ended.stdout)
            assert "Traceback" not in ended.stderr
            assert sentence in " ".join(ended.stderr.split()), ended.stderr
    assert published(home) == before
    assert rows(home, "select count(*) > 3000 from marts.fct_core_measure") == [(True,)]
    store.before = lambda method, path: "403 Forbidden"
    ended = command("refresh", "--from", both, "--home", home, environment=environment)
    store.before = lambda method, path: None
    assert ended.returncode == 1
    assert "s3://stored/archive refuses" in " ".join(ended.stderr.split()), ended.stderr
    assert (
        command("refresh", "--from", both, "--home", home, environment=environment).returncode == 0
    )


def test_nobody_is_told_that_a_store_was_away(
    stored: tuple[Path, dict[str, str]], both: Path, httpserver: HTTPServer
) -> None:
    home, environment = stored
    heard: list[str] = []

    def hear(request: Request) -> Response:
        heard.append(request.get_json()["text"])
        return Response("ok")

    httpserver.expect_request("/hook").respond_with_handler(hear)
    told = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "CORE_MEASURES_WEBHOOK": httpserver.url_for("/hook").replace("localhost", "127.0.0.1"),
    }
    ended = command("refresh", "--from", both, "--home", home, environment=environment | told)
    assert ended.returncode == 1
    assert len(heard) == 1, ended.stderr
    assert "s3://stored/archive does not answer as it should" in heard[0]


def test_a_store_that_goes_away_at_the_checks_refuses_a_sound_load(
    store: Store, bucket: str, first_home: Path, tmp_path: Path
) -> None:
    home, source = tmp_path / "home", first_home.parent / "archive"
    environment = store.environment(bucket)

    def away(method: str, path: str) -> str | None:
        return "503 Away" if method == "GET" and path.endswith(".csv") else None

    store.before = away
    ended = command("refresh", "--from", source, "--home", home, environment=environment)
    assert ended.returncode == 1, ended.stdout
    assert "does not answer as it should" in " ".join(ended.stderr.split()), ended.stderr
    assert not [name for name in store.objects(bucket) if name.endswith("verdict.json")]
    store.before = lambda method, path: None
    assert "verdict.json" in held_whole(home, source, store, bucket)


def test_a_backup_or_an_export_lacks_an_archive_on_a_store(
    stored: tuple[Path, dict[str, str]], second_home: Path, tmp_path: Path
) -> None:
    home, environment = stored
    verified = command("archive", "verify", "--home", home, environment=environment)
    assert verified.returncode == 0, verified.stderr
    assert "2 releases sound, 0 not, in s3://stored/archive" in " ".join(verified.stdout.split())
    kept = command("backup", tmp_path / "home.tar", "--home", home, environment=environment)
    assert kept.returncode == 0, kept.stderr
    restored = tmp_path / "restored"
    assert command("restore", tmp_path / "home.tar", "--home", restored).returncode == 0
    # Without the two settings it is a home like any other, and has all that it had.
    ended = command("refresh", "--from", second_home.parent / "archive", "--home", restored)
    assert ended.returncode == 0, ended.stderr
    assert "Nothing new" in ended.stdout
    for destination in (tmp_path / "carried.tar", tmp_path / "carried"):
        sent = command("archive", "export", destination, "--home", home, environment=environment)
        assert sent.returncode == 0, sent.stderr
        checked = command("archive", "verify", destination)
        assert "2 releases sound, 0 not" in checked.stdout, checked.stderr


def test_a_home_takes_its_own_archive_for_a_source(
    stored: tuple[Path, dict[str, str]],
) -> None:
    home, environment = stored
    ended = command(
        *("refresh", "--from", "s3://stored/archive/", "--home", home), environment=environment
    )
    assert ended.returncode == 1
    assert "is this home's own archive" in " ".join(ended.stderr.split())


def test_an_archive_on_another_disk_is_not_kept_there(
    first_home: Path, second_home: Path, tmp_path: Path
) -> None:
    elsewhere = {
        "CORE_MEASURES_ARCHIVE": str(tmp_path / "disk" / "archive"),
        "CORE_MEASURES_LOADS": str(tmp_path / "disk" / "loads"),
    }
    home, source = copy_of(first_home, tmp_path / "home"), second_home.parent / "archive"
    (tmp_path / "disk").mkdir()
    for name in ("archive", "loads"):
        (home / name).rename(tmp_path / "disk" / name)
    ended = command("refresh", "--from", source, "--home", home, environment=elsewhere)
    assert ended.returncode == 0, ended.stderr
    assert published(home) == published(second_home)
    assert not (home / "archive").exists() and not (home / "loads").exists()
    assert len(list((tmp_path / "disk" / "archive").glob("*/*/*/release.json"))) == 2
    assert command("status", "--home", home, environment=elsewhere).returncode == 0
    kept = command("backup", tmp_path / "home.tar", "--home", home, environment=elsewhere)
    assert kept.returncode == 0, kept.stderr
    assert command("restore", tmp_path / "home.tar", "--home", tmp_path / "again").returncode == 0
    assert len(list((tmp_path / "again" / "archive").glob("*/*/*/verdict.json"))) == 2


def test_what_stands_there_damaged_is_overwritten(
    address: str, store: Store, bucket: str, tmp_path: Path
) -> None:
    source, release = release_of(tmp_path / "source", b"a\n1\n")
    for name, data in (("release.json", b"{"), ("a.csv", b"a\n2\n")):
        store.s3.put_object(Bucket=bucket, Key=f"{RELEASE}/{name}", Body=data)
    before = store.objects(bucket)
    with pytest.raises(ArchiveError, match=r"stands in .* already"):
        HomeArchive(address).add(source, release)
    assert store.objects(bucket) == before


def test_a_release_without_all_its_files_is_never_completed(address: str, tmp_path: Path) -> None:
    source, release = release_of(tmp_path / "source", b"a\n1\n")
    lacking = release.model_validate(release.model_dump(mode="json") | {"missing": ["b.csv"]})
    home = HomeArchive(address, tmp_path / "work")
    assert home.add(source, lacking) is not None
    home.record_verdict(lacking, {"loads": []})
    data = b"b\n1\n"
    digest = hashlib.sha256(data).hexdigest()
    (tmp_path / "source" / release.path / "b.csv").write_bytes(data)
    more = {"name": "b.csv", "bytes": len(data), "sha256": digest}
    whole = release.model_dump(mode="json")
    whole = Release.model_validate(whole | {"files": [*whole["files"], more]})
    other = HomeArchive(address)
    assert other.held("ees", IN_NEED)[0].missing == ("b.csv",)
    assert home.add(source, whole) is not None
    assert home.verdict(whole) is None
    # Whoever checked it as it was keeps no verdict of that.
    other.record_verdict(lacking, {"loads": []})
    other.look_again()
    (held,) = other.held("ees", IN_NEED)
    assert other.verdict(held) is None
    assert [other.read(held, file) for file in held.files] == [b"a\n1\n", data]


@pytest.mark.parametrize("answers", ["501 Not Implemented", "200 OK"])
def test_a_store_that_knows_no_conditions_is_taken_for_one_that_does(
    address: str, store: Store, tmp_path: Path, answers: str
) -> None:
    # moto takes off the condition's header, or says that it has none such.
    store.conditions = answers
    try:
        source, release = release_of(tmp_path / "source", b"a\n1\n")
        home = HomeArchive(address)
        assert home.add(source, release) is not None
        assert home.unguarded
        home.record_decisions(release, [{"by": "me"}])
        home.record_decisions(release, [{"by": "you"}])
        assert home.decisions(release) == [{"by": "me"}, {"by": "you"}]
        assert HomeArchive(address).held("ees", IN_NEED) != []
    finally:
        store.conditions = ""


def test_a_store_of_a_kind_that_nobody_knows_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="cannot be opened"):
        HomeArchive("nosuch://bucket/archive").held("ees", IN_NEED)
