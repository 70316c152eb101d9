"""A shopper's intent, and a product's grade for it. No text is read."""

from dataclasses import dataclass
from functools import cache

from sample.product import Made
from sample.reading import kinds


@dataclass(frozen=True)
class Intent:
    """The kinds that answer it and the conditions on them."""

    targets: tuple[str, ...]
    traits: tuple[tuple[str, str | float], ...] = ()
    brand: str = ""
    below: float = 0.0  # the highest price; 0 is any price

    @property
    def plain(self) -> bool:
        """True if any product of the kind will do."""
        return not (self.traits or self.brand or self.below)

    @property
    def near(self) -> frozenset[str]:
        """Kinds that could stand in."""
        return _near(self.targets)

    @property
    def beside(self) -> frozenset[str]:
        """Kinds that are bought along with it, or that it could stand in for."""
        return _beside(self.targets)


@cache
def _near(targets: tuple[str, ...]) -> frozenset[str]:
    return frozenset(near for target in targets for near in kinds()[target].near) - frozenset(targets)


@cache
def _beside(targets: tuple[str, ...]) -> frozenset[str]:
    goes = frozenset(goes for target in targets for goes in kinds()[target].goes)
    standing_in = frozenset(
        key for key, kind in kinds().items() if not frozenset(kind.near).isdisjoint(targets)
    )
    return (goes | standing_in) - _near(targets) - frozenset(targets)


def grade(intent: Intent, made: Made) -> int:
    """3 for the right product, 2 for a fair substitute, 1 for a related one, 0 for others.

    A product of the right kind loses a grade if it meets only some of the conditions, and two if it
    meets none. The kind weighs more than any condition, so a substitute never beats it once
    conditions are named.
    """
    key = made.model.kind.key
    if not (key in intent.targets or key in intent.near or key in intent.beside):
        return 0
    conditions = _conditions(intent, made)
    if key in intent.targets:
        return 3 if all(conditions) else 2 if any(conditions) else 1
    if key in intent.near:
        return (2 if intent.plain else 1) if all(conditions) else 0
    return 1 if intent.plain and key in intent.beside else 0


def _conditions(intent: Intent, made: Made) -> list[bool]:
    conditions = [made.model.value(trait) == value for trait, value in intent.traits]
    if intent.brand:
        conditions.append(made.model.brand.name == intent.brand)
    if intent.below:
        conditions.append(made.row["price"]["amount"] <= intent.below)
    return conditions
