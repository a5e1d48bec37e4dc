"""What every publisher may do wrong, platform by platform, and what a home is like afterwards.

Each case asks a platform's stand-in over real HTTP, beside a healthy one of another platform.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standins import Fault, Server
from standins import server as wrong
from standins.ees import zip_of
from standins.platforms import KINDS, QUICK, Kind
from standins.server import Reply, Request

from ingest.archive.release import Problem, Release
from ingest.archive.store import Archive
from ingest.contracts.contract import Publication
from orchestration.pipeline.collect import collect
from orchestration.pipeline.inventory import take_inventory
from orchestration.pipeline.source import LIVE
from warehouse.serve.home import Home

# The one that is well, beside each that is not.
HEALTHY = {name: "fingertips" if name != "fingertips" else "ees" for name in KINDS}
CSV = {"ees_statistics", "fingertips", "ons_indicator", "nomis", "archive"}
ZIPPED = {"ees", "govuk", "ons_dataset"}
every_platform = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


class Told:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warned: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def warn(self, line: str) -> None:
        self.warned.append(line)

    def begin(self, stage: str, total: int) -> None: ...

    def advance(self, what: str) -> None: ...

    def end(self) -> None: ...


class Case:
    """A home, a platform that may misbehave, and a healthy one."""

    def __init__(
        self, kind: Kind, folder: Path, monkeypatch: pytest.MonkeyPatch, stack: contextlib.ExitStack
    ) -> None:
        self.kind, self.folder, self.monkeypatch, self.stack = kind, folder, monkeypatch, stack
        for name, value in QUICK.items():
            monkeypatch.setenv(name, value)
        self.home = Home(folder / "home")
        self.home.prepare()
        self.shelf = kind.shelf()
        self.stand_in = kind.stand_in(self.shelf)
        self.server = stack.enter_context(Server(self.stand_in))
        self.contract = kind.contract(folder / "contracts")
        self.at(self.server.base)
        well = KINDS[HEALTHY[kind.name]]
        self.well = well.contract(folder / "well")
        healthy = stack.enter_context(Server(well.stand_in(well.shelf())))
        for name, value in well.environment(healthy.base).items():
            monkeypatch.setenv(name, value)
        # Two publications of two platforms may have one name here.
        assert self.well.publication != self.contract.publication
        self.told = Told()

    def at(self, base: str) -> None:
        for name, value in self.kind.environment(base).items():
            self.monkeypatch.setenv(name, value)

    @property
    def volume(self):
        return self.shelf.newest(self.kind.publication)

    def refresh(self) -> list[Release]:
        self.told = Told()
        contracts = {c.publication: c for c in (self.contract, self.well)}
        arrived = collect(self.home, LIVE, contracts, reporter=self.told)
        self.problems = list(take_inventory(self.home, contracts).problems)
        self.see_whole()
        return [r for r in arrived if r.publication == self.kind.publication]

    def see_whole(self) -> None:
        """The archive is sound, nothing is half-written, the healthy one is there."""
        found = list(Archive(self.home.archive.folder).verify())
        assert not [f for f in found if isinstance(f, Problem)], found
        assert self.held(self.well), "the healthy publication was not refreshed"
        names = [p.name for p in self.home.root.rglob("*") if p.name.startswith(".")]
        assert set(names) <= {".lock"}, names

    def held(self, publication: Publication) -> list[Release]:
        return self.home.archive.held(publication.publisher, publication.publication)

    def refused(self, cause: str) -> None:
        """Nothing came of it, and one line says which publication, where and why."""
        assert self.refresh() == []
        self.told_of(cause)
        assert self.held(self.contract) == []

    def told_of(self, cause: str) -> None:
        (problem,) = self.problems
        line = str(problem)
        assert "\n" not in line
        assert self.kind.publication in line
        assert "://" in line, line
        assert cause in line, line
        assert [w for w in self.told.warned if cause in w and "\n" not in w], self.told.warned

    def came(self) -> None:
        """It came whole after all."""
        (release,) = self.refresh()
        assert self.problems == []
        assert release.publication == self.kind.publication
        files = [f for f in release.files if not f.name.endswith("_changes.json")]
        assert [f.bytes > 0 for f in files] == [True]
        body = self.home.archive.read(release, files[0])
        (wanted,) = self.volume.files.values()
        if self.kind.name != "nomis":
            assert body == wanted
        assert body.count(b"\n") == wanted.count(b"\n")

    def amend(self) -> None:
        """Its publisher changed it, and says so as finely as it tells the time."""
        self.volume.amended += 1
        if self.kind.name == "ons_indicator":
            # It says the day and no hour: what changes after a day that is over has another day.
            self.volume.amended_on = datetime.now(UTC).date()

    def fault(self, act: wrong.Act, kind: str | None = "file", times: int | None = None) -> None:
        self.server.fault = Fault(act, kind, times)  # type: ignore[arg-type]


@pytest.fixture
def case(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    with contextlib.ExitStack() as stack:
        yield Case(kind, tmp_path, monkeypatch, stack)


@every_platform
def test_a_publisher_that_is_well_is_not_brought_home(case: Case) -> None:
    case.came()
    assert case.refresh() == []
    assert case.problems == []


@every_platform
def test_a_refused_connection_costs_more_than_its_publication(case: Case) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        case.at(f"http://127.0.0.1:{closed.getsockname()[1]}")
        case.refused("it refuses the connection")


@every_platform
def test_a_host_that_no_name_service_knows_costs_more_than_its_publication(case: Case) -> None:
    case.at("https://publisher.invalid")
    case.refused("its host name is not known")


@every_platform
@pytest.mark.parametrize("headers", [{}, {"Retry_After": "0"}], ids=["bare", "retry-after"])
def test_too_many_requests_is_not_tried_again(case: Case, headers: dict[str, str]) -> None:
    case.fault(wrong.says(429, **headers), None, times=1)
    case.came()


@every_platform
def test_a_long_retry_after_is_waited_out_or_not_honoured(case: Case) -> None:
    case.fault(wrong.says(429, Retry_After="86400"), None)
    case.refused("too many requests (429), and asks to be left alone for longer")
    assert case.server.asked() == 1


@every_platform
def test_a_fault_of_the_server_is_not_tried_again(case: Case) -> None:
    case.fault(wrong.says(500), times=2)
    case.came()


@every_platform
def test_a_server_that_is_down_for_good_costs_more_than_its_publication(case: Case) -> None:
    case.fault(wrong.says(503))
    case.refused("it cannot answer now (503)")


@every_platform
def test_a_stall_in_the_middle_is_waited_for_for_ever(case: Case) -> None:
    case.monkeypatch.setenv("CORE_MEASURES_TRIES", "1")
    case.monkeypatch.setenv("CORE_MEASURES_READ_SECONDS", "0.7")
    case.fault(wrong.stall)
    case.refused("it stops in the middle")


@every_platform
def test_a_body_cut_short_is_kept(case: Case) -> None:
    case.fault(wrong.cut_short)
    case.refused("is cut short")
    case.fault(wrong.cut_short, times=1)
    case.came()


@every_platform
def test_a_length_that_is_wrong_is_believed(case: Case) -> None:
    case.fault(wrong.wrong_length)
    assert case.refresh() == []
    case.told_of("")
    assert case.held(case.contract) == []
    case.server.fault = None
    case.came()


@every_platform
@pytest.mark.parametrize("of", ["listing", "file"])
def test_a_web_page_is_taken_for_data(case: Case, of: str) -> None:
    if case.kind.name == "stat_xplore":
        of = "file"
    case.fault(wrong.web_page, of)
    case.refused("it sends a web page where")


@every_platform
def test_a_redirect_leads_to_another_host(case: Case) -> None:
    case.fault(wrong.elsewhere("https://example.org/figures.csv"))
    case.refused("https://example.org is not among the hosts")


@every_platform
def test_a_redirect_leads_out_of_encryption_or_to_this_machine(case: Case) -> None:
    for place in ("http://publisher.invalid/figures.csv", "http://127.0.0.1:1/figures.csv"):
        case.fault(wrong.elsewhere(place))
        case.refused("is not among the hosts")


@every_platform
def test_redirects_that_go_round_are_followed_for_ever(case: Case) -> None:
    case.fault(wrong.elsewhere("round"))
    case.refused("its redirects go round in a circle")


@every_platform
def test_a_certificate_that_has_expired_is_accepted(case: Case, certificates: Certificates) -> None:
    case.monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
    expired = case.stack.enter_context(Server(case.stand_in, tls=certificates.expired))
    case.at(expired.base)
    case.refused("its certificate is not valid: certificate has expired")
    valid = case.stack.enter_context(Server(case.stand_in, tls=certificates.valid))
    case.at(valid.base)
    case.came()


@every_platform
def test_not_modified_is_believed_by_those_who_hold_nothing(case: Case) -> None:
    case.fault(wrong.says(304))
    case.refused("it says 304, not modified, and was not asked so")


@every_platform
def test_bytes_changed_under_one_name_replace_the_first_or_are_missed(case: Case) -> None:
    if case.kind.name == "ons_indicator":
        # Twice on the day of asking, which is all that it says: the same day, and other bytes.
        case.amend()
    case.came()
    case.volume.files[case.kind.file] = case.kind.body(777)
    case.amend()
    (second,) = case.refresh()
    first, *_ = case.held(case.contract)
    if case.kind.name == "stat_xplore":
        # It has no releases: the day on which it was seen names it.
        assert second.release == first.release
    assert (first.version, second.version) == (1, 2)
    assert first.hashes != second.hashes
    assert len(case.held(case.contract)) == 2
    assert case.refresh() == []


@every_platform
def test_a_listing_without_the_file_passes_for_nothing_new(case: Case) -> None:
    body = case.volume.files.pop(case.kind.file)
    if case.kind.name in {"ees", "govuk", "ons_dataset"}:
        case.volume.files["another.txt"] = b"something else\n"
        case.volume.titles["another.txt"] = "Something else"
    elif case.kind.name == "archive":
        case.volume.files["another.csv"] = body
    else:
        case.shelf.publications.clear()
        if case.kind.name in {"nomis", "stat_xplore"}:
            case.fault(wrong.says(404), None)
    assert case.refresh() == []
    case.told_of("")
    assert case.held(case.contract) == []


@every_platform
def test_a_new_unknown_file_stops_the_release(case: Case) -> None:
    case.came()
    case.volume.files[case.kind.file] = case.kind.body(777)
    case.volume.files["brand_new.txt"] = b"what is this\n"
    case.volume.titles["brand_new.txt"] = "Brand new"
    case.amend()
    if case.kind.name == "ees_statistics":
        del case.volume.files["brand_new.txt"]  # a data set is one file
    (release,) = case.refresh()
    assert case.problems == []
    assert any(case.contract.file_for(file.name) for file in release.files)
    if case.kind.name == "ees":
        assert [line for line in case.told.lines if "brand_new.txt" in line]
        assert "brand_new.txt" not in release.hashes


@every_platform
def test_malformed_json_is_understood(case: Case) -> None:
    of = "file" if case.kind.name == "stat_xplore" else "listing"
    case.fault(wrong.instead(b'{"results": [{"id": ', Content_Type="application/json"), of)
    case.refused("is not valid JSON")
    # Explore Local Statistics promises no structure, so that no field is counted on.
    if of == "listing" and case.kind.name != "ons_indicator":
        case.fault(wrong.instead(b'{"results": 7, "fields": []}'), of)
        assert case.refresh() == []
        assert len(case.problems) == 1


def altered(change: Callable[[Any], Any]) -> wrong.Act:
    """A JSON document, changed; anything else as it is."""

    def act(handler: Any, _: Request, reply: Reply) -> None:
        body = reply.body
        if reply.status == 200 and body[:1] in b"{[":
            body = json.dumps(change(json.loads(body))).encode()
        handler.reply(Reply(body, reply.status, reply.headers, reply.kind))

    return act


def nested(levels: int) -> list[Any]:
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize("kind", [KINDS["ees"]], ids=["ees"])
@pytest.mark.parametrize(
    "unread",
    ["\ud800", {"\udfff": 1}, nested(230), nested(300), nested(900)],
    ids=["half a character", "half in a name", "deeper than read", "than written", "than either"],
)
def test_a_field_that_nobody_reads_ends_the_whole_refresh(case: Case, unread: Any) -> None:
    case.fault(altered(lambda said: said | {"unread": unread}), "listing")
    case.came()
    assert case.refresh() == []
    assert case.problems == []
    kept = (case.home.work / "live" / f"{case.kind.publication}.json").read_bytes()
    assert json.loads(kept)["seen"], "what came home is forgotten"


@pytest.mark.parametrize("kind", [KINDS["ees"]], ids=["ees"])
def test_a_release_listed_twice_ends_the_whole_refresh(case: Case) -> None:
    def twice(said: Any, **changes: str) -> Any:
        if "results" not in said:
            return said
        return said | {"results": [said["results"][0] | changes, *said["results"]]}

    case.fault(altered(lambda said: twice(said, releaseId="another")), "listing")
    case.refused("its listing has two releases called 2023")
    case.fault(altered(twice), "listing")
    case.came()


@every_platform
def test_a_body_without_an_end_fills_the_disk(case: Case) -> None:
    case.fault(wrong.endless)
    case.refused("it sends more than the 1,048,576 bytes it may")


def bomb() -> bytes:
    """Ninety megabytes in ninety kilobytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as whole:
        whole.writestr("data/figures.csv", b"0" * (90 << 20))
    return packed.getvalue()


