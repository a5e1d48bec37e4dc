"""Python's garbage collector, as a program wants it that makes much and throws little away."""

from __future__ import annotations

import gc

# New objects before it looks, and looks before it looks further. Python's own 700 have it look
# through what lives on, time and again: a tenth of what pages take, and of what a command needs to
# start.
_THRESHOLDS = (50_000, 20, 20)


def look_seldom() -> None:
    """Have the collector of this process, and of those that are forked from it, look seldom."""
    gc.set_threshold(*_THRESHOLDS)


def keep_shared() -> None:
    """Keep what this process has ready shared with those that are forked from it.

    The collector writes to every object that it looks at, and what is written to is copied: some
    100 MB a process. What is here by now it leaves alone.
    """
    gc.collect()
    gc.freeze()
