"""Products of a shop in one language: Product's field names, plain dicts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from sample.barcode import gtin
from sample.languages.agreement import agree
from sample.languages.reading import LANGUAGES, shop
from sample.languages.wording import COLOR, EXTRA, NUMBER, PROPERTY, Kind, Noun, Shop, Word
from sample.product import moment, rating, stock
from sample.vocabulary import Brand

MODELS_PER_KIND = 11
PROPERTIES = 2
EXTRAS = 0.5  # share of products with an extra, where the kind has any
MENTION = 0.75  # chance that a title mentions a property, a material or an extra
REPEATED = 0.5  # chance that the description repeats what the title says
_FIRST_NUMBER = 1_000_000  # of barcodes, beyond those of the English shop

Traits = tuple[tuple[str, str], ...]  # trait and value; several of a property


@dataclass(frozen=True)
class Made:
    """A row of the catalogue, and what it was written from, which judgments follow from."""

    kind: Kind
    brand: Brand
    line: str
    noun: Noun
    traits: Traits
    row: dict[str, Any]

    @property
    def product_id(self) -> str:
        return str(self.row["product_id"])


def catalog(language: str, seed: int) -> list[Made]:
    """The whole catalogue, in random order."""
    spoken = shop(language)
    random = Random(f"{seed}/{language}")
    kinds = [kind for kind in spoken.kinds.values() for _ in range(MODELS_PER_KIND)]
    drawn = [_model(kind, spoken, random) for kind in kinds]
    distinct = list(dict.fromkeys(drawn))
    random.shuffle(distinct)
    return [_made(model, number, spoken, seed) for number, model in enumerate(distinct)]


@dataclass(frozen=True)
class _Model:
    key: str
    brand: Brand
    line: str
    name: int
    traits: Traits


def _model(kind: Kind, spoken: Shop, random: Random) -> _Model:
    brand = random.choice(spoken.brands)
    return _Model(
        kind.key,
        brand,
        random.choice(brand.lines),
        random.choice((0, 0, 1)),  # the first name is the usual one
        tuple(_traits(kind, random)),
    )


def _traits(kind: Kind, random: Random) -> Iterator[tuple[str, str]]:
    for trait, values in kind.goods.traits:
        if trait == EXTRA and random.random() >= EXTRAS:
            continue
        count = min(PROPERTIES, len(values)) if trait == PROPERTY else 1
        yield from ((trait, value) for value in random.sample(values, count))


def _made(model: _Model, number: int, spoken: Shop, seed: int) -> Made:
    kind = spoken.kinds[model.key]
    noun = kind.names[model.name]
    random = Random(f"{seed}/{spoken.language}/product/{number}")
    always = (NUMBER, COLOR)
    said = tuple(each for each in model.traits if each[0] in always or random.random() < MENTION)
    code = _FIRST_NUMBER * (LANGUAGES.index(spoken.language) + 1) + number
    product_id = f"{spoken.language}{number:05d}"
    row = {
        "product_id": product_id,
        "type": "primary",
        "title": title(spoken, kind, noun, model.brand.name, model.line, said, random),
        "description": _description(spoken, kind, model.traits, said, random),
        "brands": [model.brand.name],
        "categories": [" > ".join(kind.path)],
        "price": _price(spoken, kind, model.brand, random),
        **stock(random),
        **rating(random.random(), random),
        "gtin": gtin(code),
        "sku": f"{spoken.language.upper()}-{code}",
        "uri": f"https://example.com/{spoken.language}/p/{product_id}",
        "images": [f"https://example.com/images/{product_id}-1.jpg"],
        "attributes": dict(_attributes(spoken, kind, model.traits)),
        "tags": [_capital(name.title.text) for name in kind.names if name != noun],
        "publish_time": moment(random),
        "language_code": spoken.language,
    }
    return Made(kind, model.brand, model.line, noun, model.traits, row)


def title(  # noqa: PLR0913 - all that a title says
    spoken: Shop, kind: Kind, noun: Noun, brand: str, line: str, said: Traits, random: Random
) -> str:
    """A title as merchants of the language write it."""
    words = {trait: spoken.words[value] for trait, value in said if trait != NUMBER}
    qualities = [spoken.words[value] for trait, value in said if trait not in (NUMBER, COLOR)]
    color = words.get(COLOR)
    parts = {
        "brand": brand,
        "line": line,
        "noun": noun.title.text,
        "adjectives": _joined(_new(qualities, noun, spoken), spoken),
        "predicates": ", ".join(
            agree(each.written[0], "", spoken.language) for each in qualities if not each.follows
        ),
        "phrases": " ".join(each.written[0] for each in qualities if each.follows),
        "number": next((sized(spoken, kind, value) for trait, value in said if trait == NUMBER), ""),
        "color": _capital(agree(color.written[0], "", spoken.language)) if color else "",
    }
    return _capital(_tidy(random.choice(spoken.titles).format(**parts)))


def sized(spoken: Shop, kind: Kind, number: str) -> str:
    """A number with its unit, as titles have it."""
    return spoken.words[kind.goods.unit].written[0].replace("{}", _decimal(number, spoken))


def _decimal(number: str, spoken: Shop) -> str:
    return number if spoken.language in ("ja", "zh") else number.replace(".", ",")


def _new(qualities: list[Word], noun: Noun, spoken: Shop) -> list[str]:
    """The adjectives, agreeing, without those that the noun says."""
    forms = [
        agree(each.written[0], noun.title.gender, spoken.language) for each in qualities if not each.follows
    ]
    return [form for form in forms if form not in noun.title.text.split()]


def _joined(adjectives: list[str], spoken: Shop) -> str:
    if not spoken.spaced:
        return "".join(adjectives)
    return (f"{spoken.joins} " if spoken.joins == "," else f" {spoken.joins} ").join(adjectives)


def _description(spoken: Shop, kind: Kind, traits: Traits, said: Traits, random: Random) -> str:
    described = [
        _sentence(spoken, kind, *each) for each in traits if each not in said or random.random() < REPEATED
    ]
    random.shuffle(described)
    closing = [random.choice(spoken.closings)] if random.random() < REPEATED else []
    sentences = [random.choice(kind.openers), *filter(None, described), *closing]
    return (" " if spoken.spaced else "").join(sentences)


def _sentence(spoken: Shop, kind: Kind, trait: str, value: str) -> str:
    if trait == NUMBER:
        return spoken.words[kind.goods.unit].sentence.replace("{}", _decimal(value, spoken))
    return spoken.words[value].sentence


def _attributes(spoken: Shop, kind: Kind, traits: Traits) -> Iterator[tuple[str, Any]]:
    for trait in dict.fromkeys(name for name, _ in traits):
        values = [value for name, value in traits if name == trait]
        if trait == NUMBER:
            yield kind.goods.unit, [float(value) for value in values]
        else:
            yield trait, [_value(spoken, spoken.words[value]) for value in values]


def _value(spoken: Shop, word: Word) -> str:
    """A value as a shop's table of data has it: "Edelstahl", "wasserdicht", "ブラック(黒)"."""
    if word.follows and word.asked:
        return word.asked[0]
    first, *others = word.written
    return agree(first, "", spoken.language) + "".join(f"({other})" for other in others)


def _price(spoken: Shop, kind: Kind, brand: Brand, random: Random) -> dict[str, Any]:
    low, high = kind.goods.prices
    share = 0.5 * (brand.level - 0.8) / 0.5 + 0.5 * random.random()
    amount = (low + (high - low) * share) * spoken.rate
    amount = round(amount, -1) if spoken.rate > 1 else int(amount) + 0.99
    return {"amount": amount, "currency_code": spoken.currency}


def _tidy(text: str) -> str:
    text = re.sub(r"\s*,(?:\s*,)+", ",", " ".join(text.split()))
    text = re.sub(r"\(\s*,?\s*", "(", text)
    text = re.sub(r"\s*,?\s*\)", ")", text).replace("()", "")
    text = re.sub(r"\s+,", ",", text)
    return re.sub(r",\s*–", " –", " ".join(text.split())).strip(" ,–")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
