"""Queries for a shop in one language: pairs of an intent and a shopper's words for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from sample.languages.agreement import agree
from sample.languages.product import Made
from sample.languages.wording import COLOR, EXTRA, MATERIAL, NUMBER, PROPERTY, Form, Kind, Shop, Word

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True)
class Wanted:
    """The kinds that answer a query, and the conditions on them."""

    kinds: tuple[str, ...]
    traits: tuple[tuple[str, str], ...] = ()
    brand: str = ""


@dataclass(frozen=True)
class Asked:
    """A query before it has an id."""

    text: str
    wanted: Wanted
    manner: str = field(compare=False)  # the form of the query


def asked(spoken: Shop, catalog: Iterable[Made], random: Random) -> Iterator[Asked]:
    """All queries from the shop's own words, many times more than needed."""
    for head, kinds in spoken.heads.items():
        yield Asked(head, Wanted(kinds), "head")
    for kind in spoken.kinds.values():
        yield from _named(spoken, kind, random)
    for made in catalog:
        yield from _branded(spoken, made, random)
        for trait, value in made.traits:
            wanted = Wanted((made.kind.key,), ((trait, value),))
            yield from _qualified(spoken, made.kind, wanted, random)
        yield from _colored_and_qualified(spoken, made)


def _named(spoken: Shop, kind: Kind, random: Random) -> Iterator[Asked]:
    """The usual name, in both numbers, and as shoppers in a hurry type it."""
    name = kind.names[0]
    wanted = Wanted((kind.key,))
    yield Asked(_typed(name.title.text, spoken), wanted, "type")
    if not spoken.spaced:
        return
    yield Asked(name.title.text.upper(), wanted, "case")
    if name.other is not None and name.other.text != name.title.text:
        yield Asked(_typed(name.other.text, spoken), wanted, "number")
    for form in filter(None, (name.title, name.other)):
        plain = _without_accents(_typed(form.text, spoken), spoken, random)
        if plain != _typed(form.text, spoken):
            yield Asked(plain, wanted, "accents")


def _branded(spoken: Shop, made: Made, random: Random) -> Iterator[Asked]:
    brand = made.brand.name
    noun = _noun(made.kind, random).text
    apart = random.choice(("", " ")) if not spoken.spaced else " "
    wanted = Wanted((made.kind.key,), brand=brand)
    yield Asked(_typed(f"{brand}{apart}{noun}", spoken), wanted, "brand")


def _qualified(spoken: Shop, kind: Kind, wanted: Wanted, random: Random) -> Iterator[Asked]:
    ((trait, value),) = wanted.traits
    noun = _noun(kind, random)
    if trait == NUMBER:
        size = random.choice(spoken.words[kind.goods.unit].asked).replace("{}", value)
        yield Asked(_typed(f"{noun.text} {size}", spoken), wanted, "size")
    elif trait in (PROPERTY, COLOR) or (trait == MATERIAL and not spoken.spaced):
        word = spoken.words[value]
        if agree(word.written[0], "", spoken.language).split()[0] in noun.text:
            return
        yield Asked(_typed(_described(noun, word, spoken), spoken), wanted, trait)
        yield Asked(_typed(_apart(noun, word, spoken, random), spoken), wanted, f"{trait} apart")
    elif trait in (MATERIAL, EXTRA):
        yield from _behind(noun, spoken.words[value], wanted, trait, spoken, random)


def _behind(  # noqa: PLR0913 - a phrase, and what it is of
    noun: Form, word: Word, wanted: Wanted, trait: str, spoken: Shop, random: Random
) -> Iterator[Asked]:
    short = random.choice(word.asked)
    yield Asked(_typed(f"{noun.text} {short}", spoken), wanted, trait)
    if spoken.spaced:
        yield Asked(_typed(f"{noun.text} {word.written[0]}", spoken), wanted, f"{trait} in full")


def _colored_and_qualified(spoken: Shop, made: Made) -> Iterator[Asked]:
    noun = made.kind.names[0].title
    traits = dict(made.traits)
    if COLOR not in traits or PROPERTY not in traits:
        return
    color, quality = (spoken.words[traits[name]] for name in (COLOR, PROPERTY))
    quality_form = agree(quality.written[0], noun.gender, spoken.language)
    if quality_form.split()[0] in noun.text:
        return
    wanted = Wanted((made.kind.key,), ((COLOR, traits[COLOR]), (PROPERTY, traits[PROPERTY])))
    described = _described(noun, color, spoken)
    apart = "" if spoken.language == "zh" else " "
    before = f"{quality_form}{apart}{described}"
    text = before if _is_before(spoken) else f"{described} {quality_form}"
    yield Asked(_typed(text, spoken), wanted, "two qualities")


def _noun(kind: Kind, random: Random) -> Form:
    """The usual name, mostly in the singular."""
    name = kind.names[0]
    return name.other if name.other and random.random() < 0.3 else name.title


def _is_before(spoken: Shop) -> bool:
    return spoken.language not in ("es", "fr")


def _described(noun: Form, word: Word, spoken: Shop) -> str:
    """The noun with an adjective where it belongs: "schwarze Regenjacke", "veste noire"."""
    quality = agree(word.written[-1], noun.gender, spoken.language)
    if not _is_before(spoken):
        return f"{noun.text} {quality}"
    if spoken.language == "ja" and len(word.written) > 1:
        return f"{quality}の{noun.text}"
    return f"{quality} {noun.text}" if spoken.spaced else f"{quality}{noun.text}"


def _apart(noun: Form, word: Word, spoken: Shop, random: Random) -> str:
    """As they are typed one after the other, which does not always agree."""
    if spoken.language == "de":
        return f"{noun.text} {agree(word.written[0], '', 'de')}"
    if spoken.spaced:
        return f"{noun.text} {agree(word.written[0], 'm', spoken.language)}"
    first, last = random.choice(((noun.text, word.written[0]), (word.written[0], noun.text)))
    return f"{first} {last}"


def _typed(text: str, spoken: Shop) -> str:
    return text.lower() if spoken.spaced else text


def _without_accents(text: str, spoken: Shop, random: Random) -> str:
    if spoken.language == "de" and random.random() < 0.5:
        return text.translate(_UMLAUTS)
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
