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
