"""A scope of features: keys that events change, keys that pages read, and columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.features.observation import Interaction, Shown
from shared.features.spec import LEAST_VISITORS

if TYPE_CHECKING:  # the feedback worker only counts, and needs no numpy
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

# Key, seconds to live, and the names whose counter grows by 1
Counted = tuple[str, int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The visitor of a page, and the candidates for it."""

    product_ids: Sequence[str]  # the candidates
    query: str = ""  # as searched; empty: browsing
    visitor_id: str = ""  # empty: unknown
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredScope:
    """The stored values of a scope for one page."""

    values: Sequence[bytes | None]  # in the order of the scope's keys
    request: PageRequest
    now_seconds: float
    least_visitors: int = LEAST_VISITORS  # a counter with a lower total is read as 0


class Scope(Protocol):
    """One kind of key. Each scope is a file in scopes/ and an entry of scopes.SCOPES."""

    @property
    def letter(self) -> str:
        """The prefix of its keys, before a colon."""

    @property
    def share(self) -> float:
        """Its share of the bytes of a store in memory, from 0 to 1."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of its columns."""

    @property
    def by_query(self) -> bool:
        """True if a visitor counts once a day for each query; False if once a day in all."""

    def counted(self, content: Interaction | Shown, product_ids: Sequence[str]) -> Iterable[Counted]:
        """The keys and names to count for these of an observation's products."""

    def keys(self, request: PageRequest) -> list[str]:
        """The keys to read for a page."""

    def key_count(self, request: PageRequest) -> int:
        """The number of `keys`."""

    def make(self, stored: StoredScope, made: Mapping[str, Matrix]) -> Mapping[str, Matrix]:
        """The columns (n,) of n candidates, from the values of the keys.

        `made` has the columns of earlier scopes.
        """

    def check(self, value: bytes) -> None:
        """Raise ValueError, TypeError, IndexError or struct.error for an invalid value."""
