"""Judged queries of a shop in one language. No text is read: grades follow from what was made."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sample.languages.asking import Asked, Wanted, asked
from sample.languages.product import Made, catalog
from sample.languages.reading import goods, shop
from sample.taking_turns import distinct, in_turns

QUERIES = 84
UNRELATED = 12  # products of grade 0 that are judged too


@dataclass(frozen=True)
class Judged:
    query_id: str
    text: str
    manner: str
    grades: tuple[tuple[str, int], ...]  # (product_id, grade)


def judged_queries(language: str, seed: int) -> list[Judged]:
    """As many queries of each manner, with the grades of every related product."""
    made = catalog(language, seed)
    random = Random(f"{seed}/{language}/queries")
    picked = _picked(language, made, random)
    return [
        Judged(f"{language}{number:03d}", one.text, one.manner, _grades(one.wanted, made, random))
        for number, one in enumerate(picked, 1)
    ]


def picked_queries(language: str, seed: int) -> list[Asked]:
    """The same queries with what they want, for products of any language."""
    return _picked(language, catalog(language, seed), Random(f"{seed}/{language}/queries"))


def _picked(language: str, made: list[Made], random: Random) -> list[Asked]:
    everything = distinct(asked(shop(language), made, random))
    random.shuffle(everything)
    return _shared_out(everything)


def grade(wanted: Wanted, made: Made) -> int:
    """3 for the right product, 2 and 1 for one of the right kind that meets some or no condition.

    1 also for a related kind, where no condition is named. 0 for others.
    """
    key = made.kind.key
    if key not in wanted.kinds:
        plain = not (wanted.traits or wanted.brand)
        return int(plain and any(key in _NEAR[kind] for kind in wanted.kinds))
    conditions = [trait in made.traits for trait in wanted.traits]
    if wanted.brand:
        conditions.append(made.brand.name == wanted.brand)
    return 3 if all(conditions) else 2 if any(conditions) else 1


_NEAR = {each.key: each.near for each in goods()}


def _shared_out(everything: list[Asked]) -> list[Asked]:
    """Manners and kinds take turns, so that none dominates."""
    manners = sorted({one.manner for one in everything})
    picked: list[Asked] = []
    for place, manner in enumerate(manners):
        share = (QUERIES * (place + 1)) // len(manners) - (QUERIES * place) // len(manners)
        among = (one for one in everything if one.manner == manner)
        picked += in_turns(among, picked, lambda one: one.wanted.kinds, share)
    return picked


def _grades(wanted: Wanted, catalog: list[Made], random: Random) -> tuple[tuple[str, int], ...]:
    graded = {made.product_id: grade(wanted, made) for made in catalog}
    unrelated = [product_id for product_id, level in graded.items() if not level]
    kept = {*random.sample(unrelated, UNRELATED), *(each for each, level in graded.items() if level)}
    return tuple(each for each in sorted(graded.items()) if each[0] in kept)
