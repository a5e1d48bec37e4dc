"""What the process that workers are forked from has ready: the library, and what it needs.

Importing this module takes seconds, and is done in that process alone.
"""

from __future__ import annotations

from expectations.gx import checks_hold, data_docs, engine
from expectations.panel import load_table, series_panel
from ingest.collector import keep_shared, look_seldom

look_seldom()
engine.library()
keep_shared()

__all__ = ["checks_hold", "data_docs", "engine", "load_table", "series_panel"]
