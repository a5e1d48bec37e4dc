"""How a command ends that cannot go on: one sentence and an exit code, whatever it was doing."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from orchestration.cli.output import err

_BY = {signal.SIGINT: "Interrupted", signal.SIGTERM: "Asked to end"}
_AT_ONCE: list[str] = []


class Stopped(BaseException):
    """A signal asked the command to end: 130 after Ctrl-C, 143 after a request to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def listen() -> None:
    """End with a sentence when asked to end. Ctrl-C is for each command to hear."""
    _hear(signal.SIGTERM)


def at_once(sentence: str) -> None:
    """From here on Ctrl-C too ends the process where it stands, with this sentence.

    For who leaves nothing half-done wherever it is killed, and has threads in a library's code that
    hear of no exception.
    """
    _AT_ONCE[:] = [sentence]
    for number in _BY:
        _hear(number)


def _hear(number: int) -> None:
    # What was told to ignore a signal, as by `nohup` or in the background, goes on doing so.
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    if _AT_ONCE:
        end(number)
    raise Stopped(number)


def end(number: int) -> NoReturn:
    """Say by what and how the command ended, and end."""
    for other in _BY:
        signal.signal(other, signal.SIG_IGN)
    what = "".join(f" {sentence}" for sentence in _AT_ONCE)
    err.show_cursor(True)
    err.print(f"\n{_BY[signal.Signals(number)]}.{what}", style="red", markup=False)
    sys.stdout.flush()
    os._exit(128 + number)


def sentence_of(error: OSError) -> str:
    """What the system would not do, and where."""
    what = error.strerror or str(error)
    where = " and ".join(str(name) for name in (error.filename, error.filename2) if name)
    return f"{where}: {what}." if where else f"{what}."
