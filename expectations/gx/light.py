"""Great Expectations, imported without what no check of ours has a use for.

As it stands it imports libraries for other data sources, for distributions and for charts of its
own: a third of its time and of its memory. Importing this module imports the library.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

# Needed by it to be imported: they are loaded when something of them is asked for.
_PUT_OFF = frozenset({"altair", "scipy.stats"})


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
def _putting_off() -> Iterator[None]:
    later = _Later()
    sys.meta_path.insert(0, later)
    try:
        yield
    finally:
        sys.meta_path.remove(later)


# Read when the library is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "False"
with _putting_off():
    import great_expectations as gx

__all__ = ["gx"]
