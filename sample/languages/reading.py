"""Read `goods.txt` and `LANGUAGE.txt` into a shop.

A line of goods.txt: KEY | PRICES in euros | RELATED KINDS | TRAIT: VALUE VALUE; number: UNIT NUMBER
NUMBER

    language: / currency: CODE RATE / joins: WORD between adjectives
    brands: NAME LEVEL; ...     lines: NAME; ...
    title: a pattern            closing: sentences, parted by ' / '
    tour: NAME | QUERY | NOTICE
    == KIND
    names: GENDER NOUN/OTHER NUMBER; ...     GENDER also before the other number where it has its
    own path: / open: == words VALUE: WORD; ... | SENTENCE | QUERY WORDS; ...     '> WORD' follows
    the noun, '+' is inflected == heads PART = KIND, KIND
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from sample.languages.wording import NUMBER, Form, Goods, Kind, Noun, Shop, Tried, Word
from sample.vocabulary import Brand

FOLDER = Path(__file__).parent
LANGUAGES = ("de", "es", "fr", "ja", "zh")
_GENDERS = frozenset(("m", "f", "n", "p", "mp", "fp"))


@cache
def shop(language: str) -> Shop:
    """The shop in one of LANGUAGES."""
    head, *blocks = (FOLDER / f"{language}.txt").read_text(encoding="utf-8").split("\n== ")
    fields = _fields(head.splitlines())
    by_name = {block.partition("\n")[0]: block.splitlines()[1:] for block in blocks}
    currency, rate = fields["currency"][0].split()
    return Shop(
        language,
        currency,
        float(rate),
        fields.get("joins", [""])[0],
        _brands(fields["brands"][0], _split(fields["lines"][0])),
        tuple(fields["title"]),
        _split(fields["closing"][0], " / "),
        tuple(Tried(*_split(line, "|")) for line in fields["tour"]),
        {each.key: _kind(each, _fields(by_name[each.key])) for each in goods()},
        {name: _word(lines[0]) for name, lines in _fields(by_name["words"]).items()},
        dict(_head(line) for line in by_name["heads"] if line),
    )


@cache
def goods() -> tuple[Goods, ...]:
    """The kinds that every language sells."""
    return tuple(map(_goods, (FOLDER / "goods.txt").read_text(encoding="utf-8").splitlines()))


def _goods(line: str) -> Goods:
    key, prices, near, traits = (part.strip() for part in line.split("|"))
    low, high = map(float, prices.split())
    values = {
        name: tuple(rest.split()) for name, _, rest in (each.partition(": ") for each in _split(traits))
    }
    unit = values[NUMBER][0] if NUMBER in values else ""
    values |= {NUMBER: values[NUMBER][1:]} if unit else {}
    return Goods(key, (low, high), tuple(near.split()), tuple(values.items()), unit)


def _fields(lines: Iterable[str]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for line in lines:
        name, _, rest = line.partition(":")
        if rest:
            fields.setdefault(name, []).append(rest.strip())
    return fields


def _brands(line: str, lines: tuple[str, ...]) -> tuple[Brand, ...]:
    named = (each.rsplit(maxsplit=1) for each in _split(line))
    return tuple(Brand(name, float(level), (), lines) for name, level in named)


def _kind(goods: Goods, fields: Mapping[str, list[str]]) -> Kind:
    names = tuple(map(_noun, _split(fields["names"][0])))
    return Kind(goods, names, _split(fields["path"][0], ">"), _split(fields["open"][0], " / "))


def _noun(text: str) -> Noun:
    first, *others = text.split("/")
    title = _form(first, "")
    plural = f"{title.gender}p" if title.gender else ""
    return Noun(title, _form(others[0], plural) if others else None)


def _form(text: str, otherwise: str) -> Form:
    gender, _, noun = text.partition(" ")
    return Form(noun, gender) if gender in _GENDERS else Form(text, otherwise)


def _word(line: str) -> Word:
    written, sentence, asked = ([part.strip() for part in line.split("|")] + ["", ""])[:3]
    return Word(_split(written.removeprefix(">")), written.startswith(">"), sentence, _split(asked))


def _head(line: str) -> tuple[str, tuple[str, ...]]:
    part, _, kinds = line.partition(" = ")
    return part, _split(kinds, ",")


def _split(text: str, separator: str = ";") -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())
