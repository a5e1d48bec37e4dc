"""The `core-measures` command. Says what happened; what happens stands elsewhere.

Heavy libraries are imported by the calls that need them, so that a listing answers at once; and the
commands themselves by `main`, which hears a request to end before that.
"""

from __future__ import annotations

import io
import os
import signal
import sys

from ingest.collector import look_seldom
from orchestration.cli import ending
from orchestration.ending import leave_locks_to_the_tracker


def main() -> None:
    """Run the command; a user's error is one sentence and exit code 1."""
    try:
        ending.listen()
        look_seldom()
        _run()
    except ending.Stopped as stopped:
        ending.end(stopped.number)
    except KeyboardInterrupt:
        ending.end(signal.SIGINT)


def _run() -> None:
    # It would look for plugins in every package that is installed; none of ours has one.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from ingest.errors import CoreMeasuresError
    from orchestration.cli.commands import app
    from orchestration.cli.output import err

    for name in ("DAGSTER_TELEMETRY_ENABLED", "GX_ANALYTICS_ENABLED"):
        os.environ.setdefault(name, "false")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no accents shows a question mark, and is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    leave_locks_to_the_tracker()
    try:
        try:
            app()
        except SystemExit:
            # What waits to be printed is taken now, or told of: when Python ends it is too late.
            sys.stdout.flush()
            raise
    except SystemExit as left:
        # So Typer ends what Ctrl-C interrupted, and says nothing.
        if left.code == 128 + signal.SIGINT:
            raise KeyboardInterrupt from None
        raise
    except CoreMeasuresError as error:
        err.print(str(error), style="red", markup=False)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        # A disk that is full, a file that may not be read, a name that is a folder's.
        err.print(ending.sentence_of(error), style="red", markup=False)
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  # what is left is not taken
        sys.exit(1)
