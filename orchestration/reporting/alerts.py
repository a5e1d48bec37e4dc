"""Telling people that a run did not go well, and once that it does again: a webhook and e-mail.

On by configuration alone (the environment, `docs/publishers.md`). What is told is read from the
home, as `status` reads it. An alert that cannot be sent is said, and changes no outcome.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import smtplib
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from ingest.archive.writing import write_whole
from ingest.errors import CoreMeasuresError, FetchError, HomeError
from ingest.http.answers import is_loopback, origin_of
from orchestration.pipeline.inventory import is_served, take_inventory, way_out
from orchestration.reporting.freshness import State, freshness_of
from warehouse.serve.home import Home

if TYPE_CHECKING:
    from orchestration.pipeline.inventory import Contracts, Inventory
    from orchestration.pipeline.reporter import Reporter

WEBHOOK = "CORE_MEASURES_WEBHOOK"
MAIL_SERVER = "CORE_MEASURES_MAIL_SERVER"
MAIL_FROM = "CORE_MEASURES_MAIL_FROM"
MAIL_TO = "CORE_MEASURES_MAIL_TO"
MAIL_USER = "CORE_MEASURES_MAIL_USER"
MAIL_PASSWORD = "CORE_MEASURES_MAIL_PASSWORD"  # noqa: S105  # nosec B105  # a variable's name
MAIL_SECURITY = "CORE_MEASURES_MAIL_SECURITY"
_SECONDS = 20.0
_MOST_LINES = 40
_FAILED = "failed"
# By channel, what it was told of by what that is about, and what of it would be news once more.
_MEMORY: TypeAdapter[dict[str, dict[str, str]]] = TypeAdapter(dict[str, dict[str, str]])
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True)
class News:
    """One thing to act on: of what kind, about what, and the line that tells it.

    `sign` changes when there is something new to say of it: a count of days does not.
    """

    kind: str
    about: str
    line: str
    sign: str

    @property
    def key(self) -> str:
        """What it is about, so that a night later it is known again."""
        return f"{self.kind}: {self.about}"


@dataclass(frozen=True)
class Message:
    """What is told: a line that says it all, and a line for each thing."""

    subject: str
    lines: tuple[str, ...]
    # The same by what each line is about, with what of it makes it news once more.
    news: tuple[News, ...] = ()

    @property
    def text(self) -> str:
        """Everything, no longer than anybody reads."""
        shown = list(self.lines[:_MOST_LINES])
        if len(self.lines) > _MOST_LINES:
            shown.append(f"and {len(self.lines) - _MOST_LINES} more: core-measures status")
        return "\n".join([self.subject, *shown])


@dataclass(frozen=True)
class Mail:
    """A mail server, and who writes to whom."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    security: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def send(self, message: Message) -> None:
        """Send a message.

        Raises
        ------
        OSError, smtplib.SMTPException
            The server does not take it.
        """
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = message.subject, self.sender, self.to
        mail.set_content(message.text)
        secure = ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=_SECONDS, context=secure
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
        with server:
            if self.security == "starttls":
                server.starttls(context=secure)
            if self.user:
                server.login(self.user, self.password or "")
            server.send_message(mail)


