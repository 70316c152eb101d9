"""What a text says that a product, or a shopper, does without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WITHOUT = (
    "without|w/o|not|no|non|free (?:of|from)|isn't|aren't|except(?: for)?|excluding|other than|anything but|"
    "ohne|ausser|sauf|excepto|tranne|behalve|кроме|"
    "kein|keine|nicht|sans|pas de|sin|senza|zonder|geen|uden|utan|uten|"
    "ilman|без|χωρις"
)
_ARTICLES = "an? |the |any |de |der |die |das |les |la |le |los |las |el "
_FOR = "(?:for|fur|pour|para|per|voor) "  # "not for babies"
_SUPPLIED = "included|supplied|required|needed"
_BEFORE = re.compile(
    rf"(?<![\w-])(?:{_WITHOUT})[ -](?:{_FOR})?(?:{_ARTICLES})?(?!(?:{_SUPPLIED})(?!\w))([^\W\d_]{{3,}})(?!\w)"
)
# "without sugar or nuts"; "and" may begin what is wanted
_MORE = re.compile(
    rf",? ((?:or|nor|oder|noch|ou|ni|eller|tai|или|ни) (?:{_ARTICLES})?([^\W\d_]{{3,}})(?!\w))"
)
# "not red and long" is about what it is
_OF_ADJECTIVES = re.compile(r"(?:not|non|isn't|aren't|nicht)[ -]")
_AND = re.compile(rf" ((?:and|&|und|et|y|e|en|och|og|i|и|και) (?:{_ARTICLES})?([^\W\d_]{{3,}}))$")
# "Without salt and sugar" is without both, if nothing follows: not "without hood and red lining"
_AND_BOTH = re.compile(
    r"(?<![\w-])(?:without|w/o|free (?:of|from)|ohne|sans|sin|senza|zonder|uden|utan|uten|без|χωρις) "
    rf"(?:{_ARTICLES})?[^\W\d_]{{3,}} (?:and|&|und|et|y|e|en|och|og|i|и|και) "
    rf"(?:{_ARTICLES})?([^\W\d_]{{3,}})(?= ?[;,.)\]]|$)"
)
_AFTER = re.compile(
    r"(?<![\w-])([^\W\d_]{3,})(?:-(?:free|frei|less|los|fri|proof|resistant)"
    rf"|,? (?:(?:is|are) )?(?:not (?:{_SUPPLIED})|sold separately))(?!\w)"
)
_GLUED = re.compile(r"(?<!\w)([^\W\d_]{4,})(?:less|frei|freie|freies)(?!\w)")
# "that do not rust" says what it does, and products say so in other words
_OF_VERBS = re.compile(r"(?<!\w)(?:do|does|did|will|would|can|could|should|must) $")
_LONGEST_VERB = len(" should ")
_QUALIFIERS = frozenset(("sure", "only", "just", "too", "very", "always", "necessarily", "nur", "zu", "sehr"))
_MINUS = re.compile(r"(?<=\s)-([^\W\d_]{2,})(?!\w)")


@dataclass(frozen=True, slots=True)
class Negation:
    """What a query excludes, and where it says so."""

    word: str
    start: int
    end: int
    in_words: bool = True  # "without laces", not "-laces" or "or straps"
    is_doubtful: bool = False  # "and straps", which may be wanted


def lacking(text: str) -> list[str]:
    """The folded words that a folded text says are not there.

    "without laces", "no laces", "no straps or laces", "without straps and laces" and "lace-free" lack
    laces.
    """
    found = [said.word for each in _BEFORE.finditer(text) for said in _listed(each)]
    found += [*_AND_BOTH.findall(text), *_AFTER.findall(text), *_GLUED.findall(text)]
    return list(dict.fromkeys(found))


def negations(query: str) -> list[Negation]:
    """What a folded query excludes: "without laces", "not red", "-red"; in order, without overlap.

    "Without laces or straps" excludes both, and "without laces and straps" at the end probably.
    "Not sure" and "do not rust" exclude nothing.
    """
    found = [said for each in _BEFORE.finditer(query) if _excludes(each) for said in _listed(each)]
    if (
        found
        and not _OF_ADJECTIVES.match(query, found[-1].start)
        and (last := _AND.match(query, found[-1].end))
    ):
        found.append(Negation(last[2], *last.span(1), in_words=False, is_doubtful=True))
    found += [Negation(each[1], *each.span(), in_words=False) for each in _MINUS.finditer(query)]
    return sorted(found, key=lambda each: each.start)


def _listed(said: re.Match[str]) -> Iterator[Negation]:
    """What is excluded, and what follows it in a list."""
    yield Negation(said[1], *said.span())
    end = said.end()
    while more := _MORE.match(said.string, end):
        yield Negation(more[2], *more.span(1), in_words=False)
        end = more.end()


def _excludes(said: re.Match[str]) -> bool:
    return said[1] not in _QUALIFIERS and not _OF_VERBS.search(
        said.string, max(0, said.start() - _LONGEST_VERB), said.start()
    )
