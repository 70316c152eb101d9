"""Shows a page of results as a table."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aisle.v1.catalog_pb2 import Availability, Product
from aisle.v1.recommend_pb2 import RecommendResponse
from aisle.v1.search_pb2 import SearchResponse, SearchResult, ServedBy, Tier
from cli.terminal.console import one_line
from cli.terminal.highlights import marked_title, show_highlights
from cli.terminal.position_table import position_table

_STAGES = ("model", "analyze", "embed", "propose", "retrieve", "rerank", "rank", "fetch", "why_not")


def show_page(console: Console, page: SearchResponse, limit: int | None = None) -> None:
    """Print the results, the explanations if there are any, and how the page was made.

    At most `limit` rows.
    """
    if page.corrected_query:
        console.print(Text.assemble(("Showing results for ", "dim"), (page.corrected_query, "bold")))
    if page.suggested_query:
        console.print(Text.assemble(("Did you mean ", "dim"), (page.suggested_query, "bold"), ("?", "dim")))
    for part in page.reading:
        if part.kind != "correction":
            console.print(Text(f"Read {part.text.strip()!r}: {part.meaning}", style="dim"))
    for line in _relaxed(page):
        console.print(Text(line, style="dim"), soft_wrap=True)
    if page.results:
        console.print(results_table(page.results[:limit]))
        show_highlights(console, page.results[:limit])
        _show_reasons(console, page.results[:limit])
    else:
        console.print("No product matches. Take a filter away, or try other words.")
    for line in served_line(page).splitlines():
        console.print(Text(line, style="dim"), soft_wrap=True)


def _relaxed(page: SearchResponse) -> Iterator[str]:
    """What the page left of the query, a sentence a line."""
    relaxed = page.relaxation
    if relaxed.is_partial:
        yield "No product has enough of these words; the results have some of them, or are near in meaning."
    if relaxed.dropped_words:
        none = "No result has " if page.results else "No product has "
        yield none + " or ".join(repr(one_line(word)) for word in relaxed.dropped_words) + "."
    if relaxed.unfiltered_count:
        most = f", most of the best in {one_line(relaxed.near_category)!r}" if relaxed.near_category else ""
        yield f"Without the filters: {relaxed.unfiltered_count:,}{most}."


def show_recommendations(console: Console, page: RecommendResponse) -> None:
    """Print the recommended products, the explanations if there are any, and how the page was made."""
    if page.results:
        console.print(results_table(page.results))
        _show_reasons(console, page.results)
    else:
        console.print("Nothing to recommend here. Take a filter away, or try another placement.")
    served = page.served_by
    left_out = f" (without {'; '.join(served.degraded)})" if served.degraded else ""
    console.print(Text(f"{len(page.results)} products{left_out}", style="dim"), soft_wrap=True)
    console.print(Text(stages_line(served.stage_ms), style="dim"), soft_wrap=True)


def _show_reasons(console: Console, results: Sequence[SearchResult]) -> None:
    """Print the explanation of each result, if the page has any."""
    explained = [result for result in results if result.HasField("explanation")]
    if not explained:
        return
    table = position_table("why")
    for result in explained:
        table.add_row(str(result.position), Text(why(result)))
    console.print(table)


def results_table(results: Sequence[SearchResult], notes: Mapping[str, str] | None = None) -> Table:
    """Position, title, brand unless every title contains it, price and score.

    `notes` adds a word by product_id. Titles take the remaining width, and end in an ellipsis.
    """
    branded = not all(_says_brand(result.product) for result in results)
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column("", justify="right", style="cyan", no_wrap=True)
    table.add_column("title", ratio=1, overflow="ellipsis", no_wrap=True)
    if branded:
        table.add_column("brand", style="dim", overflow="ellipsis", no_wrap=True, max_width=16)
    table.add_column("price", justify="right", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    if notes is not None:
        table.add_column("", justify="right", style="magenta", no_wrap=True)
    for result in results:
        note = [] if notes is None else [notes.get(result.product.product_id, "")]
        number, *others = (Text(cell) for cell in [*_cells(result, branded), *note])
        table.add_row(number, _title(result), *others)
    return table


def _cells(result: SearchResult, branded: bool) -> list[str]:
    product = result.product
    brand = [one_line(product.brands[0]) if product.brands else ""] if branded else []
    return [
        str(result.position),
        *brand,
        price(product),
        f"{result.relevance_score:.3f}",
    ]


def _says_brand(product: Product) -> bool:
    return not product.brands or product.brands[0].lower() in product.title.lower()


def _title(result: SearchResult) -> Text:
    product = result.product
    gone = product.availability == Availability.AVAILABILITY_OUT_OF_STOCK
    others = result.variant_count
    more = f"+{others} variant{'s' if others > 1 else ''}" if others else ""
    near = "near" if result.by_meaning else ""
    notes = ", ".join(filter(None, ("out of stock" if gone else "", more, near)))
    title = marked_title(result)
    return title.append(f" ({notes})") if notes else title


def price(product: Product) -> str:
    """A price such as "24.90 EUR". Empty if it is not known."""
    if not product.HasField("price"):
        return ""
    return f"{product.price.amount:,.2f} {product.price.currency_code}".strip()


def why(result: SearchResult, parts: int = 4) -> str:
    """The explanation in words, then the largest parts of the score."""
    explanation = result.explanation
    added = [f"{part.feature} {part.contribution:+.2f}" for part in explanation.contributions[:parts]]
    return " ".join([explanation.summary, *([f"({', '.join(added)})"] if added else [])])


def served_line(page: SearchResponse) -> str:
    """The number of products, the tier, and the stages left out, then the time of each stage."""
    served = page.served_by
    left_out = f" (without {'; '.join(served.degraded)})" if served.degraded else ""
    related = f" and {page.related_count:,} near in meaning" if page.related_count else ""
    count = f"{page.total_count:,} products{related}"
    return f"{count}, {tier_name(served)}{left_out}\n{stages_line(served.stage_ms)}"


def tier_name(served: ServedBy) -> str:
    """A name such as "reranked"."""
    return Tier.Name(served.tier).removeprefix("TIER_").lower()


def stages_line(stage_ms: Mapping[str, float]) -> str:
    """Milliseconds by stage, in the order of a page. Parts of stages appear with --json only.

    "rest" is the time outside all stages: waiting for a core or for the visitor's state, and
    building the page.
    """
    known = {name: stage_ms[name] for name in _STAGES if name in stage_ms}
    total = stage_ms.get("total")
    if total is not None:
        known["rest"] = max(0.0, total - sum(known.values()))
    parts = " + ".join(f"{name} {ms:.1f}" for name, ms in known.items())
    return f"{parts} = {sum(known.values()):.1f} ms" if total is not None else parts
