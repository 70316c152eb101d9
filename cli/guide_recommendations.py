"""The end of the guided tour: a product page and home pages, with recommendations."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from aisle.v1.recommend_pb2 import RecommendRequest, RecommendResponse
from cli.client import Client
from cli.terminal.page_table import results_table

_SHOWN = 4
_DEADLINE_MS = 2_000
_NOTICE = (
    "The first home page is the same for all who are new. The second one knows the three clicks. "
    "Once shoppers buy, also_bought and for_you learn from their orders."
)


@dataclass
class RecommendationGuide:
    """Shows what a visitor who has clicked on something is recommended."""

    console: Console
    engine: Client
    visitor_id: str

    def show(self) -> None:
        """Show the home page of somebody new and of the visitor, and a product page."""
        self.console.print()
        title = Text(" and recommendations, without a search ", style="bold cyan")
        self.console.rule(title, align="left", style="cyan")
        self._page("for_you", f"{self.visitor_id}-stranger", "a home page, for somebody new")
        home = self._page("for_you", self.visitor_id, "the home page of the visitor who clicked")
        if home.results:
            product = home.results[0].product
            self._page("similar", self.visitor_id, f"the page of {product.title}", product.product_id)
        self.console.print(Padding(Text.assemble(("Notice ", "bold green"), _NOTICE), (0, 2)))

    def _page(self, placement: str, visitor_id: str, about: str, *product_ids: str) -> RecommendResponse:
        request = RecommendRequest(
            placement=placement,
            product_ids=product_ids,
            visitor_id=visitor_id,
            page_size=_SHOWN,
            explain=True,
            deadline_ms=_DEADLINE_MS,
        )
        page = self.engine.recommend(request)
        asked = " ".join(product_ids) or f"--visitor {visitor_id}"
        command = Text.assemble(
            ("  $ ", "dim"), (f"aisle recommend {placement} {asked}", "bold"), (f"   {about}", "dim")
        )
        self.console.print(command, overflow="ellipsis", no_wrap=True)
        self.console.print(Padding(results_table(page.results), (0, 2)))
        return page
