"""Synonyms and rewrites of a shop.

One rule a line; "#" begins a comment:

    hoodie, hooded sweatshirt       each finds the others
    trainers => sneakers, runners   the first finds the others
    "xmas tree" -> christmas tree   a whole query is replaced
    [de]                            the rules below are for German; [] for any language
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from shared.text.cleaning import clean
from shared.text.languages import ENGLISH, language_of
from shared.text.stemming import stem
from shared.text.words import words

MOST_RULES = 10_000
MOST_CHARACTERS = 1_000  # of a line
_LANGUAGE = re.compile(r"\[([A-Za-z-]{0,20})\]")

Phrase = tuple[str, ...]  # folded words
Rule = tuple[Phrase, tuple[Phrase, ...]]  # stems, and the phrases that they find
Rules = Mapping[str, Sequence[Rule]]  # by the stem of the first word


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase of a query for which others stand."""

    start: int  # its first word
    end: int
    others: tuple[Phrase, ...]


@dataclass(frozen=True, eq=False)
class Synonyms:
    """The rules, by language, and the queries that are replaced. Each reading of a file is another."""

    rules: Mapping[str, Rules] = field(default_factory=dict)
    rewrites: Mapping[Phrase, str] = field(default_factory=dict)

    def rewritten(self, query: str) -> str:
        """The query that takes the place of a whole one, or the query itself."""
        return self.rewrites.get(tuple(words(query)), query) if self.rewrites else query

    def of(self, typed: Sequence[str], language: str = "") -> Iterator[Found]:
        """The phrases of folded words that have synonyms, in a language or in any."""
        for code, rules in self.rules.items():
            if language and code and code != language:
                continue
            stems = [stem(word, code or ENGLISH) for word in typed]
            for start, first in enumerate(stems):
                for phrase, others in rules.get(first, ()):
                    if tuple(stems[start : start + len(phrase)]) == phrase:
                        yield Found(start, start + len(phrase), others)


NONE = Synonyms()


def parsed(text: str) -> tuple[Synonyms, list[str]]:
    """The rules of a file, and what is wrong with lines that are left out."""
    rules: dict[str, dict[str, list[Rule]]] = {}
    rewrites: dict[Phrase, str] = {}
    faults: list[str] = []
    language = ""
    for number, line in enumerate(text.splitlines()[: MOST_RULES + 1], 1):
        rule = line.partition("#")[0].strip()
        if named := _LANGUAGE.fullmatch(rule):
            language = language_of(named[1])
        elif rule and (fault := _add(rule, language, rules, rewrites)):
            faults.append(f"line {number}: {fault}")
    if len(text.splitlines()) > MOST_RULES:
        faults.append(f"line {MOST_RULES + 1:,} and those after it: at most {MOST_RULES:,} lines are read")
    return Synonyms(rules, rewrites), faults


def _add(
    rule: str,
    language: str,
    rules: dict[str, dict[str, list[Rule]]],
    rewrites: dict[Phrase, str],
) -> str:
    """Take in a rule. Returns what is wrong with it."""
    if len(rule) > MOST_CHARACTERS:
        return f"is longer than {MOST_CHARACTERS:,} characters; use several lines"
    if "->" in rule:
        query, _, other = rule.partition("->")
        if not (phrase := _phrase(query)) or not (other := clean(other).strip('" ')):
            return 'has no query on one side of "->"'
        rewrites[phrase] = other
        return ""
    left, arrow, right = rule.partition("=>")
    sources = _phrases(left)
    targets = _phrases(right) if arrow else sources
    if not sources or not targets or (not arrow and len(sources) < 2):
        return 'needs two phrases, as in "a, b" or "a => b"'
    known = rules.setdefault(language, defaultdict(list))
    for source in sources:
        stems = tuple(stem(word, language or ENGLISH) for word in source)
        if others := tuple(target for target in targets if target != source):
            known[stems[0]].append((stems, others))
    return ""


def _phrases(text: str) -> list[Phrase]:
    return [phrase for part in text.split(",") if (phrase := _phrase(part))]


def _phrase(text: str) -> Phrase:
    return tuple(words(clean(text)))
