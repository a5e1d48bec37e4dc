"""How a refresh is told: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)


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
    """One line a stage, for logs and pipes."""

    def begin(self, stage: str, total: int) -> None:
        """Say the stage and its size."""
        self.say(f"{stage}: {total}")

    def advance(self, what: str) -> None:
        """Say nothing: a log wants stages, not steps."""


class TerminalReporter(_Base):
    """A bar a stage, with what is being done now."""

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


def reporter_for(console: Console) -> PlainReporter | TerminalReporter:
    """A live reporter where there is a terminal, a plain one elsewhere."""
    return TerminalReporter(console) if console.is_terminal else PlainReporter(console)
