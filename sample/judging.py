"""Judged queries: the queries, the judged products, and their grades."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from sample.asking import Asked, asked
from sample.intent import Intent, grade
from sample.product import Made
from sample.reading import kinds
from sample.taking_turns import distinct, in_turns

# share of each form in every hundred queries
SHARES = {
    "type": 9, "synonym": 13, "head": 2, "typo": 10, "brand": 8, "attribute": 12, "attributes": 7, "color": 5,
    "price": 5, "use": 12, "need": 9, "long": 6, "gift": 2,
}  # fmt: skip
TRAIN = 1500
DEV = 150
# Every ninth kind appears in no training query, so that dev shows how the model generalises
HELD_OUT = 9
TRAIN_LIMITS = {3: 12, 2: 8, 1: 8}
# Products of grade 0 that look related, and any others
HARD = 9
RANDOM = 4


@dataclass(frozen=True)
class Judged:
    query_id: str
    text: str
    manner: str
    intent: Intent
    grades: tuple[tuple[str, int], ...]  # (product_id, grade)


def judged_queries(catalog: list[Made], seed: int) -> tuple[list[Judged], list[Judged]]:
    """Training and dev queries; they share no text and no intent."""
    random = Random(f"{seed}/queries")
    everything = distinct(asked(catalog, random))
    random.shuffle(everything)
    held_out = frozenset(list(kinds())[HELD_OUT // 2 :: HELD_OUT])
    known = [one for one in everything if not held_out.intersection(one.intent.targets)]
    fresh = [one for one in everything if held_out.issuperset(one.intent.targets)]
    dev = [*_shared_out(fresh, DEV // 2), *_shared_out(known, DEV - DEV // 2)]
    taken = {one.intent for one in dev}
    train = _shared_out([one for one in known if one.intent not in taken], TRAIN)
    shelf = Shelf(catalog)
    return (
        [_judged(f"t{number:04d}", one, shelf.sample(one, random)) for number, one in enumerate(train, 1)],
        [_judged(f"d{number:03d}", one, shelf.complete(one, random)) for number, one in enumerate(dev, 1)],
    )


def _judged(query_id: str, one: Asked, grades: tuple[tuple[str, int], ...]) -> Judged:
    return Judged(query_id, one.text, one.manner, one.intent, grades)


def _shared_out(everything: list[Asked], count: int) -> list[Asked]:
    """Queries by the shares of their forms. Kinds take turns, so that none dominates."""
    picked: list[Asked] = []
    for manner, share in SHARES.items():
        among = (one for one in everything if one.manner == manner)
        picked += in_turns(among, picked, lambda one: one.intent.targets, round(count * share / 100))
    return picked


class Shelf:
    """The catalogue, arranged to find the products for a judge."""

    def __init__(self, catalog: list[Made]) -> None:
        self._catalog = catalog
        self._by_kind: dict[str, list[Made]] = {}
        self._by_brand: dict[str, list[Made]] = {}
        self._by_department: dict[str, list[Made]] = {}
        self._by_word: dict[str, list[Made]] = {}
        for made in catalog:
            self._by_kind.setdefault(made.model.kind.key, []).append(made)
            self._by_brand.setdefault(made.model.brand.name, []).append(made)
            self._by_department.setdefault(made.model.department, []).append(made)
            for word in sorted(set(made.row["title"].lower().replace(",", " ").split())):
                self._by_word.setdefault(word, []).append(made)

    def sample(self, one: Asked, random: Random) -> tuple[tuple[str, int], ...]:
        """Some of each grade: what a training query can afford."""
        graded: dict[int, list[Made]] = {3: [], 2: [], 1: []}
        for made in self._related(one.intent):
            if level := grade(one.intent, made):
                graded[level].append(made)
        chosen = [
            made for level, limit in TRAIN_LIMITS.items() for made in _some(graded[level], limit, random)
        ]
        return _grades(one.intent, [*chosen, *self._unrelated(one, random)], random)

    def complete(self, one: Asked, random: Random) -> tuple[tuple[str, int], ...]:
        """Every related product, so that no ranking is penalised for unjudged products."""
        return _grades(one.intent, [*self._related(one.intent), *self._unrelated(one, random)], random)

    def _related(self, intent: Intent) -> Iterator[Made]:
        for key in (*intent.targets, *sorted(intent.near), *sorted(intent.beside)):
            yield from self._by_kind.get(key, [])

    def _unrelated(self, one: Asked, random: Random) -> list[Made]:
        """Products with similar words or brand but another purpose, and a few random ones."""
        alike = [made for word in one.text.lower().split() for made in self._by_word.get(word, [])]
        neighbours = self._by_department[kinds()[one.intent.targets[0]].path[0]]
        pool = [
            *_some(alike, 2 * HARD, random),
            *_some(self._by_brand.get(one.intent.brand, []), HARD, random),
            *_some(neighbours, HARD, random),
        ]
        hard = [made for made in pool if not grade(one.intent, made)]
        return [*_some(hard, HARD, random), *_some(self._catalog, RANDOM, random)]


def _some(pool: list[Made], count: int, random: Random) -> list[Made]:
    return random.sample(pool, min(count, len(pool)))


def _grades(intent: Intent, chosen: list[Made], random: Random) -> tuple[tuple[str, int], ...]:
    by_id = {made.product_id: grade(intent, made) for made in chosen}
    return tuple(sorted(by_id.items()))
