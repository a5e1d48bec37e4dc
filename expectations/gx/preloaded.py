"""What the process that workers are forked from has ready: the library, and what it needs.

Importing this module takes seconds, and is done in that process alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.collector import keep_shared, look_seldom


@contextmanager
def _as_if_not_installed(*names: str) -> Iterator[None]:
    """Have imports go without some libraries; nobody else is in this process to miss them."""
    left_out = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]  # none: not to be found
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]


look_seldom()
with _as_if_not_installed("boto3", "botocore", "psycopg2", "sqlalchemy"):
    from expectations.gx import checks_hold, data_docs, engine
    from expectations.panel import load_table, series_panel

engine.library()
keep_shared()

__all__ = ["checks_hold", "data_docs", "engine", "load_table", "series_panel"]
