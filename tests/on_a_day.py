"""`core-measures` on another day: `python -m tests.on_a_day 2025-10-28T02:00:00+00:00 refresh …`.

The project's own code takes that moment for now, and time goes on from there. What libraries say
of the time, and of how long something took, is as it is.
"""

from __future__ import annotations

import importlib
import sys
from datetime import UTC, datetime, timedelta, tzinfo

from tests.warm import PARTS, import_project


def moved_by(difference: timedelta) -> type[datetime]:
    """A `datetime` whose now is so much later."""

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + difference

    return Moved


def main() -> None:
    moment, *arguments = sys.argv[1:]
    import_project("orchestration.cli.__main__")
    moved = moved_by(datetime.fromisoformat(moment) - datetime.now(UTC))
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in PARTS and getattr(module, "datetime", None) is datetime:
            module.datetime = moved  # type: ignore[attr-defined]
    sys.argv = ["core-measures", *arguments]
    importlib.import_module("orchestration.cli").main()


if __name__ == "__main__":
    main()
