"""What the process that workers are forked from has ready: the library, and what it needs.

Importing this module takes seconds, and is done in that process alone.
"""

from __future__ import annotations

from expectations import data_docs, engine, frames

engine.library()

__all__ = ["data_docs", "engine", "frames"]
