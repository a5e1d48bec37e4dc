"""Whether anybody is told when a run goes wrong, and once when it comes right; and no secret."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import dagster as dg
import factory
import pytest
from conftest import command, copy_of
from factory import Where, faults
from standins import Server
from standins.server import Reply, Request

from ingest.archive.release import Release
from ingest.archive.store import Archive
from ingest.contracts.load import load_contracts
from ingest.errors import CoreMeasuresError
from ingest.publishers.memory import MEMORY, FetchState
from orchestration.defs.resources import RefreshRun
from orchestration.pipeline.check import check
from orchestration.pipeline.collect import collect
from orchestration.pipeline.inventory import take_inventory
from orchestration.reporting.alerts import Mail, Message, News, alert, bad_news, channels
from orchestration.reporting.alerts import alert as send_alert
from warehouse.serve.home import Home

IN_NEED = "characteristics-of-children-in-need"
SECRET = "T0S3CR3T-never-to-be-seen"


class Receiver:
    """A webhook. `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200

    def answer(self, request: Request, base: str) -> Reply:
        return Reply(b"ok", self.status)


class Sink(socketserver.ThreadingTCPServer):
    """A mail server that takes everything, and keeps it."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mailbox)
        self.mails: list[EmailMessage] = []
        self.refuses = False


class _Mailbox(socketserver.StreamRequestHandler):
    server: Sink

    def handle(self) -> None:
        self.say("220 sink")
        while line := self.rfile.readline():
            word = line.split(b":")[0].split()[0].upper()
            if word == b"DATA":
                self.say("354 go on")
                lines = []
                while (text := self.rfile.readline()) not in {b".\r\n", b""}:
                    # A line that begins with a point is sent with two.
                    lines.append(text.removeprefix(b"."))
                mail = message_from_bytes(b"".join(lines), policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.server.mails.append(mail)
                self.say("250 kept")
            elif word == b"QUIT":
                return self.say("221 bye")
            elif word == b"RCPT" and self.server.refuses:
                self.say("550 nobody of that name")
            else:
                self.say("250 fine")
        return None

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Ears:
    """Both receivers, and what the environment says of them."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self.receiver = Receiver()
        self.web = stack.enter_context(Server(self.receiver))
        self.sink = stack.enter_context(Sink())
        thread = threading.Thread(target=self.sink.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        stack.callback(self.sink.shutdown)
        self.environment = {
            "CORE_MEASURES_WEBHOOK": f"{self.web.base}/services/{SECRET}",
            "CORE_MEASURES_MAIL_SERVER": f"127.0.0.1:{self.sink.server_address[1]}",
            "CORE_MEASURES_MAIL_FROM": "core-measures@example.org",
            "CORE_MEASURES_MAIL_TO": "a@example.org, b@example.org",
            "CORE_MEASURES_MAIL_SECURITY": "none",
        }

    def heard(self) -> list[str]:
        """What the webhook was told since it was last asked; the mails say the same."""
        told = [json.loads(request.body)["text"] for request in self.web.requests]
        assert all(r.headers["content-type"] == "application/json" for r in self.web.requests)
        mails = ["\n".join(mail.get_content().split("\r\n")).strip() for mail in self.sink.mails]
        assert mails == told
        for mail in self.sink.mails:
            assert mail["To"] == "a@example.org, b@example.org"
            assert mail.get_content().startswith(mail["Subject"])
        self.web.requests.clear()
        self.sink.mails.clear()
        return told


@pytest.fixture
def ears() -> Iterator[Ears]:
    with contextlib.ExitStack() as stack:
        yield Ears(stack)


def on_time(home: Home) -> None:
    """The newest releases are old by now; their publishers say that the next are years away."""
    for publication in load_contracts():
        memory = FetchState.at(home.work / MEMORY, publication)
        memory.state.next_expected = f"{datetime.now(UTC).year + 5}"
        memory.save()


def test_a_night_that_goes_wrong_is_told_to_nobody_and_recovery_every_night(
    second_home: Path, tmp_path: Path, ears: Ears
) -> None:
    home = Home(copy_of(second_home, tmp_path / "nightly"))
    archive = second_home.parent / "archive"
    on_time(home)

    def night(source: str | Path) -> int:
        outcome = command(
            *("refresh", "--from", source, "--home", home.root), environment=ears.environment
        )
        assert SECRET not in outcome.stdout + outcome.stderr
        return outcome.returncode

    assert night(archive) == 0
    assert ears.heard() == []
    # Each run that ends badly says so, and why.
    for _ in range(2):
        assert night(tmp_path / "nowhere") == 1
        (told,) = ears.heard()
        assert told.startswith("core-measures: 1 failed in nightly\n")
        assert "There is no archive at" in told
    # All is well: once.
    assert night(archive) == 0
    (told,) = ears.heard()
    assert told.startswith("core-measures: all is well again in nightly")
    assert night(archive) == 0
    assert ears.heard() == []


def test_a_refresh_that_works_again_is_told_to_nobody_while_something_else_lasts(
    second_home: Path, tmp_path: Path, ears: Ears
) -> None:
    home = copy_of(second_home, tmp_path / "nightly")
    archive = second_home.parent / "archive"

    def night(source: str | Path) -> list[str]:
        command("refresh", "--from", source, "--home", home, environment=ears.environment)
        return ears.heard()

    (told,) = night(archive)
    assert "Late: " in told
    (told,) = night(tmp_path / "nowhere")
    assert "There is no archive at" in told
    (told,) = night(archive)
    assert "Well again: the refresh" in told
    assert "told before" in told
    assert night(archive) == []


def test_a_refused_load_is_told_to_nobody(tmp_path: Path, ears: Ears) -> None:
    home = Home(tmp_path / "nightly")
    home.prepare()
    on_time(home)
    damaged = factory.lay_out(
        tmp_path / "damaged",
        publications=[IN_NEED],
        faults=[faults.wrong_year(Where(IN_NEED, "2024", "referrals"))],
    )
    collect(home, str(damaged))
    inventory = check(home)
    alert(home, load_contracts(), Told(), inventory=inventory, environment=ears.environment)
    (told,) = ears.heard()
    assert "1 refused" in told.splitlines()[0]
    assert "Refused: characteristics-of-children-in-need 2024: c1" in told
    assert "years_claimed" in told
    # Whoever is told knows it by its title, and has the commands at hand.
    assert f"({load_contracts()[IN_NEED].title})" in told
    for decision in ("accept", "reject"):
        assert f'core-measures {decision} {IN_NEED} 2024 --reason "…"' in told


@pytest.fixture
def late(tmp_path: Path) -> Home:
    """A home that holds releases of 2024 and serves nothing."""
    home = Home(tmp_path / "late")
    home.prepare()
    source = Archive(factory.lay_out(tmp_path / "sample", publications=[IN_NEED]))
    for release in source.releases("ees", IN_NEED):
        assert isinstance(release, Release)
        home.archive.add(source, release)
    return home


class Told:
    def __init__(self) -> None:
        self.warned: list[str] = []

    def say(self, line: str) -> None: ...

    def warn(self, line: str) -> None:
        self.warned.append(line)

    def begin(self, stage: str, total: int) -> None: ...

    def advance(self, what: str) -> None: ...

    def end(self) -> None: ...


def test_a_late_release_or_a_run_that_served_nothing_is_told_to_nobody(late: Home) -> None:
    message = bad_news(late, take_inventory(late), None)
    assert message is not None
    (line,) = [line for line in message.lines if line.startswith("Late: ")]
    assert line.startswith(f"Late: {IN_NEED}, expected about October 2025: very late")
    title = load_contracts()[IN_NEED].title
    assert line.endswith(f" ({title}). To try again: core-measures refresh --only {IN_NEED}")
    assert "Failed: what is held is not served" in message.text
    on_time(late)
    message = bad_news(late, take_inventory(late), None)
    assert message is not None
    assert "Late:" not in message.text


def test_a_receiver_that_is_down_changes_the_outcome_or_loses_the_recovery(
    late: Home, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    reporter = Told()

    def alert(home: Home, environment: dict[str, str]) -> None:
        send_alert(home, load_contracts(), reporter, environment=environment)

    alert(late, environment=ears.environment)
    assert len(ears.heard()) == 1
    monkeypatch.setattr("orchestration.reporting.alerts.bad_news", lambda *_: None)
    ears.receiver.status, ears.sink.refuses = 500, True
    alert(late, environment=ears.environment)
    ears.web.requests.clear()
    assert any(
        "The webhook did not take the alert: it answers with status 500" in w
        for w in reporter.warned
    )
    assert any("The e-mail did not take the alert" in w for w in reporter.warned)
    ears.receiver.status, ears.sink.refuses = 200, False
    alert(late, environment=ears.environment)
    assert [told.split("\n")[0] for told in ears.heard()] == [
        "core-measures: all is well again in late"
    ]
    alert(late, environment=ears.environment)
    assert ears.heard() == []
    nowhere = {"CORE_MEASURES_WEBHOOK": f"http://127.0.0.1:9/{SECRET}"}
    monkeypatch.undo()
    alert(late, environment=nowhere)
    assert "The webhook did not take the alert" in reporter.warned[-1]
    assert SECRET not in "".join(reporter.warned)
    alert(late, environment={})
    assert ears.heard() == []


def test_what_lasts_is_told_every_night_or_its_end_to_nobody(
    late: Home, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    def night(**reasons: str) -> list[str]:
        news = tuple(
            News("failed to download", about, f"Failed to download: {about}: {why}", why)
            for about, why in reasons.items()
        )
        message = Message(f"{len(news)} failed to download", tuple(n.line for n in news), news)
        monkeypatch.setattr(
            "orchestration.reporting.alerts.bad_news", lambda *_: message if news else None
        )
        send_alert(late, load_contracts(), Told(), environment=ears.environment)
        return ears.heard()

    (told,) = night(one="it is down", two="it is gone")
    assert "one: it is down" in told
    assert "two: it is gone" in told
    assert night(one="it is down", two="it is gone") == []
    # What changed is told again, what is new is told, and the rest is a count.
    (told,) = night(one="it is gone", two="it is gone", three="it is down")
    assert "one: it is gone" in told
    assert "three: it is down" in told
    assert "two: it is gone" not in told
    assert "1 more that was told before" in told
    # What is well is told once, though the rest lasts.
    (told,) = night(one="it is gone")
    assert told.startswith("core-measures: 2 well again in late")
    assert "Well again: failed to download: three" in told
    assert night(one="it is gone") == []
    (told,) = night()
    assert told.startswith("core-measures: all is well again in late")
    assert night() == []


def test_a_dagster_run_that_fails_is_told_to_nobody(
    late: Home, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ears.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CORE_MEASURES_HOME", str(late.root))

    @dg.op
    def fails(refresh: RefreshRun) -> None:
        raise RuntimeError("a fault")

    @dg.job(
        resource_defs={"refresh": RefreshRun.configure_at_launch()},
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        fails()

    config = {"resources": {"refresh": {"config": {"source": "sample"}}}}
    assert not job.execute_in_process(run_config=config, raise_on_error=False).success
    (told,) = ears.heard()
    assert "Failed: what is held is not served" in told


@pytest.mark.parametrize(
    ("environment", "cause"),
    [
        ({"CORE_MEASURES_WEBHOOK": f"http://example.org/{SECRET}"}, "neither https"),
        ({"CORE_MEASURES_WEBHOOK": SECRET}, "no address of the web"),
        ({"CORE_MEASURES_MAIL_SERVER": "mail.example.org"}, "are needed too"),
        (
            {
                "CORE_MEASURES_MAIL_SERVER": "mail.example.org:smtp",
                "CORE_MEASURES_MAIL_FROM": "a@example.org",
                "CORE_MEASURES_MAIL_TO": "a@example.org",
            },
            "is no port",
        ),
        (
            {
                "CORE_MEASURES_MAIL_SERVER": "mail.example.org",
                "CORE_MEASURES_MAIL_FROM": "a@example.org",
                "CORE_MEASURES_MAIL_TO": "a@example.org",
                "CORE_MEASURES_MAIL_SECURITY": "none",
                "CORE_MEASURES_MAIL_USER": "me",
                "CORE_MEASURES_MAIL_PASSWORD": SECRET,
            },
            "not sent in the clear",
        ),
        (
            {"CORE_MEASURES_MAIL_SERVER": "a", "CORE_MEASURES_MAIL_SECURITY": "some"},
            "is none of",
        ),
    ],
)
def test_settings_that_make_no_sense_are_used_or_told_with_their_secret(
    late: Home, environment: dict[str, str], cause: str
) -> None:
    with pytest.raises(CoreMeasuresError, match=cause) as told:
        channels(environment)
    assert SECRET not in str(told.value)
    reporter = Told()
    alert(late, load_contracts(), reporter, environment=environment)
    assert cause in reporter.warned[-1]


def test_mail_goes_in_the_clear_by_default() -> None:
    settings = {
        "CORE_MEASURES_MAIL_SERVER": "mail.example.org",
        "CORE_MEASURES_MAIL_FROM": "a@example.org",
        "CORE_MEASURES_MAIL_TO": "b@example.org",
        "CORE_MEASURES_MAIL_PASSWORD": SECRET,
    }
    mail = channels(settings)["e-mail"]
    assert isinstance(mail, Mail)
    assert (mail.security, mail.port) == ("starttls", 587)
    assert SECRET not in repr(mail)
