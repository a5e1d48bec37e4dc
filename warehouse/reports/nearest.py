"""What a person may have meant who named something that is not there."""

from __future__ import annotations

import difflib


def unknown_publication(publication: str, known: list[str]) -> str:
    """One sentence for a publication that has no contract."""
    return f"No publication {publication!r}.{near(publication, known)}"


def near(text: str, known: list[str]) -> str:
    """What is nearest to a name that is not known; where nothing is near, all that are."""
    if not known:
        return " None is."
    return nearest(text, known) or f" Known: {', '.join(known)}."


def nearest(text: str, known: list[str]) -> str:
    """The names that are nearest to one; nothing where none is near."""
    found = difflib.get_close_matches(text, known, n=3, cutoff=0.4)
    return f" Did you mean {' or '.join(found)}?" if found else ""
