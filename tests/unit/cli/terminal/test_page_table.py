from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from aisle.v1.catalog_pb2 import AVAILABILITY_OUT_OF_STOCK, Price, Product
from aisle.v1.search_pb2 import HighlightPiece, Relaxation, SearchResponse, SearchResult
from cli.terminal.page_table import show_page, stages_line


def _shown(*products: Product, **more: Any) -> str:
    results = [SearchResult(position=place, product=product) for place, product in enumerate(products, 1)]
    text = StringIO()
    page = SearchResponse(results=results, total_count=len(results), **more)
    show_page(Console(file=text, width=100), page)
    return text.getvalue()


def test_the_times_of_a_page_add_up() -> None:
    stages = {"embed": 1.25, "rerank": 4.0, "maxsim": 3.0, "total": 9.0}
    assert stages_line(stages) == "embed 1.2 + rerank 4.0 + rest 3.8 = 9.0 ms"
    assert stages_line({"embed": 1.25}) == "embed 1.2"


@pytest.mark.parametrize("title", ["Ket\x1b[2Jtle", "Ket\x9b31mtle", "Ket\r\ntle"])
def test_a_title_cannot_move_the_cursor(title: str) -> None:
    told = _shown(Product(product_id="p1", title=title, brands=["Kesselhaus\x07"]))
    assert "Ket" in told and "tle" in told
    assert not set(told) & set("\x1b\x9b\r\x07")


def test_a_title_keeps_the_letters_of_its_language() -> None:
    title = "Théière en céramique — 急須 🫖"
    assert title in _shown(Product(product_id="p1", title=title))


def test_a_product_that_is_gone_and_one_without_a_price_say_so() -> None:
    gone = Product(
        product_id="p1",
        title="Kettle",
        availability=AVAILABILITY_OUT_OF_STOCK,
        price=Price(amount=1e15),
    )
    told = _shown(gone, Product(product_id="p2", title="Pot"))
    assert "Kettle (out of stock)" in told and "1,000,000,000,000,000.00" in told


def test_an_empty_page_says_what_to_do() -> None:
    assert "Take a filter away" in _shown()


def test_another_query_is_offered() -> None:
    assert "Did you mean copper kettle?" in _shown(suggested_query="copper kettle")
    assert "Did you mean" not in _shown()


def test_what_was_relaxed_is_said() -> None:
    partial = Relaxation(is_partial=True, dropped_words=["purple"])
    told = _shown(Product(product_id="p1", title="Kettle"), relaxation=partial)
    assert "No product has enough of these words" in told and "No result has 'purple'." in told
    nothing = Relaxation(dropped_words=["qwrtzp"], unfiltered_count=1_200, near_category="Home > Kettles")
    told = _shown(relaxation=nothing)
    assert "No product has 'qwrtzp'." in told
    assert "Without the filters: 1,200, most of the best in 'Home > Kettles'." in told


def test_matched_words_are_bold_and_snippets_follow_the_table() -> None:
    pieces = [HighlightPiece(text="Red "), HighlightPiece(text="ket\x1b[2Jtle", matched=True)]
    result = SearchResult(position=1, product=Product(product_id="p1", title="Red kettle"))
    result.highlights.add(field="title", pieces=pieces)
    result.highlights.add(field="description", pieces=pieces, cut_before=True, cut_after=True)
    result.highlights.add(field="tags", pieces=pieces[1:])
    text = StringIO()
    console = Console(file=text, width=100, force_terminal=True, color_system="standard")
    show_page(console, SearchResponse(results=[result]))
    told = text.getvalue()
    assert "\x1b[1mket" in told and "\x1b[2J" not in told
    plain = Text.from_ansi(told).plain
    assert "…Red ket [2Jtle…" in plain and "tags: ket" in plain