BOMB = bomb()


@every_platform
def test_a_zip_bomb_goes_off(case: Case) -> None:
    case.fault(wrong.instead(BOMB))
    case.refused("the zip would blow up" if case.kind.name in ZIPPED else "")
    case.fault(wrong.instead(GZIP_BOMB, Content_Encoding="gzip"))
    case.refused("it sends more than the 1,048,576 bytes it may")


def gzip_bomb() -> bytes:
    import gzip

    return gzip.compress(gzip.compress(b"0" * (64 << 20)))


GZIP_BOMB = gzip_bomb()


@every_platform
@pytest.mark.parametrize("name", ["../../../stolen.csv", "/etc/stolen.csv", "data\\..\\stolen.csv"])
def test_a_zip_writes_outside_its_folder(case: Case, name: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as whole:
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        whole.writestr(entry, case.kind.body(1))
    case.fault(wrong.instead(packed.getvalue()))
    case.refused("an entry that leads elsewhere" if case.kind.name in ZIPPED else "")
    assert not list(case.folder.rglob("*stolen*"))


@pytest.mark.parametrize("kind", [KINDS["ees"]], ids=["ees"])
def test_a_body_labelled_a_thousand_times_ends_in_a_fault_of_ours(case: Case) -> None:
    case.fault(wrong.gzipped(1, "gzip," * 1000))
    case.refused("what it sends is cut short")


@every_platform
@pytest.mark.parametrize(
    ("layers", "label"), [(1, "gzip, gzip"), (2, "gzip"), (2, "gzip, gzip"), (0, "gzip")]
)
def test_gzip_labelled_twice_is_undone_too_often_or_not_enough(
    case: Case, layers: int, label: str
) -> None:
    if case.kind.name == "ees_statistics":
        layers -= 1  # it is one layer already
    case.fault(wrong.gzipped(max(layers, 0), label))
    case.came()


def test_a_truncated_zip_that_says_200_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EES begins a zip before it has all of it: the central directory is what is missing."""
    with contextlib.ExitStack() as stack:
        case = Case(KINDS["ees"], tmp_path, monkeypatch, stack)
        whole = zip_of(case.volume.files)
        case.fault(wrong.instead(whole[:-30]))
        case.refused("the zip is cut short: its list of contents is missing")
        case.fault(wrong.instead(whole[:-30]), times=2)
        case.came()


class Certificates:
    """An authority of our own, a certificate of it, and one that has expired."""

    def __init__(self, folder: Path) -> None:
        import ssl

        import trustme

        authority = trustme.CA()
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        yesterday = datetime.now(UTC) - timedelta(days=1)
        self.valid, self.expired = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
        authority.issue_cert("127.0.0.1").configure_cert(self.valid)
        authority.issue_cert(
            "127.0.0.1", not_before=yesterday - timedelta(days=9), not_after=yesterday
        ).configure_cert(self.expired)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))
