"""All queries for the shop: pairs of an intent and a shopper's words for it."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from random import Random

from sample.intent import Intent
from sample.model import Model
from sample.phrasing import GIFTS, described, explained, framed, limited, questioned
from sample.product import Made
from sample.reading import departments, kinds
from sample.typo import mistyped
from sample.vocabulary import COLOR, Kind, Value

Want = tuple[str, Value]  # a trait and its value


@dataclass(frozen=True)
class Asked:
    """A query before it has an id."""

    text: str
    intent: Intent
    manner: str = field(compare=False)  # the form of the query


def asked(catalog: Iterable[Made], random: Random) -> Iterator[Asked]:
    """All queries from the shop's own vocabulary, many times more than needed."""
    yield from (Asked(head, called(head), "head") for head in _heads())
    yield from _gifts(random)
    for kind in kinds().values():
        yield from _plain(kind, random)
        yield from _uses(kind, random)
    for made in catalog:
        yield from _wanting(made.model, random)
        yield from _branded(made.model, random)
        yield from _colored(made.model, random)
        yield from _budgeted(made, random)


def called(noun: str) -> Intent:
    """The intent of a bare noun: every kind with that name."""
    return Intent(_called()[noun])


@cache
def _called() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, kind in kinds().items():
        for noun in dict.fromkeys((key, *kind.also, *kind.heads, *(name.lower() for name in kind.names))):
            found[noun] = (*found.get(noun, ()), key)
    for noun in [noun for noun in found if f"{noun}s" in found]:  # 'lamp' and 'lamps' mean the same
        found[noun] = found[f"{noun}s"] = tuple(dict.fromkeys((*found[noun], *found[f"{noun}s"])))
    return found


def _heads() -> list[str]:
    return list(dict.fromkeys(head for kind in kinds().values() for head in kind.heads))


def _gifts(random: Random) -> Iterator[Asked]:
    for gift in (gift for department in departments() for gift in department.gifts):
        yield Asked(gift.text, Intent(gift.kinds), "gift")
        yield Asked(f"{gift.text} {random.choice(GIFTS)}", Intent(gift.kinds), "gift")


def _plain(kind: Kind, random: Random) -> Iterator[Asked]:
    names = [name.lower() for name in kind.names]
    yield from (Asked(framed(noun, random), called(noun), "type") for noun in (kind.key, kind.key, *names))
    yield from (Asked(framed(noun, random), called(noun), "synonym") for noun in (*kind.also, *kind.also))
    yield from (
        Asked(mistyped(noun, random), called(noun), "typo") for noun in (kind.key, *names, *kind.also)
    )


def _uses(kind: Kind, random: Random) -> Iterator[Asked]:
    for use in kind.uses:
        yield Asked(use.text, Intent(use.kinds), "use")
        yield Asked(questioned(use.text, random), Intent(use.kinds), "use")


def _wanting(model: Model, random: Random) -> Iterator[Asked]:
    """Queries that this model answers, so that each has an answer."""
    kind = model.kind
    spoken = [want for want in model.values() if want[1].words]
    needed = [want for want in model.values() if want[1].needs]
    random.shuffle(spoken)
    for want in needed:
        yield Asked(f"{_noun(kind, random)} {_need(want, random)}", _intent(kind, want), "need")
    for want in spoken:
        text = _described(kind, (want,), random)
        yield Asked(framed(text, random), _intent(kind, want), "attribute")
        yield Asked(mistyped(text, random), _intent(kind, want), "typo")
    for pair in pairwise(spoken):
        yield Asked(_described(kind, pair, random), _intent(kind, *pair), "attributes")
    for need, word in ((need, word) for need in needed for word in spoken if word != need):
        text = explained(_noun(kind, random), _need(need, random), _word(word, random), random)
        yield Asked(text, _intent(kind, need, word), "long")


def _branded(model: Model, random: Random) -> Iterator[Asked]:
    brand = model.brand.name.lower()
    intent = Intent((model.kind.key,), brand=model.brand.name)
    yield Asked(f"{brand} {_noun(model.kind, random)}", intent, "brand")
    yield Asked(mistyped(f"{brand} {model.kind.key}", random), intent, "typo")


def _colored(model: Model, random: Random) -> Iterator[Asked]:
    if color := model.value(COLOR):
        intent = Intent((model.kind.key,), ((COLOR, color),))
        yield Asked(f"{color} {_noun(model.kind, random)}", intent, "color")
        yield Asked(f"{_noun(model.kind, random)} in {color}", intent, "color")


def _budgeted(made: Made, random: Random) -> Iterator[Asked]:
    """A limit that this product just meets, used only if it excludes more expensive ones."""
    kind = made.model.kind
    amount = made.row["price"]["amount"]
    step = 10 if amount < 100 else 50
    limit = math.ceil(amount / step) * step
    if limit < sum(kind.prices) / 2:
        yield Asked(
            limited(_noun(kind, random), limit, random),
            Intent((kind.key,), below=float(limit)),
            "price",
        )


def _noun(kind: Kind, random: Random) -> str:
    """A shopper's word for the kind.

    This is its name, or another word that means only this kind.
    """
    own = [word for word in kind.also if len(_called()[word]) == 1]
    return kind.key if random.random() < 0.5 or not own else random.choice(own)


def _described(kind: Kind, wants: tuple[Want, ...], random: Random) -> str:
    words = [_word(want, random) for want in wants]
    noun = _noun(kind, random)
    if set(noun.split()).intersection(" ".join(words).split()):
        noun = kind.key  # no shopper types 'puppy puppy toy'
    return described(noun, words, random)


def _word(want: Want, random: Random) -> str:
    return random.choice(want[1].words).lower()


def _need(want: Want, random: Random) -> str:
    return random.choice(want[1].needs).lower()


def _intent(kind: Kind, *wants: Want) -> Intent:
    return Intent((kind.key,), tuple(sorted((name, value.value) for name, value in wants)))
