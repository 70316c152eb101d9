"""Shoppers and a merchant at work, who remember all acknowledgements."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random
from typing import Self, TypeVar

import grpc

from aisle.v1.catalog_pb2 import Price, Product
from aisle.v1.search_pb2 import SearchRequest
from tests.gateways import Gateways, Page

Answer = TypeVar("Answer")

_PRODUCTS_EACH = 10  # that a merchant keeps changing
_PURCHASES_EACH = 50  # of a visitor
_AGAIN_SECONDS = 0.2
_RETRIED = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
)


@dataclass(frozen=True)
class Pace:
    """The rates of a load."""

    pages_a_second: float = 3.0
    merchants: int = 2
    visitors: int = 4
    pause_seconds: float = 0.5  # of each merchant and visitor, between two calls
    deadline_ms: int = 5_000


@dataclass
class Promised:
    """The acknowledged writes and events."""

    products: dict[str, Product | None] = field(default_factory=dict)  # None: removed
    # By visitor, in order
    events: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    bought: Counter[str] = field(default_factory=Counter)  # by product
    log_position: int = 0


class Load:
    """Pages, writes and events until the block ends.

    On return each call has been answered, after retries if necessary. Pages fall due at a fixed
    rate, and are not retried. Writers wait for each acknowledgement.
    """

    def __init__(
        self, gateways: Gateways, queries: Sequence[str], product_ids: Sequence[str], pace: Pace
    ) -> None:
        """Shoppers search for `queries` and buy `product_ids`.

        Merchants have products of their own.
        """
        self._gateways = gateways
        self._queries = queries
        self._product_ids = product_ids
        self._pace = pace
        self.promised = Promised()
        self.pages = list[Page]()
        self.refused: Counter[str] = Counter()  # retried calls, by status
        self._ends = asyncio.Event()
        self._tasks = list[asyncio.Task[None]]()

    async def __aenter__(self) -> Self:
        work = [self._ask()]
        work += [self._keep_shop(f"m{number}") for number in range(self._pace.merchants)]
        work += [self._shop(number) for number in range(self._pace.visitors)]
        self._tasks = [asyncio.create_task(each) for each in work]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ends.set()
        await asyncio.gather(*self._tasks)

    async def _ask(self) -> None:
        random = Random(1)
        pages = set[asyncio.Task[None]]()
        began = time.monotonic()
        for number in count():
            due = began + number / self._pace.pages_a_second
            if await self._ended(due - time.monotonic()):
                break
            query = random.choice(self._queries)
            visitor = f"v{number % self._pace.visitors}"
            request = SearchRequest(
                query=query,
                visitor_id=visitor,
                deadline_ms=self._pace.deadline_ms,
            )
            task = asyncio.create_task(self._page(request))
            pages.add(task)
            task.add_done_callback(pages.discard)
        await asyncio.gather(*pages)

    async def _page(self, request: SearchRequest) -> None:
        self.pages.append(await self._gateways.page(request))

    async def _shop(self, visitor_number: int) -> None:
        """One visitor after the other.

        Each buys products after one page. A visitor's purchases of a product count once.
        """
        events = self._gateways.events_of(visitor_number)
        random = Random(f"v{visitor_number}")
        for number in count():
            visitor = f"v{visitor_number}.{number // _PURCHASES_EACH}"
            if number % _PURCHASES_EACH == 0:
                bought = set[str]()
                page_of = partial(self._gateways.page_of, visitor, random.choice(self._queries))
                query_id = await self._until_taken(page_of)
            event_id = f"{visitor}-{number}"
            product_id = random.choice(self._product_ids)
            buy = partial(self._gateways.buy, event_id, visitor, product_id, events, query_id)
            await self._until_taken(buy)
            self.promised.events[visitor].append(event_id)
            self.promised.bought[product_id] += product_id not in bought
            bought.add(product_id)
            if await self._ended(self._pace.pause_seconds):
                return

    async def _keep_shop(self, merchant: str) -> None:
        """Write whole products and prices, and remove some."""
        random = Random(merchant)
        products = self.promised.products
        for number in count():
            product_id = f"{merchant}-{random.randrange(_PRODUCTS_EACH)}"
            kind = random.random()
            price = Price(amount=1 + number, currency_code="USD")
            before = products.get(product_id)
            if before is None or kind < 0.3:
                title = f"Zephyrine lantern {random.choice(self._queries)} {number % 3}"
                after = Product(product_id=product_id, title=title, price=price)
                position = await self._until_taken(partial(self._gateways.write, after))
            elif kind < 0.85:
                after = Product(product_id=product_id, title=before.title, price=price)
                part = Product(product_id=product_id, price=price)
                position = await self._until_taken(partial(self._gateways.write, part, "price"))
            else:
                after = None
                position = await self._until_taken(partial(self._gateways.remove, product_id))
            products[product_id] = after
            self.promised.log_position = max(self.promised.log_position, position)
            if await self._ended(self._pace.pause_seconds):
                return

    async def _until_taken(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Repeat a call until it is acknowledged, as any client does."""
        while True:
            try:
                return await call()
            except grpc.aio.AioRpcError as error:
                if error.code() not in _RETRIED:
                    raise
                self.refused[error.code().name] += 1
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _ended(self, seconds: float) -> bool:
        """Wait so long, or until the block ends. Returns whether it has ended."""
        try:
            await asyncio.wait_for(self._ends.wait(), max(0.0, seconds))
        except TimeoutError:
            return False
        return True
