"""Questions at a moment: pages with the products bought or opened afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.reranker.recommending.evidence import Evidence
from services.reranker.recommending.placement import Placement
from services.training.recommending.dataset import Moment, Page
from services.training.recommending.interactions import OPEN

MOST_PAGES = 2_000  # of a question; larger questions are sampled


@dataclass(frozen=True, slots=True)
class Question:
    """Pages of one placement."""

    title: str
    placement: Placement
    pages: Sequence[Page]


def questions(moment: Moment, until_seconds: float, most_pages: int = MOST_PAGES) -> Iterator[Question]:
    """The questions that visitors' actions answer between this moment and `until_seconds`."""
    personal = list(moment.personal_pages(until_seconds))
    new = [page for page in (each.new_only() for each in personal) if page.bought]
    with_seed = [page for page in moment.seed_pages(until_seconds) if page.bought]
    for title, placement, pages in (
        ("next basket", Placement.FOR_YOU, personal),
        ("next basket, never bought before", Placement.FOR_YOU, new),
        ("next item: bought with", Placement.ALSO_BOUGHT, with_seed),
        ("next item: opened next", Placement.ALSO_VIEWED, list(_opened_next(moment, until_seconds))),
    ):
        if pages:
            yield Question(title, placement, _sampled(pages, most_pages))


def _opened_next(moment: Moment, until_seconds: float) -> Iterator[Page]:
    """A page for each product of a later session that was followed by another one, the answer."""
    lines = moment.lines.of_kind(OPEN)
    lines = lines.where((lines.seconds >= moment.now_seconds) & (lines.seconds < until_seconds))
    order = np.lexsort((lines.seconds, lines.groups))
    groups, products = lines.groups[order], lines.products[order]
    follows = (groups[1:] == groups[:-1]) & (products[1:] != products[:-1])
    for place in np.flatnonzero(follows).tolist():
        seed, following = (moment.lines.product_ids[products[each]] for each in (place, place + 1))
        evidence = Evidence(moment.memory, moment.now_seconds, seeds=(seed,))
        yield moment.page(evidence, Placement.ALSO_VIEWED, frozenset((following,)))


def _sampled(pages: Sequence[Page], most: int) -> Sequence[Page]:
    if len(pages) <= most:
        return pages
    chosen = np.random.default_rng(0).choice(len(pages), most, replace=False)
    return [pages[place] for place in np.sort(chosen).tolist()]
