"""Who is told how a refresh goes: a terminal, a log, or nobody."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Takes lines, and the stages of a refresh with their steps."""

    def say(self, line: str) -> None:
        """A line worth keeping."""

    def warn(self, line: str) -> None:
        """A line that somebody must act on."""

    def begin(self, stage: str, total: int) -> None:
        """A stage of so many steps begins."""

    def advance(self, what: str) -> None:
        """One step of the stage is done."""

    def end(self) -> None:
        """The stage is done."""


class Silent:
    """A reporter that tells nobody."""

    def say(self, line: str) -> None:
        """Drop the line."""

    warn = say

    def begin(self, stage: str, total: int) -> None:
        """Count nothing."""

    def advance(self, what: str) -> None:
        """Count nothing."""

    def end(self) -> None:
        """Count nothing."""


SILENT: Reporter = Silent()


class Later(Silent):
    """A reporter that keeps its lines until they are asked for."""

    def __init__(self) -> None:
        self._lines: list[tuple[bool, str]] = []

    def say(self, line: str) -> None:
        """Keep the line."""
        self._lines.append((False, line))

    def warn(self, line: str) -> None:
        """Keep the line as one that somebody must act on."""
        self._lines.append((True, line))

    def pass_on(self, reporter: Reporter) -> None:
        """Give the lines to another reporter, in their order."""
        for is_warning, line in self._lines:
            (reporter.warn if is_warning else reporter.say)(line)
        self._lines.clear()
