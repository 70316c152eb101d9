"""`aisle search`: one page, as a table."""

from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict

from aisle.v1.search_pb2 import VARIANTS_ALL, VARIANTS_COLLAPSE, SearchRequest, Tier
from cli.client import Client
from cli.facets import facet_lines, parse_facet
from cli.filters import parse_filter
from cli.options import ADDRESS, Address, Json
from cli.terminal.console import one_line, out, print_json, say, warn
from cli.terminal.page_table import show_page
from shared.errors import InvalidRequest

MAX_PAGE_SIZE = 200


def search(  # noqa: PLR0913 (a command's options are its parameters)
    query: Annotated[str, typer.Argument(help="What the shopper typed; '' browses.")],
    address: Address = ADDRESS,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            help="FIELD=VALUE, FIELD=A|B, FIELD!=VALUE, FIELD=LOW..HIGH or FIELD=exists; may be repeated. "
            "Fields: brands, categories, price, availability, rating, tags, attributes.NAME, ... "
            "A bar inside a value: \\|.",
            metavar="FILTER",
        ),
    ] = None,
    where: Annotated[
        str,
        typer.Option(
            help="Filters as text, such as 'price:10..50 AND (brands:acme OR tags:sale)': docs/filters.md.",
            metavar="TEXT",
        ),
    ] = "",
    facets: Annotated[
        list[str] | None,
        typer.Option(
            "--facet",
            help="Count the values of a field; may be repeated. FIELD, or FIELD:OPTION;OPTION with limit=N, "
            "query=TEXT, parent=PATH, ranges=N, ranges=LOW..HIGH|LOW..HIGH or keep.",
            metavar="FACET",
        ),
    ] = None,
    order_by: Annotated[
        str,
        typer.Option(
            help="relevance, newest, or a field and a direction, such as 'price asc' or 'title desc'."
        ),
    ] = "relevance",
    currency: Annotated[
        str, typer.Option(help="Orders by price show prices in this currency first, such as EUR.")
    ] = "",
    page_size: Annotated[int, typer.Option(min=1, max=MAX_PAGE_SIZE, help="Results on the page.")] = 10,
    page_token: Annotated[str, typer.Option(help="next_page_token of the previous page.")] = "",
    visitor: Annotated[
        str, typer.Option(help="The visitor's id; the page is personalised by their events.")
    ] = "",
    deadline_ms: Annotated[
        int, typer.Option(min=0, max=60_000, help="The page's budget; 0: the server's default.")
    ] = 0,
    max_tier: Annotated[
        str,
        typer.Option(
            help="The last stage that may run: lexical, dense, fused, reranked, cross_encoded; default: "
            "reranked, and what the cross-encoder read ahead."
        ),
    ] = "",
    language: Annotated[
        str, typer.Option(help="The query's language, such as de; otherwise each one of the catalogue.")
    ] = "",
    as_typed: Annotated[
        list[str] | None,
        typer.Option(
            help="Do not read this kind of part of the query: correction, without, price, synonym, brand, "
            "category, color, size, order, model or all; may be repeated. docs/queries.md.",
            metavar="KIND",
        ),
    ] = None,
    explain: Annotated[bool, typer.Option(help="Explain the position of each result.")] = False,
    highlight: Annotated[
        bool, typer.Option(help="Show where the query's words stand in each result.")
    ] = False,
    why_not: Annotated[
        list[str] | None,
        typer.Option(
            help="Say why the product with this id is not on the page; may be repeated.", metavar="ID"
        ),
    ] = None,
    all_variants: Annotated[
        bool, typer.Option("--all-variants", help="Show every variant of a product, not the best alone.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask a running server for a page of products."""
    request = SearchRequest(
        query=query,
        filters=[parse_filter(text) for text in filters or []],
        where=where,
        facets=[parse_facet(text) for text in facets or []],
        order_by=order_by,
        currency_code=currency,
        page_size=page_size,
        page_token=page_token,
        visitor_id=visitor,
        deadline_ms=deadline_ms,
        max_tier=_tier(max_tier),
        language_code=language,
        as_typed=as_typed or [],
        explain=explain,
        highlight=highlight,
        why_not=why_not or [],
        variants=VARIANTS_ALL if all_variants else VARIANTS_COLLAPSE,
    )
    with Client(address) as engine:
        page = engine.search(request)
    if as_json:
        print_json(MessageToDict(page, preserving_proto_field_name=True))
        return
    show_page(out, page)
    for absence in page.absences:
        say(one_line(f"{absence.product_id}: {absence.sentence}"))
    for note in page.served_by.notes:
        warn(one_line(note))
    for facet in page.facets:
        for line in facet_lines(facet):
            say(line)


def _tier(name: str) -> Tier.ValueType:
    try:
        return Tier.Value(f"TIER_{name.upper() or 'UNSPECIFIED'}")
    except ValueError as error:
        tiers = "lexical, dense, fused, reranked or cross_encoded"
        raise InvalidRequest("--max-tier", f"{name!r} is not {tiers}") from error
