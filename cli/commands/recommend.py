"""`aisle recommend`: one page of recommendations, as a table."""

from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict

from aisle.v1.recommend_pb2 import RecommendRequest
from cli.client import Client
from cli.commands.search import MAX_PAGE_SIZE
from cli.filters import parse_filter
from cli.options import ADDRESS, Address, Json
from cli.terminal.console import one_line, out, print_json, warn
from cli.terminal.page_table import show_recommendations


def recommend(  # noqa: PLR0913 (a command's options are its parameters)
    placement: Annotated[
        str,
        typer.Argument(
            help="similar, also_bought, also_viewed, for_you, trending, popular, new_arrivals "
            "or recently_viewed."
        ),
    ],
    product_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PRODUCT]...", help="Ids to go by: the product of the page, or all products of the cart."
        ),
    ] = None,
    address: Address = ADDRESS,
    visitor: Annotated[str, typer.Option(help="The visitor's id, which for_you needs.")] = "",
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="As in 'aisle search'; may be repeated.", metavar="FILTER"),
    ] = None,
    where: Annotated[str, typer.Option(help="Filters as text, as in 'aisle search'.", metavar="TEXT")] = "",
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="A product that is not recommended; may be repeated.", metavar="PRODUCT"),
    ] = None,
    page_size: Annotated[int, typer.Option(min=1, max=MAX_PAGE_SIZE, help="Results on the page.")] = 10,
    page_token: Annotated[str, typer.Option(help="next_page_token of the previous page.")] = "",
    deadline_ms: Annotated[
        int, typer.Option(min=0, max=60_000, help="The page's budget; 0: the server's default.")
    ] = 0,
    explain: Annotated[bool, typer.Option(help="Explain the position of each result.")] = False,
    as_json: Json = False,
) -> None:
    """Ask a running server for recommended products."""
    request = RecommendRequest(
        placement=placement,
        product_ids=product_ids,
        visitor_id=visitor,
        filters=[parse_filter(text) for text in filters or []],
        where=where,
        exclude_product_ids=exclude,
        page_size=page_size,
        page_token=page_token,
        deadline_ms=deadline_ms,
        explain=explain,
    )
    with Client(address) as engine:
        page = engine.recommend(request)
    if as_json:
        print_json(MessageToDict(page, preserving_proto_field_name=True))
        return
    show_recommendations(out, page)
    for note in page.served_by.notes:
        warn(one_line(note))
