"""Judged queries made from a catalogue alone, for shops without judgments.

A query is a shopper's possible text for one product: some words of its title. That product gets
grade 3, others whose titles have all the words get 2, and those with half of the words get 1.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.reranker.training.judged_list import JudgedList
from services.reranker.training.negatives import Recall

_WORD = re.compile(r"[a-z][a-z'-]{2,}|(?<!\d)\d++(?:\.\d++)?+\s?[a-z]{1,3}\b")
_STOP_WORDS = frozenset(["and", "the", "for", "with", "from", "set", "pack", "new", "inch", "size", "pcs"])
_WORDS_PER_QUERY = (1, 2, 2, 3, 3, 4)


@dataclass(frozen=True)
class MadeQueries:
    """Queries with their judged lists; a list's `query` is its place in `queries`."""

    queries: list[str]
    judged: list[JudgedList]


def words_of(title: str) -> list[str]:
    """The words of a title that a shopper might type, in order."""
    return [word for word in _WORD.findall(title.lower()) if word not in _STOP_WORDS]


def make_queries(titles: Sequence[str], count: int, generator: np.random.Generator) -> list[tuple[str, int]]:
    """At most `count` distinct queries, each with the row of the product it was made from."""
    rows = generator.permutation(len(titles))
    made = dict(_queries(titles, rows, generator))
    return [(query, made[query]) for query in list(made)[:count]]


def judge(titles: Sequence[str], made: Sequence[tuple[str, int]], recall: Recall) -> MadeQueries:
    """Grade the candidates of each query by the words of their titles.

    `recall` gets a query's place in `made`.
    """
    judged = []
    for place, (query, source) in enumerate(made):
        rows = np.unique(np.append(recall(place)[:40], source))
        grades = np.array([3.0 if row == source else _grade(query, titles[row]) for row in rows], np.float32)
        kept = grades > 0
        judged.append(JudgedList(place, rows[kept].astype(np.int64), grades[kept]))
    return MadeQueries([query for query, _ in made], judged)


def _queries(
    titles: Sequence[str], rows: np.ndarray, generator: np.random.Generator
) -> Iterator[tuple[str, int]]:
    for row in rows:
        words = words_of(titles[row])
        if len(words) >= 2:
            wanted = min(int(generator.choice(_WORDS_PER_QUERY)), len(words))
            chosen = np.sort(generator.choice(len(words), wanted, replace=False))
            yield " ".join(words[place] for place in chosen), int(row)


def _grade(query: str, title: str) -> float:
    wanted = set(query.split())
    share = len(wanted & set(words_of(title))) / len(wanted)
    return 2.0 if share == 1 else 1.0 if share >= 0.5 else 0.0
