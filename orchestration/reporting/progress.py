"""How a refresh is told: a live line on a terminal, plain lines elsewhere, JSON for machines."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.pipeline.reporter import Reporter

# A log wants to know that something goes on, and no line a step.
SECONDS_BETWEEN_LINES = 10.0


class _Base:
    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def say(self, line: str) -> None:
        """Print the line."""
        self._console.print(line, markup=False)

    def warn(self, line: str) -> None:
        """Print the line so that it is seen."""
        self._console.print(line, style="yellow", markup=False)

    def end(self) -> None:
        """Nothing is left open."""


class PlainReporter(_Base):
    """One line a stage, and one now and then inside a long one, for logs and pipes."""

    def begin(self, stage: str, total: int) -> None:
        """Say the stage and its size."""
        self.say(f"{stage}: {total}")
        self._stage, self._total, self._done = stage, total, 0
        self._began = self._last_line_at = time.monotonic()

    def advance(self, what: str) -> None:
        """Say how far it is and how long it may take, if nothing was said for a while."""
        self._done += 1
        now = time.monotonic()
        if now - self._last_line_at < SECONDS_BETWEEN_LINES or self._done >= self._total:
            return
        self._last_line_at = now
        left = (now - self._began) / self._done * (self._total - self._done)
        self.say(f"{self._stage}: {self._done} of {self._total}, about {left:.0f} s left ({what})")


class TerminalReporter(_Base):
    """A bar a stage, with what is being done now and how long it may take yet."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._progress: Progress | None = None

    def begin(self, stage: str, total: int) -> None:
        """Open the stage's bar."""
        self.end()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[what]}", style="dim"),
            console=self._console,
        )
        self._task = self._progress.add_task(stage, total=total, what="")
        self._progress.start()

    def advance(self, what: str) -> None:
        """Move the bar, naming what is done."""
        if self._progress is not None:
            self._progress.update(self._task, advance=1, what=what)

    def end(self) -> None:
        """Close the bar."""
        if self._progress is not None:
            self._progress.update(self._task, what="")
            self._progress.stop()
            self._progress = None


class JsonReporter:
    """An object a line, for who collects logs: `at`, `level`, `event`, and what belongs to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._stage = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _tell(self, level: str, event: str, **fields: object) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": level, "event": event, **fields}
        self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._stream.flush()

    def say(self, line: str) -> None:
        """A line worth keeping."""
        self._tell("info", "said", message=line)

    def warn(self, line: str) -> None:
        """A line that somebody must act on."""
        self._tell("warning", "said", message=line)

    def begin(self, stage: str, total: int) -> None:
        """A stage begins."""
        self._stage = stage
        self._tell("info", "stage_began", stage=stage, steps=total)

    def advance(self, what: str) -> None:
        """A step of it is done."""
        self._tell("debug", "step_done", stage=self._stage, step=what)

    def end(self) -> None:
        """The stage is done."""
        if self._stage:
            self._tell("info", "stage_ended", stage=self._stage)
            self._stage = ""


class Watched:
    """Hands everything on to another reporter, and keeps how long each stage took."""

    def __init__(self, inner: Reporter) -> None:
        self.inner = inner
        self._stage: tuple[str, float] | None = None
        self.seconds: dict[str, float] = {}

    def say(self, line: str) -> None:
        """Hand it on."""
        self.inner.say(line)

    def warn(self, line: str) -> None:
        """Hand it on."""
        self.inner.warn(line)

    def begin(self, stage: str, total: int) -> None:
        """Begin to count the stage's seconds."""
        self._close()
        self._stage = (stage, time.monotonic())
        self.inner.begin(stage, total)

    def advance(self, what: str) -> None:
        """Hand it on."""
        self.inner.advance(what)

    def end(self) -> None:
        """Count no further."""
        self._close()
        self.inner.end()

    def _close(self) -> None:
        if self._stage is not None:
            stage, began = self._stage
            spent = time.monotonic() - began
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + spent, 3)
            self._stage = None


def wants_json() -> bool:
    """Whether logs are to be JSON: `CORE_MEASURES_LOG=json`."""
    return Settings.read().log == "json"


def reporter_for(
    console: Console, *, as_json: bool = False
) -> PlainReporter | TerminalReporter | JsonReporter:
    """JSON lines where they are asked for; a live bar on a terminal, plain lines elsewhere."""
    if as_json or wants_json():
        return JsonReporter(sys.stderr)
    return TerminalReporter(console) if console.is_terminal else PlainReporter(console)
