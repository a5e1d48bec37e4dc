"""Suites as data: each rule names an expectation of Great Expectations and what it looks at.

A suite is readable, comparable and printable without importing the library. Running one is
`engine`'s work; which rules there are is for `loads` and `facts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from expectations.results.verdicts import Severity

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Rule:
    """One expectation, of one frame.

    `expectation` is the class's name in `great_expectations.expectations`, `arguments` what it
    takes. `about` is the column a reader knows it by. `example` words one finding, from the
    frame's labels and `value`; `noun` says what is counted.
    """

    check: str
    frame: str
    expectation: str
    arguments: Mapping[str, Any]
    explanation: str
    about: str = ""
    severity: Severity = "error"
    example: str = "{value} in row {source_row}"
    noun: str = "cells"

    @property
    def id(self) -> str:
        """One of its suite, the same from release to release: `rows/key_unique`."""
        return "/".join(part for part in (self.frame, self.check, self.about) if part)


@dataclass(frozen=True)
class Suite:
    """Rules under one name; `name` is the same from release to release."""

    name: str
    rules: tuple[Rule, ...]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def of_frame(self, frame: str) -> tuple[Rule, ...]:
        """The rules that look at a frame."""
        return tuple(rule for rule in self.rules if rule.frame == frame)


@dataclass(frozen=True)
class Frame:
    """A data frame to be looked at, and the columns that tell a reader which row it is."""

    rows: pd.DataFrame
    labels: tuple[str, ...] = ("source_row",)
