"""Reads the features of one page from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.features.counted_once import CountedOnce
from shared.features.scope import PageRequest, Scope, StoredScope
from shared.features.scopes import SCOPES
from shared.features.scopes.product import PRODUCT
from shared.features.scopes.visitor import VISITOR
from shared.features.spec import LEAST_VISITORS, MONTH, SHOWN
from shared.features.store import FeatureStore
from shared.features.visitor import VisitorState, shown_in, state_of

if TYPE_CHECKING:
    from shared.features.scope import Matrix


@dataclass(frozen=True, slots=True)
class StoredPage:
    """The stored values for a page.

    `columns` decodes them later, since that takes processor time.
    """

    request: PageRequest
    values: Sequence[bytes | None]  # in the order of keys_of(request)
    now_seconds: float

    def visitor(self) -> VisitorState:
        """The state of the visitor."""
        return state_of(self._values_of(VISITOR)[0])

    def shown_to_visitor(self) -> CountedOnce:
        """The products that the visitor was shown lately, by day."""
        return shown_in(self._values_of(VISITOR)[0])

    def columns(self, least_visitors: int = LEAST_VISITORS) -> dict[str, Matrix]:
        """scopes.COLUMNS of n candidates, (n,) float32 each.

        A counter whose total is below `least_visitors` is read as 0.
        """
        made: dict[str, Matrix] = {}
        for scope in SCOPES:
            values = self._values_of(scope)
            made |= scope.make(StoredScope(values, self.request, self.now_seconds, least_visitors), made)
        return made

    def shown(self) -> Matrix:
        """(n,): how many visitors were shown each candidate in the last 30 days, once a day each."""
        from shared.features.time_windows import TimeWindows

        values = self._values_of(PRODUCT)
        windows = TimeWindows.of_products(values, self.now_seconds, LEAST_VISITORS)
        shown: Matrix = windows.counts[MONTH, SHOWN]
        return shown

    def _values_of(self, wanted: Scope) -> Sequence[bytes | None]:
        start = sum(scope.key_count(self.request) for scope in SCOPES[: SCOPES.index(wanted)])
        return self.values[start : start + wanted.key_count(self.request)]


def keys_of(request: PageRequest) -> list[str]:
    """All keys to read for a page, scope by scope."""
    return [key for scope in SCOPES for key in scope.keys(request)]


async def read_page(store: FeatureStore, request: PageRequest, now_seconds: float) -> StoredPage:
    """Read a page's values in one round trip. Raises Unavailable if the store is down."""
    return StoredPage(request, await store.values(keys_of(request)), now_seconds)
