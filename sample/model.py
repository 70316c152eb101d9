"""One model of a kind by a brand: the facts that its texts are written from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from sample.vocabulary import COLOR, Brand, Department, Kind, Value

MODELS_PER_KIND = 8
COLORED = 0.6  # share of models sold in several colours
SIZED = 0.8  # share of models sold in several sizes, where the kind has any

Chosen = tuple[tuple[str, str | float], ...]


@dataclass(frozen=True)
class Model:
    department: str
    kind: Kind
    brand: Brand
    line: str
    chosen: Chosen  # trait -> value, colour included
    quality: float  # 0 to 1: shoppers' opinion of it
    pages: tuple[Model, ...] = ()  # its variants

    def value(self, trait: str) -> str | float | None:
        """The value of a trait. Returns None if this kind does not have it."""
        return dict(self.chosen).get(trait)

    def values(self) -> Iterator[tuple[str, Value]]:
        """Each trait but the colour, with its words."""
        for trait in self.kind.traits:
            picked = self.value(trait.name)
            yield from ((trait.name, value) for value in trait.values if value.value == picked)

    def with_value(self, trait: str, value: str | float) -> Model:
        """The same model in another colour or size."""
        return replace(
            self, chosen=tuple((name, value if name == trait else old) for name, old in self.chosen)
        )


def models(department: Department, random: Random) -> Iterator[Model]:
    """All models a department sells; no two of a kind agree in brand, line and traits."""
    for kind in department.kinds:
        made: list[Model] = []
        for _ in range(MODELS_PER_KIND + random.randrange(-2, 3)):
            model = _model(department, kind, random)
            if not any(_same(model, other) for other in made):
                made.append(model)
        yield from (replace(model, pages=_variants(model, random)) for model in made)


def _same(one: Model, other: Model) -> bool:
    return (one.brand, one.line) == (other.brand, other.line) and one.chosen == other.chosen


def _model(department: Department, kind: Kind, random: Random) -> Model:
    brand = random.choice([brand for brand in department.brands if kind.section in brand.sections])
    chosen = _traits(kind, random)
    if kind.colors:
        chosen.append((COLOR, random.choice(kind.colors)))
    quality = min(1.0, max(0.0, 0.35 * random.random() + 0.35 * random.random() + 0.2 * brand.level))
    return Model(department.name, kind, brand, random.choice(brand.lines), tuple(chosen), quality)


def _traits(kind: Kind, random: Random) -> list[tuple[str, str | float]]:
    while True:
        chosen = [(trait.name, random.choice(trait.values).value) for trait in kind.traits]
        values = {str(value) for _, value in chosen}
        if not any(values.issuperset(pair) for pair in kind.never):
            return chosen


def _variants(model: Model, random: Random) -> tuple[Model, ...]:
    for trait in model.kind.traits:
        if trait.varies and random.random() < SIZED:
            others = [value.value for value in trait.values if value.value != model.value(trait.name)]
            return _some(model, trait.name, others, random)
    if len(model.kind.colors) > 1 and random.random() < COLORED:
        others = [color for color in model.kind.colors if color != model.value(COLOR)]
        return _some(model, COLOR, others, random)
    return ()


def _some(model: Model, trait: str, others: list[str | float], random: Random) -> tuple[Model, ...]:
    count = random.randrange(1, min(4, len(others)) + 1)
    picked = sorted(random.sample(range(len(others)), count))
    return tuple(model.with_value(trait, others[place]) for place in picked)
