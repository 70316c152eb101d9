"""Every way of asking the shop something: pairs of an intent and the words a shopper has for it."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from services.standalone.sample.intent import Intent
from services.standalone.sample.model import Model
from services.standalone.sample.product import Made
from services.standalone.sample.reading import departments, kinds
from services.standalone.sample.typo import mistyped
from services.standalone.sample.vocabulary import COLOR, Kind, Value

FRAMES = (
    "{}", "{}", "{}", "{}", "{}", "good {}", "best {}", "cheap {}", "{} online", "i need {}", "looking for {}", "{} for sale",
    "do you have {}", "quality {}", "nice {}", "show me {}", "buy {}", "recommend {}",
)  # fmt: skip
QUESTIONS = (
    "{}", "{}", "{}", "something for this: {}", "i want {}", "help with this: {}", "ideas: {}", "what would you suggest, {}",
)  # fmt: skip
LONG = (
    "i am looking for {noun} {need}, preferably {word}",
    "hi, can you recommend {noun} {need}? ideally {word}",
    "my old one broke and now i need {noun} {need}, {word} if possible",
    "which {noun} should i get if i want {word} ones {need}",
    "shopping for {noun} {need} that would also be {word}",
)
BUDGETS = ("under {}", "below {}", "less than {}", "under ${}", "max {}", "up to {} dollars", "cheaper than {}")


@dataclass(frozen=True)
class Asked:
    """A query before it has an id."""

    text: str
    intent: Intent
    manner: str = field(compare=False)  # which way of asking it is


def asked(catalog: Iterable[Made], random: Random) -> Iterator[Asked]:
    """All queries the shop's own vocabulary gives rise to, many times more than are wanted."""
    sold: dict[str, list[Made]] = {}
    for made in catalog:
        sold.setdefault(made.model.kind.key, []).append(made)
    yield from _heads()
    yield from _gifts(random)
    for key, kind in kinds().items():
        yield from _plain(kind, random)
        yield from _uses(kind, random)
        for made in sold.get(key, []):
            yield from _wanting(made.model, random)
            yield from _budgeted(made, random)


def _framed(text: str, random: Random) -> str:
    return random.choice(FRAMES).format(text)


def _noun(kind: Kind, random: Random) -> str:
    """What a shopper calls the kind: its name as often as not, else another word for it."""
    return kind.key if random.random() < 0.5 or not kind.also else random.choice(kind.also)


def _heads() -> Iterator[Asked]:
    heads: dict[str, list[str]] = {}
    for key, kind in kinds().items():
        for head in kind.heads:
            heads.setdefault(head, []).append(key)
    yield from (Asked(head, Intent(tuple(keys)), "head") for head, keys in heads.items())


def _gifts(random: Random) -> Iterator[Asked]:
    for department in departments():
        for gift in department.gifts:
            yield Asked(gift.text, Intent(gift.kinds), "gift")
            yield Asked(
                f"{gift.text} {random.choice(('ideas', 'who has everything', 'this christmas'))}",
                Intent(gift.kinds),
                "gift",
            )


def _plain(kind: Kind, random: Random) -> Iterator[Asked]:
    intent = Intent((kind.key,))
    yield Asked(kind.key, intent, "type")
    yield Asked(_framed(kind.key, random), intent, "type")
    yield from (Asked(name.lower(), intent, "type") for name in kind.names)
    yield from (Asked(_framed(word, random), intent, "synonym") for word in kind.also)
    yield from (Asked(mistyped(word, random), intent, "typo") for word in (kind.key, kind.names[0].lower(), *kind.also))


def _uses(kind: Kind, random: Random) -> Iterator[Asked]:
    for use in kind.uses:
        yield Asked(use.text, Intent(use.kinds), "use")
        yield Asked(random.choice(QUESTIONS).format(use.text), Intent(use.kinds), "use")


def _wanting(model: Model, random: Random) -> Iterator[Asked]:
    """Queries that this very model would answer, so that none is without an answer."""
    kind = model.kind
    wants = [(name, value) for name, value in model.values() if value.words or value.needs]
    random.shuffle(wants)
    yield from _branded(model, random)
    yield from (
        Asked(_need(kind, value, random), _intent(kind, (name, value)), "need") for name, value in wants if value.needs
    )
    spoken = [(name, value) for name, value in wants if value.words]
    for name, value in spoken:
        text = _with_word(kind, value, random)
        yield Asked(_framed(text, random), _intent(kind, (name, value)), "attribute")
        yield Asked(mistyped(text, random), _intent(kind, (name, value)), "typo")
    for one, other in zip(spoken, spoken[1:], strict=False):
        yield Asked(
            f"{random.choice(one[1].words)} {_with_word(kind, other[1], random)}",
            _intent(kind, one, other),
            "attributes",
        )
    if wants and wants[0][1].needs and len(spoken) > 1 and spoken[-1] != wants[0]:
        yield _long(kind, wants[0], spoken[-1], random)
    yield from _colored(model, random)


def _intent(kind: Kind, *wants: tuple[str, Value]) -> Intent:
    return Intent((kind.key,), tuple(sorted((name, value.value) for name, value in wants)))


def _with_word(kind: Kind, value: Value, random: Random) -> str:
    word, noun = random.choice(value.words), _noun(kind, random)
    if word.startswith(("with ", "for ", "no ")) or (word[0].isdigit() and random.random() < 0.4):
        return f"{noun} {word}"
    return f"{word} {noun}" if random.random() < 0.8 else f"{noun} {word}"


def _need(kind: Kind, value: Value, random: Random) -> str:
    return f"{_noun(kind, random)} {random.choice(value.needs)}"


def _long(kind: Kind, need: tuple[str, Value], word: tuple[str, Value], random: Random) -> Asked:
    text = random.choice(LONG).format(
        noun=_noun(kind, random), need=random.choice(need[1].needs), word=random.choice(word[1].words)
    )
    return Asked(text, _intent(kind, need, word), "long")


def _branded(model: Model, random: Random) -> Iterator[Asked]:
    kind, brand = model.kind, model.brand.name
    intent = Intent((kind.key,), brand=brand)
    yield Asked(f"{brand.lower()} {_noun(kind, random)}", intent, "brand")
    yield Asked(mistyped(f"{brand.lower()} {kind.key}", random), intent, "typo")


def _budgeted(made: Made, random: Random) -> Iterator[Asked]:
    """A limit this product just meets, asked only where it leaves dearer ones out."""
    kind, amount = made.model.kind, made.row["price"]["amount"]
    step = 10 if amount < 100 else 50
    limit = math.ceil(amount / step) * step
    if limit < sum(kind.prices) / 2:
        text = f"{_noun(kind, random)} {random.choice(BUDGETS).format(limit)}"
        yield Asked(text, Intent((kind.key,), below=float(limit)), "price")


def _colored(model: Model, random: Random) -> Iterator[Asked]:
    color = model.value(COLOR)
    if color:
        intent = Intent((model.kind.key,), ((COLOR, color),))
        yield Asked(f"{color} {_noun(model.kind, random)}", intent, "color")
        yield Asked(f"{_noun(model.kind, random)} in {color}", intent, "color")
