"""What the process that workers are forked from has ready: the library, and what it needs.

Importing this module takes seconds, and is done in that process alone.
"""

from __future__ import annotations

import gc

from expectations.gx import checks_hold, data_docs, engine
from expectations.panel import load_table, series_panel

engine.library()
# The collector writes to every object that it looks at, and what is written to is no longer shared
# with who was forked from here: some 100 MB a process.
gc.collect()
gc.freeze()

__all__ = ["checks_hold", "data_docs", "engine", "load_table", "series_panel"]
