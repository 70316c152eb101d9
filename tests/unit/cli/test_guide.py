from io import StringIO
from typing import Any

from rich.console import Console

from aisle.v1.catalog_pb2 import Product
from aisle.v1.events_pb2 import EventAck
from aisle.v1.search_pb2 import SearchRequest, SearchResponse, SearchResult
from cli.guide import Guide, families
from sample.tour import PriceFilter, Stop, Taste


def _result(position: int, product_id: str, primary: str = "") -> SearchResult:
    title = f"Jacket {product_id}"
    return SearchResult(
        position=position,
        product=Product(product_id=product_id, title=title, primary_product_id=primary),
    )


class ClickedFirst:
    """Ranks b before a once b has been clicked."""

    def __init__(self) -> None:
        self.clicked: list[str] = []
        self.requests: list[SearchRequest] = []

    def search(self, request: SearchRequest) -> SearchResponse:
        self.requests.append(request)
        order = "bac" if self.clicked else "abc"
        page = SearchResponse(
            results=[_result(place, name) for place, name in enumerate(order, 1)], total_count=3
        )
        page.served_by.stage_ms.update({"embed": 1.0, "total": 2.5})
        return page

    def stream_events(self, events: Any) -> Any:
        for event in events:
            self.clicked.append(event.products[0].product_id)
            yield EventAck(event_id=event.event_id)


def _told(stop: Stop) -> tuple[str, ClickedFirst]:
    engine = ClickedFirst()
    text = StringIO()
    products = [
        {
            "product_id": "b",
            "title": "Jacket b",
            "brands": ["Q"],
            "type": "primary",
            "categories": ["A > B"],
        }
    ]
    Guide(Console(file=text, width=100), engine, products, "v").show([stop])  # type: ignore[arg-type]
    return text.getvalue(), engine


def test_a_stop_shows_the_command_the_page_its_times_and_what_to_notice() -> None:
    told, engine = _told(
        Stop(
            "one with a filter",
            "jacket",
            "All below 120.",
            filter=PriceFilter("price", maximum=120),
        )
    )
    assert 'aisle search "jacket" --filter price=..120' in told
    assert "Jacket a" in told
    assert "embed 1.0 + rest 1.5 = 2.5 ms" in told
    assert "All below 120." in told
    assert engine.requests[-1].filters[0].range.max == 120


def test_a_personalised_stop_shows_the_page_before_and_after_the_clicks() -> None:
    told, engine = _told(Stop("personalised", "jacket", "b moves up.", taste=Taste("Q", "A", 3)))
    assert engine.clicked == ["b"]
    assert told.index("Jacket a") < told.index("clicks on") < told.index("↑1") < told.index("↓1")


def test_variants_fold_into_the_first_of_their_product() -> None:
    results = [_result(1, "a2", "a"), _result(2, "b"), _result(3, "a"), _result(4, "a3", "a")]
    first, more = families(results)
    assert [result.product.product_id for result in first] == ["a2", "b"]
    assert more == {"a2": 2}
