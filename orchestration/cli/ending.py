"""How a command ends that cannot go on: one sentence and an exit code, whatever it was doing.

Imports next to nothing, so that a signal is heard from the first moment on.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from orchestration.ending import WORD_FOR

_AT_ONCE: list[str] = []


class Stopped(BaseException):
    """A signal asked the command to end: 143 after a request to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def listen() -> None:
    """End with a sentence when asked to end. Ctrl-C is for each command to hear.

    Either may come while an object is being cleared away, where Python says that an exception is
    ignored, and goes on: then it ends there.
    """
    _hear(signal.SIGTERM)
    sys.unraisablehook = _end_if_stopped


def _end_if_stopped(ignored: sys.UnraisableHookArgs) -> None:
    if isinstance(ignored.exc_value, Stopped):
        end(ignored.exc_value.number)
    if isinstance(ignored.exc_value, KeyboardInterrupt):
        end(signal.SIGINT)
    sys.__unraisablehook__(ignored)


def at_once(sentence: str) -> None:
    """From here on Ctrl-C too ends the process where it stands, with this sentence.

    For who leaves nothing half-done wherever it is killed, and has threads in a library's code that
    hear of no exception.
    """
    _AT_ONCE[:] = [sentence]
    for number in WORD_FOR:
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
    for other in WORD_FOR:
        signal.signal(other, signal.SIG_IGN)
    message = " ".join([f"{WORD_FOR[number]}.", *_AT_ONCE])
    # A bar that was being drawn has hidden the cursor.
    shown = "\x1b[?25h" if sys.stderr.isatty() else ""
    # Past Python's own streams: one that is being written to takes nothing from a signal's handler.
    with suppress(OSError):
        os.write(2, f"{shown}\n{message}\n".encode())
    with suppress(OSError, RuntimeError, ValueError):
        sys.stdout.flush()
    os._exit(128 + number)


def sentence_of(error: OSError) -> str:
    """What the system would not do, and where."""
    what = error.strerror or str(error)
    where = " and ".join(str(name) for name in (error.filename, error.filename2) if name)
    return f"{where}: {what}." if where else f"{what}."
