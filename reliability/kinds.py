"""What a kind of damage is, and the register of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reliability.specimen import NotApplicableError, Specimen

Damage = Callable[[Specimen], "bytes | None"]


@dataclass(frozen=True)
class Kind:
    """One kind of damage; `what` is one clause a reader understands."""

    name: str
    group: str
    what: str
    damage: Damage

    def apply(self, specimen: Specimen) -> bytes:
        """The damaged file.

        Raises
        ------
        NotApplicableError
            The file has nothing of what the kind damages.
        """
        content = self.damage(specimen)
        if content is None and specimen.is_untouched:
            raise NotApplicableError("nothing was changed")
        content = specimen.write() if content is None else content
        if content == specimen.anatomy.content:
            raise NotApplicableError("nothing was changed")
        return content


KINDS: dict[str, Kind] = {}
"""Every kind by its name; `damage` has imported all of them."""


def kind(group: str) -> Callable[[Damage], Damage]:
    """Register a kind under its function's name; its docstring says what happens."""

    def register(damage: Damage) -> Damage:
        name = damage.__name__
        KINDS[name] = Kind(name, group, (damage.__doc__ or "").strip().rstrip("."), damage)
        return damage

    return register
