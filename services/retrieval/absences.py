"""Why a product is not in a ranked window."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

import numpy as np

from services.retrieval.clock import Clock
from services.retrieval.counting import both
from services.retrieval.filters import Mask, mask_of
from services.retrieval.match_set import Lists, sorted_set
from services.retrieval.narrowing import Limits, narrowed
from services.retrieval.ranked import Order
from services.retrieval.recall import Recall
from services.retrieval.request import DENSE, Request
from services.retrieval.retriever import Retriever, lists_of
from services.retrieval.snapshots import Snapshot
from shared.caller import PATIENT, Caller
from shared.catalog.order_by import parsed
from shared.catalog.product import Product

MOST = 20  # products of a request


class Reason(Enum):
    """As AbsenceReason in search.proto."""

    OTHER_PAGE = "other page"
    OTHER_VARIANT = "other variant"
    UNKNOWN = "unknown"
    REMOVED = "removed"
    NOT_YET_AVAILABLE = "not yet available"
    EXPIRED = "expired"
    NOT_YET_PUBLISHED = "not yet published"
    FILTERED = "filtered"
    PRICE = "price"
    UNWANTED_WORDS = "unwanted words"
    MISSING_WORDS = "missing words"
    OUTSIDE_NAME = "outside name"
    NOT_NEAR = "not near"


@dataclass(frozen=True, slots=True)
class Absence:
    """The first reason in the order of a search: filters come before words."""

    reason: Reason
    filters: tuple[int, ...] = ()  # places, from 0, of the request's filters that do not hold
    words: tuple[str, ...] = ()  # of the query: those that are excluded or missing
    held: tuple[str, ...] = ()  # words of the query that the product holds
    shown_product_id: str = ""  # another variant of the product
    place: int = 0  # behind the window, from 1; 0 if it is not there


@dataclass(frozen=True)
class Accounts:
    """The accounts of one request, whose exclude_product_ids are a ranked window."""

    snapshot: Snapshot
    request: Request
    recall: Recall
    clock: Clock

    @classmethod
    def of(
        cls, retriever: Retriever, snapshot: Snapshot, request: Request, caller: Caller = PATIENT
    ) -> Accounts:
        """Begin accounts. Its methods raise InvalidRequest like Retriever.retrieve, and CallerLeft."""
        clock = Clock(caller)
        return cls(snapshot, request, retriever.recall(snapshot, request, clock), clock)

    def account(self, product_id: str) -> Absence:
        """Why a product is not in the window, or that it is, by itself or as a variant."""
        row = self.snapshot.products.row(product_id)
        if row is None:
            removed = self.snapshot.products.was_removed(product_id)
            return Absence(Reason.REMOVED if removed else Reason.UNKNOWN)
        found = (
            self._hidden(self.snapshot.products.product(row))
            or self._filtered(row)
            or self._limited(row)
            or self._unmatched(row)
            or self._outside_name(row)
        )
        shown = self._shown_in_window(row)
        if found is not None:
            return replace(found, shown_product_id=shown) if shown not in ("", product_id) else found
        if shown:
            reason = Reason.OTHER_PAGE if shown == product_id else Reason.OTHER_VARIANT
            return Absence(reason, shown_product_id="" if shown == product_id else shown)
        return self._behind(row)

    def _hidden(self, product: Product) -> Absence | None:
        now = time.time()
        if product.available_time is not None and product.available_time > now:
            return Absence(Reason.NOT_YET_AVAILABLE)
        if product.expire_time is not None and product.expire_time <= now:
            return Absence(Reason.EXPIRED)
        is_awaited = product.publish_time is not None and product.publish_time > now
        by_publication = parsed(self.request.order_by).by_publication
        return Absence(Reason.NOT_YET_PUBLISHED) if is_awaited and by_publication else None

    def _filtered(self, row: int) -> Absence | None:
        places = tuple(place for place, mask in enumerate(self._filters) if not mask[row])
        return Absence(Reason.FILTERED, filters=places) if places else None

    def _limited(self, row: int) -> Absence | None:
        for limits, mask in self._narrowed:
            if mask is not None and not mask[row]:
                if limits.price is not None:
                    return Absence(Reason.PRICE)
                return Absence(Reason.UNWANTED_WORDS, words=limits.without[-1:])
        return None

    def _unmatched(self, row: int) -> Absence | None:
        matching = self._lists.matching
        if matching is None or matching[row]:
            return None
        if self.recall.tier == DENSE:
            return Absence(Reason.NOT_NEAR)
        held = tuple(word for word, mask in self._words if mask[row])
        missing = tuple(word for word, mask in self._words if not mask[row])
        return Absence(Reason.MISSING_WORDS if missing else Reason.NOT_NEAR, words=missing, held=held)

    def _outside_name(self, row: int) -> Absence | None:
        matching = self._in_order.matching
        return None if matching is None or matching[row] else Absence(Reason.OUTSIDE_NAME)

    def _shown_in_window(self, row: int) -> str:
        """The id of the product in the window that has the row's family; empty if there is none."""
        return self._window.get(int(self.recall.groups.codes(np.array([row]))[0]), "")

    def _behind(self, row: int) -> Absence:
        place = self._order.place_behind(self.request.exclude_product_ids, row)
        if place is None:  # it is near in meaning alone, behind the window
            return Absence(Reason.NOT_NEAR)
        shown = place[1]
        if shown == row:
            return Absence(Reason.OTHER_PAGE, place=place[0] + 1)
        [shown_id] = self.snapshot.products.product_ids(np.array([shown]))
        return Absence(Reason.OTHER_VARIANT, shown_product_id=shown_id, place=place[0] + 1)

    @cached_property
    def _filters(self) -> Sequence[Mask]:
        """For each filter, the rows (n,) where it holds."""
        columns, row_of, caller = self.snapshot.columns, self.snapshot.products.row, self.clock.caller
        masks = (mask_of([each], columns, row_of, caller) for each in self.request.filters)
        return [mask for mask in masks if mask is not None]

    @cached_property
    def _allowed(self) -> Mask | None:
        """The rows (n,) that may be shown and meet the filters."""
        by_publication = parsed(self.request.order_by).by_publication
        filtered = np.logical_and.reduce(self._filters) if self._filters else None
        return both(filtered, self.snapshot.shown(published=by_publication))

    @cached_property
    def _narrowed(self) -> list[tuple[Limits, Mask | None]]:
        """The rows (n,) that are left after each limit of the query."""
        whole = self.request.limits
        steps = [Limits(whole.without[:count]) for count in range(1, len(whole.without) + 1)]
        steps += [whole] if whole.price is not None else []
        return [(step, narrowed(self.snapshot, step, self.recall.words, self._allowed)[0]) for step in steps]

    @cached_property
    def _lists(self) -> Lists:
        return lists_of(self.recall, self._allowed, False, self.clock)[0]

    @cached_property
    def _in_order(self) -> Lists:
        """The lists of the order that was asked for."""
        is_strict = self.request.strict_order and not parsed(self.request.order_by).by_relevance
        return self._strict if is_strict else self._lists

    @cached_property
    def _strict(self) -> Lists:
        return sorted_set(self._lists, self.recall.words, self.recall.elsewhere)[0]

    @cached_property
    def _words(self) -> list[tuple[str, Mask]]:
        request = self.request
        return self.snapshot.lexical.holding_each(request.query, request.languages, request.synonyms)

    @cached_property
    def _order(self) -> Order:
        groups = replace(self.recall.groups, matching=self._in_order.matching)
        words = self.recall.words if self.request.query else None
        order_by = parsed(self.request.order_by)
        return Order(self.snapshot, order_by, self.request.currency_code, self._in_order, groups, words)

    @cached_property
    def _window(self) -> dict[int, str]:
        """The products of the window, by their groups."""
        rows = [(self.snapshot.products.row(each), each) for each in self.request.exclude_product_ids]
        known = [(row, each) for row, each in rows if row is not None]
        codes = self.recall.groups.codes(np.array([row for row, _ in known], np.int64))
        return dict(zip(codes.tolist(), (each for _, each in known), strict=True))
