"""The `core-measures` command. Says what happened; what happens stands elsewhere.

Heavy libraries are imported by the calls that need them, so that a listing answers at once.
"""

from __future__ import annotations

import io
import os
import sys

from ingest.errors import CoreMeasuresError

# Each adds its commands, in the order in which `--help` lists them.
from orchestration.cli import (
    archive,
    decide,
    doctor,
    ending,
    inspect,
    maintain,
    pack,
    refresh,
)
from orchestration.cli.common import app
from orchestration.cli.output import err

__all__ = [
    "app",
    "archive",
    "decide",
    "doctor",
    "inspect",
    "main",
    "maintain",
    "pack",
    "refresh",
]


def main() -> None:
    """Run the command; a user's error is one sentence and exit code 1."""
    for name in ("DAGSTER_TELEMETRY_ENABLED", "GX_ANALYTICS_ENABLED"):
        os.environ.setdefault(name, "false")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no accents shows a question mark, and is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # dbt's locks are cleaned up by a process that would complain of whoever ends at once.
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    ending.listen()
    try:
        app()
    except ending.Stopped as stopped:
        ending.end(stopped.number)
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
