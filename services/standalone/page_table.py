"""A page of results as a table for a person."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from protos.catalog_pb2 import Availability, Product
from protos.search_pb2 import SearchResponse, SearchResult, ServedBy, Tier

_STAGES = ("analyze", "embed", "retrieve", "rerank", "fetch", "total")


def show_page(console: Console, page: SearchResponse, limit: int | None = None) -> None:
    """Print the results, then how the page came to be; at most `limit` rows."""
    if page.corrected_query:
        console.print(Text.assemble(("Showing results for ", "dim"), (page.corrected_query, "bold")))
    if page.results:
        console.print(results_table(page.results[:limit]))
    else:
        console.print("No product matches. Take a filter away, or try other words.")
    console.print(Text(served_line(page), style="dim"))


def results_table(results: list[SearchResult]) -> Table:
    """Position, title, brand, price, score, and why when it is explained."""
    explained = any(result.HasField("explanation") for result in results)
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0), expand=explained)
    table.add_column("", justify="right", style="cyan", no_wrap=True)
    table.add_column("title", ratio=5, overflow="ellipsis", no_wrap=True)
    table.add_column("brand", style="dim", overflow="ellipsis", no_wrap=True, max_width=14)
    table.add_column("price", justify="right", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    if explained:
        table.add_column("why", ratio=6, style="dim")
    for result in results:
        table.add_row(*_cells(result, explained))
    return table


def _cells(result: SearchResult, explained: bool) -> list[Text]:
    product = result.product
    brand = product.brands[0] if product.brands else ""
    cells = [str(result.position), _title(product), brand, price(product), f"{result.relevance_score:.3f}"]
    return [Text(cell) for cell in [*cells, *([why(result)] if explained else [])]]


def _title(product: Product) -> str:
    gone = product.availability == Availability.AVAILABILITY_OUT_OF_STOCK
    return f"{product.title} (out of stock)" if gone else product.title


def price(product: Product) -> str:
    """Such as "24.90 EUR"; empty when it is not known."""
    if not product.HasField("price"):
        return ""
    return f"{product.price.amount:,.2f} {product.price.currency_code}".strip()


def why(result: SearchResult, parts: int = 3) -> str:
    """The words that match, and the largest parts of the score."""
    explanation = result.explanation
    words = [f"matches {', '.join(explanation.matched_terms)}"] if explanation.matched_terms else []
    added = [f"{part.feature} {part.contribution:+.2f}" for part in explanation.contributions[:parts]]
    return "; ".join([*words, *([", ".join(added)] if added else [])]) or explanation.summary


def served_line(page: SearchResponse) -> str:
    """How many there are, the tier, the time of each stage, and what was left out."""
    served = page.served_by
    left_out = f", without {'; '.join(served.degraded)}" if served.degraded else ""
    return f"{page.total_count:,} products, {tier_name(served)}{left_out}; {stages_line(served.stage_ms)}"


def tier_name(served: ServedBy) -> str:
    """Such as "reranked"."""
    return Tier.Name(served.tier).removeprefix("TIER_").lower()


def stages_line(stage_ms: Mapping[str, float]) -> str:
    """Milliseconds by stage, in the order of a page; parts of stages stay with --json."""
    known = [f"{name} {stage_ms[name]:.1f}" for name in _STAGES if name in stage_ms]
    return (
        f"{' + '.join(known[:-1])} = {known[-1].removeprefix('total ')} ms" if "total" in stage_ms else " ".join(known)
    )