@dataclass(frozen=True)
class Webhook:
    """An address that takes Slack's JSON, `{"text": …}`; the address itself is a secret."""

    url: str = field(repr=False)

    def send(self, message: Message) -> None:
        """Send a message.

        Raises
        ------
        OSError
            The receiver does not take it. Nothing of the address is told.
        """
        import requests

        try:
            response = requests.post(
                self.url, json={"text": message.text}, timeout=_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise OSError(type(error).__name__) from None
        if not response.ok or response.is_redirect:
            raise OSError(f"it answers with status {response.status_code}")


def channels(environment: Mapping[str, str] = os.environ) -> dict[str, Webhook | Mail]:
    """The channels that the environment names; none by default.

    Raises
    ------
    CoreMeasuresError
        A setting is missing or makes no sense. No secret is told.
    """
    found: dict[str, Webhook | Mail] = {}
    if url := environment.get(WEBHOOK):
        try:
            scheme, host, _ = origin_of(url)
        except ValueError:
            raise CoreMeasuresError(f"{WEBHOOK} is no address of the web.") from None
        if scheme != "https" and not is_loopback(host):
            raise CoreMeasuresError(f"{WEBHOOK} is neither https nor this machine by number.")
        found["webhook"] = Webhook(url)
    if server := environment.get(MAIL_SERVER):
        found["e-mail"] = _mail(server, environment)
    return found


def _mail(server: str, environment: Mapping[str, str]) -> Mail:
    security = environment.get(MAIL_SECURITY, "starttls")
    if security not in _PORTS:
        raise CoreMeasuresError(f"{MAIL_SECURITY}: {security!r} is none of {', '.join(_PORTS)}.")
    host, _, port = server.partition(":")
    sender = environment.get(MAIL_FROM, "")
    to = tuple(one.strip() for one in environment.get(MAIL_TO, "").split(",") if one.strip())
    user = environment.get(MAIL_USER) or None
    if not sender or not to:
        raise CoreMeasuresError(f"{MAIL_SERVER} is set: {MAIL_FROM} and {MAIL_TO} are needed too.")
    if not port.isdigit() and port:
        raise CoreMeasuresError(f"{MAIL_SERVER}: {port!r} is no port.")
    if user and security == "none" and not is_loopback(host):
        raise CoreMeasuresError(f"{MAIL_SECURITY}: a password is not sent in the clear.")
    number = int(port) if port else _PORTS[security]
    return Mail(host, number, sender, to, security, user, environment.get(MAIL_PASSWORD))


def alert(
    home: Home,
    contracts: Contracts,
    reporter: Reporter,
    *,
    inventory: Inventory | None = None,
    failed: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Tell how a run ended, where that is wanted and there is something to tell.

    Without its inventory, what is held is read; a run that failed is told by what it said.

    A run that failed is told each time. What lasts is told once, again when it changes, and once
    more when it is well; on other nights it is a count in `status`.
    """
    try:
        wanted = channels(environment)
    except CoreMeasuresError as error:
        reporter.warn(f"No alert was sent: {error}")
        return
    if not wanted:
        return
    if inventory is None and home.holds_archive:
        # Where what is held cannot be asked for, that is what failed.
        with contextlib.suppress(*(FetchError, HomeError) if failed else ()):
            inventory = take_inventory(home, contracts)
    message = bad_news(home, inventory, failed)
    memory = home.work / "alerts.json"
    before = _open(memory)
    after: dict[str, dict[str, str]] = {}
    for name, channel in wanted.items():
        known = before.get(name, {})
        if message is None and not known:
            continue
        due = _worth_telling(message, known, home) if message else _recovered(home)
        now = {one.key: one.sign for one in message.news} if message else {}
        if due is not None and not _send(channel.send, name, due, reporter):
            # What it did not take is told to it again.
            now = {key: sign for key, sign in known.items() if message is None or key in now}
            now = now or {"": ""}
        if now:
            after[name] = now
    if memory.parent.is_dir() and after != before:
        write_whole(memory, json.dumps(after, ensure_ascii=False).encode())


def _worth_telling(message: Message, known: dict[str, str], home: Home) -> Message | None:
    """What of a message a receiver does not know yet, and what is well that it knew of."""
    fresh = [n for n in message.news if n.kind == _FAILED or known.get(n.key) != n.sign]
    now = {one.key for one in message.news}
    ended = [key for key in known if key and key not in now]
    well = [key for key in ended if not key.startswith(f"{_FAILED}: ")]
    if len(well) < len(ended) and not any(one.kind == _FAILED for one in message.news):
        well.append("the refresh")
    if not fresh and not well:
        return None
    lines = [one.line for one in fresh] + [f"Well again: {key}" for key in well]
    if lasting := len(message.news) - len(fresh):
        lines.append(f"{lasting} more that was told before: core-measures status")
    subject = message.subject
    if not fresh:
        subject = f"core-measures: {len(well)} well again in {home.root.name}"
    return Message(subject, tuple(lines))


def _send(send: Callable[[Message], None], name: str, message: Message, reporter: Reporter) -> bool:
    try:
        send(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        reason = " ".join(str(error).split())
        reporter.warn(f"The {name} did not take the alert: {reason}")
        return False
    return True


def _open(memory: Path) -> dict[str, dict[str, str]]:
    """What each channel was told of, and not yet of its end: by channel and what it is about."""
    try:
        return _MEMORY.validate_json(memory.read_bytes())
    except (OSError, ValidationError):
        return {}


def _recovered(home: Home) -> Message:
    return Message(
        f"core-measures: all is well again in {home.root.name}",
        ("Nothing is refused, failed or late any more.",),
    )


def bad_news(home: Home, inventory: Inventory | None, failed: str | None) -> Message | None:
    """What there is to act on, or None. A run that failed is told by what it said."""
    from warehouse.publish.lake import problem_of

    news: list[News] = []

    def add(what: str, about: str, line: str, sign: str) -> None:
        news.append(News(what, about, " ".join(line.split()), sign))

    if failed is not None:
        line = f"Failed, and what was served before still stands: {failed} {_again()}"
        add(_FAILED, "this run", line, failed)
    if failed is None and (why := problem_of(home)):
        line = f"Served, and not in the lake: {why} {_again()}"
        add("not in the lake", "the lake", line, _without_numbers(str(why)))
    if inventory is not None:
        if failed is None and not is_served(home, inventory):
            line = f"Failed: what is held is not served; what was served before stands. {_again()}"
            add(_FAILED, "what is held", line, "")
        for load in inventory.refused:
            if load.verdict is None:
                continue  # the run ended before it was checked
            reasons = "; ".join(map(str, load.reasons))
            name, folder = load.load.release.publication, load.load.release.folder
            line = (
                f"Refused: {load.load}: {reasons}{_title(inventory, name)}. Why: core-measures"
                f' status. To let it in: core-measures accept {name} {folder} --reason "…"; to keep'
                f' it out for good: core-measures reject {name} {folder} --reason "…"'
            )
            add("refused", str(load.load), line, reasons)
        for held_release in inventory.incomplete:
            title = _title(inventory, held_release.release.publication)
            line = (
                f"Incomplete: {held_release}: {held_release.lacks}{title}. {way_out(held_release)}"
            )
            add("incomplete", str(held_release), line, held_release.lacks)
        news += _withdrawn(home, inventory)
        news += _failed_to_download(inventory)
        for publication in inventory.contracts.values():
            held = [one.release for one in inventory.of(publication)]
            fresh = freshness_of(home, publication, held)
            if fresh.state in {State.late, State.very_late}:
                name = publication.publication
                line = (
                    f"Late: {name}, expected {fresh.expected}: {fresh.lateness}"
                    f"{_title(inventory, name)}. {_again(name)}"
                )
                add("late", name, line, f"{fresh.state} {fresh.expected}")
    if not news:
        return None
    counts = Counter(one.kind for one in news)
    counted = ", ".join(f"{number} {what}" for what, number in counts.items())
    lines = tuple(one.line for one in news)
    return Message(f"core-measures: {counted} in {home.root.name}", lines, tuple(news))


def _failed_to_download(inventory: Inventory) -> Iterator[News]:
    """What did not come; of a release that came in part it is said elsewhere what it lacks."""
    incomplete = {held.release.path for held in inventory.incomplete}
    by_path: dict[str, list[str]] = {}
    for problem in inventory.problems:
        if problem.path not in incomplete:
            by_path.setdefault(problem.path, []).append(problem.reason)
    for path, reasons in by_path.items():
        name = path.split("/")[1]
        sentence = f"{'; '.join(reasons)}{_title(inventory, name)}. {_again(name)}"
        line = " ".join(f"Failed to download: {path}: {sentence}".split())
        yield News("failed to download", path, line, _without_numbers("; ".join(sorted(reasons))))


def _withdrawn(home: Home, inventory: Inventory) -> Iterator[News]:
    """Releases that their publisher withdrew and no person took out, by publication and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for held in inventory.releases:
        mark = home.archive.withdrawn(held.release)
        if mark and not all(load.rejected for load in held.loads):
            names = found.setdefault((held.release.publication, mark["reason"]), [])
            if held.release.release not in names:
                names.append(held.release.release)
    for (publication, reason), names in found.items():
        about = f"{publication} {', '.join(names)}"
        line = (
            f"Withdrawn by its publisher: {about}: {reason}{_title(inventory, publication)}. It is"
            " served all the same; to take it out:"
            f' core-measures reject {publication} RELEASE --reason "…"'
        )
        yield News("withdrawn", about, " ".join(line.split()), reason)


def _title(inventory: Inventory, publication: str) -> str:
    """What people call a publication that has an id, in brackets."""
    found = inventory.contracts.get(publication)
    return f" ({found.title})" if found else ""


def _again(publication: str = "") -> str:
    """The command that mends what a publisher or a machine may have mended since."""
    only = f" --only {publication}" if publication else ""
    return f"To try again: core-measures refresh{only}"


def _without_numbers(reason: str) -> str:
    """A reason as far as it says the same tomorrow: not by which count, status or day."""
    return re.sub(r"\d+", "#", reason)
