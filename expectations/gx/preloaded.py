"""What the process that workers are forked from has ready: the library, and what it needs.

Importing this module takes seconds, and is done in that process alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

from ingest.collector import keep_shared, look_seldom

# Great Expectations imports these at its top, for expectations that no check of ours is: here they
# are loaded when something of them is asked for.
_PUT_OFF = frozenset({"altair", "scipy.stats"})
# And these for data sources that we have not; it does without them where they are not installed.
_LEFT_OUT = ("boto3", "botocore", "psycopg2", "sqlalchemy")


class _Later:
    """Finds what is put off, as modules that load themselves when they are used."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _PUT_OFF:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def _lightly() -> Iterator[None]:
    """Import without a third of what takes time and memory; who needs it later imports it as ever.

    For a process of one thread, which this is: what is left out is not to be found by anybody
    meanwhile, and what is put off has no lock of its own.
    """
    left_out = [name for name in _LEFT_OUT if name not in sys.modules]
    later = _Later()
    sys.meta_path.insert(0, later)
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]  # none: not to be found
    try:
        yield
    finally:
        sys.meta_path.remove(later)
        for name in left_out:
            del sys.modules[name]


look_seldom()
with _lightly():
    from expectations.gx import checks_hold, data_docs, engine
    from expectations.panel import load_table, series_panel

engine.library()
keep_shared()

__all__ = ["checks_hold", "data_docs", "engine", "load_table", "series_panel"]
