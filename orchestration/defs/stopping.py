"""A run that is asked to end: by Ctrl-C, by who stops its service, by who terminates it.

Dagster tells a run so by an exception wherever its process happens to be: in dbt, which takes it
for a fault of its own; in a library half imported, or DuckDB, where it is lost; in Dagster's own
work, which takes the step for failed. What a refresh leaves is sound wherever it is killed. So the
run is marked as cancelled, and its process ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import dagster as dg
from dagster._utils import interrupts

from orchestration.ending import NOTHING_HALF_DONE, WORD_FOR, leave_locks_to_the_tracker

# A storage of runs that does not answer keeps nothing from ending.
_SECONDS_TO_TELL = 5.0
_SETTLED = b"\0"


@contextlib.contextmanager
def ends_when_asked(
    instance: dg.DagsterInstance, run: dg.DagsterRun
) -> Iterator[Callable[[], None]]:
    """While it lasts, a signal ends the process with 130 or 143, and the run as cancelled.

    Gives what is called before the run is judged: it does not return where a signal came before.
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    try:
        # The system writes the number of each signal there, whatever Python does with it.
        before = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    except ValueError:  # not the main thread, which alone hears of signals
        receiver.close()
        sender.close()
        yield lambda: None
        return
    # Dagster's own answers to a signal, which it puts in place around all of our code and takes
    # back again, would come in the way: what is told here is enough. No setting of its says so.
    replace = interrupts._replace_interrupt_signal
    interrupts._replace_interrupt_signal = _leave_signals_alone
    raising = {number: signal.signal(number, lambda *_: None) for number in WORD_FOR}
    # While a step works, Dagster has what is said go into a file.
    stderr = os.dup(2)
    settled = threading.Event()

    def listen() -> None:
        while got := receiver.recv(1):
            if got == _SETTLED:
                settled.set()
            elif got[0] in WORD_FOR:
                _end(instance, run, got[0], stderr)

    def settle() -> None:
        settled.clear()
        sender.send(_SETTLED)
        settled.wait()

    leave_locks_to_the_tracker()
    threading.Thread(target=listen, name="stopping", daemon=True).start()
    try:
        yield settle
    finally:
        for number, handler in raising.items():
            signal.signal(number, handler or signal.SIG_DFL)
        interrupts._replace_interrupt_signal = replace
        signal.set_wakeup_fd(before)
        sender.close()
        os.close(stderr)


def _leave_signals_alone(new_signal_handler: object) -> None:
    """In the place of what Dagster does."""


def _end(instance: dg.DagsterInstance, run: dg.DagsterRun, number: int, stderr: int) -> None:
    sentence = f"{WORD_FOR[number]}. {NOTHING_HALF_DONE}"

    failures = ["it does not answer"]

    def tell() -> None:
        try:
            instance.report_run_canceled(run, sentence)
            failures.clear()
        except Exception as error:
            failures[:] = [" ".join(str(error).split()) or repr(error)]

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    telling.join(_SECONDS_TO_TELL)
    lines = [sentence, *(f"Dagster's history does not have it: {why}" for why in failures)]
    with contextlib.suppress(OSError):
        os.write(stderr, "\n".join(["", *lines, ""]).encode())
    os._exit(128 + number)
