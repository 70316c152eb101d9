"""`aisle demo --loop`: a page, a crowd, the page that has learnt, what poisons it, and the way
back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.loop.engine import SMALL_SHOP, LoopEngine
from cli.loop.poison import learn_from_shuffled
from cli.loop.shopping import Shopped, shop
from cli.terminal.console import Advance
from cli.terminal.learning_table import gain, outcome
from cli.terminal.page_moves import differences, ids, moves, overtaken, rose_most, scores
from cli.terminal.page_table import results_table
from sample.bots import fakes, script
from sample.crowd import Crowd
from sample.product import catalog
from sample.season import Wants
from services.training.promotion import objection_to
from shared.models.registry import Registry

if TYPE_CHECKING:
    from aisle.v1.search_pb2 import SearchResponse
    from services.training.learning.job import Look

SEED = 7
QUERY = "drip coffee maker"  # one of those that are asked most
SEARCHES_A_DAY = 400
MOST_DAYS = 6
SCRIPT_CLICKS = 5_000
FAKES = 1_000
_SHOWN = 6
_CHANGED = {True: "has the same products with the same scores.", False: "has changed."}

Pause = Callable[[], None]
Bar = Callable[[str, int], AbstractContextManager[Advance]]


@dataclass
class Story:
    """Tells it to a person. Each part is one method, in their order."""

    console: Console
    engine: LoopEngine
    pause: Pause
    bar: Bar
    pages: list[SearchResponse] = field(default_factory=list)  # at first, right before the ranker, after
    is_promoted: bool = False

    def __post_init__(self) -> None:
        self._start = self.engine.time.moment
        self._catalog = catalog(SEED)

    async def tell(self) -> None:
        """All of it."""
        await self._a_page()
        await self._days_pass()
        if not self.is_promoted:
            self._say("No ranker was better beyond chance, so the page stays. Run it again with other luck.")
            return
        await self._the_page_again()
        await self._a_script()
        self._a_poisoned_model()
        await self._back()

    async def _a_page(self) -> None:
        self._headline(1, "a page before anybody came")
        self.pages.append(await self.engine.page(QUERY, explain=True))
        self._page(self.pages[0])
        self._say("Words and meaning made this order. Nobody has clicked anything yet.")
        self.pause()

    async def _days_pass(self) -> None:
        self._headline(2, "shoppers come")
        self._say(
            "Simulated shoppers search and click through the real gateway. Their clock is ours to move, so a "
            "day takes seconds. They like some products more than others, which no text of the shop says."
        )
        table = _table("day", "searches", "with a click", "MRR", "what was learnt")
        day = 0
        while day < MOST_DAYS and not self.is_promoted:
            day += 1
            shopped, look = await self._day(day)
            self.is_promoted = bool(look.round and not look.round.refused)
            table.add_row(*_day_cells(day, shopped, look))
        self.console.print(Padding(table, (1, 2)))
        self._say(
            "A round learns from the earlier pages, and the later ones judge it. MRR is the mean of 1 / the "
            "place of the first product clicked, of the ranker in use and of the new one."
        )
        self.pause()

    async def _day(self, day: int) -> tuple[Shopped, Look]:
        with self.bar(f"  day {day}", SEARCHES_A_DAY) as advance:
            crowd = self._crowd(day)
            shopped = await shop(self.engine, crowd, 1.0, SEARCHES_A_DAY, lambda: advance(1))
        await self.engine.remember()
        self.pages[1:] = [await self.engine.page(QUERY)]
        return shopped, await self.engine.learn()

    async def _the_page_again(self) -> None:
        self._headline(3, "the same page, for somebody new")
        after = await self.engine.page(QUERY, explain=True)
        self.pages.append(after)
        self._page(after, self.pages[0])
        self._explain_rise(after)
        self.pause()

    def _explain_rise(self, after: SearchResponse) -> None:
        risen = rose_most(self.pages[0], after.results[:_SHOWN])
        if risen is None:
            return
        self._say(f"Rose most: {risen.product.title}. {risen.explanation.summary}")
        loser = overtaken(self.pages[0], after, risen)
        if loser and (parts := differences(risen, loser)):
            self._say(f"It overtook {loser.product.title} by what shoppers did: {parts}.")

    async def _a_script(self) -> None:
        self._headline(4, "a script, and a poisoned model")
        target = self.pages[-1].results[-1].product
        self._say(f"A script wants to lift {target.title!r}, which is last on the page.")
        self._say("It asks for the page and clicks once, as one shopper would. That counts.")
        now = self.engine.time.moment + timedelta(seconds=5)
        page = await self.engine.page(QUERY, "script")
        clicks = list(script("script", target.product_id, page.query_id, SCRIPT_CLICKS, now))
        await self.engine.send(clicks[:1])
        before = await self._counted_page()
        sent = await self.engine.send([*clicks[1:], *fakes("fake", target.product_id, FAKES, now)])
        self._say(
            f"Then it clicks {sent - FAKES:,} times more, and {FAKES:,} invented visitors click on it, too."
        )
        same = scores(before) == scores(await self._counted_page())
        self._say(f"For others the page {_CHANGED[same]} Left out, by reason:")
        table = _table("reason", "records")
        for reason, count in sorted(self.engine.engine.features.left_out().items()):
            table.add_row(reason, f"{count:,}")
        self.console.print(Padding(table, (0, 2)))

    async def _counted_page(self) -> SearchResponse:
        """The page of somebody new, once all that was sent is counted."""
        await self.engine.until_counted()
        return await self.engine.page(QUERY)

    def _a_poisoned_model(self) -> None:
        self._say("Worse: somebody shuffles the clicks that teach. A model is made of them all the same.")
        judged = learn_from_shuffled(self.engine.data, SMALL_SHOP)
        report = judged.report()
        table = _table("bundle", "MRR in use", "its MRR", "change, 95 %", "outcome")
        outcome_cell = "refused" if judged.refused else "in use"
        table.add_row(judged.bundle_version, *gain(report), outcome_cell)
        self.console.print(Padding(table, (0, 2)))
        self._say(f"{outcome(report)[0].upper()}{outcome(report)[1:]}.")
        if against := objection_to(Registry.of(self.engine.data), judged.bundle_version):
            self._say(f"`aisle models promote` says no, too: {against}.")
        self.pause()

    async def _back(self) -> None:
        self._headline(5, "back to the ranker before")
        data = self.engine.data
        self.console.print(Text(f"  $ aisle models rollback --data {data}", style="bold"), soft_wrap=True)
        self._say(f"in use: {Registry.of(data).roll_back()}")
        await self.engine.engine.take_up()
        again = await self.engine.page(QUERY, explain=True)
        self._page(again, self.pages[0])
        same = scores(again) == scores(self.pages[1])
        self._say(f"Beside the page right before the new ranker, it {_CHANGED[same]}")
        if ids(again) != ids(self.pages[0]):
            self._say(
                "Beside part 1, some moved: what shoppers opened is proposed for the page, whatever ranks it."
            )

    def _crowd(self, day: int) -> Crowd:
        start = self._start + timedelta(days=day - 1)
        return Crowd(self._catalog, SEED, start, wants=Wants(SEED), name=f"day{day}-")

    def _headline(self, number: int, title: str) -> None:
        self.console.print()
        text = Text(f" {number} of 5: {title} ", style="bold cyan")
        self.console.rule(text, align="left", style="cyan")

    def _page(self, page: SearchResponse, before: SearchResponse | None = None) -> None:
        self.console.print(Text(f'  $ aisle search "{QUERY}"', style="bold"))
        notes = moves(before, page) if before else None
        self.console.print(Padding(results_table(page.results[:_SHOWN], notes), (0, 2)))

    def _say(self, text: str) -> None:
        self.console.print(Padding(Text(text), (0, 2)))


def _day_cells(day: int, shopped: Shopped, look: Look) -> Sequence[str]:
    cells = [str(day), f"{shopped.searches:,}", f"{shopped.clicked_pages:,}"]
    if look.round is None:
        return [*cells, "", "too few pages yet"]
    report = look.round.report()
    judged = f"{report['mrr_in_use']:.3f} -> {report['mrr']:.3f}" if "mrr" in report else ""
    return [
        *cells,
        judged,
        f"refused: {look.round.refused}" if look.round.refused else "a new ranker is in use",
    ]


def _table(*titles: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold")
    return table
