"""`aisle delete`: remove products from a running server."""

from typing import Annotated

import typer

from cli.client import Client
from cli.commands.get import ProductIds
from cli.options import ADDRESS, Address, Json
from cli.terminal.console import one_line, print_json, say, waiting, warn
from shared.errors import NotFound

_AT_ONCE = 10_000  # ids of one DeleteProducts


def delete(
    product_ids: ProductIds,
    address: Address = ADDRESS,
    wait_seconds: Annotated[
        float,
        typer.Option(min=0, help="How long to wait until searches no longer show them; 0: not at all."),
    ] = 30,
    as_json: Json = False,
) -> None:
    """Remove products, each with its variants, from a running server.

    The removal is durable when the command ends. Unknown ids are listed, and are no error.
    """
    with Client(address) as engine:
        missing = [product_id for product_id in product_ids if not _is_shown(engine, product_id)]
        for start in range(0, len(product_ids), _AT_ONCE):
            log_position = engine.delete_products(product_ids[start : start + _AT_ONCE])
        if wait_seconds:
            with waiting("Waiting until searches no longer show them ...", as_json):
                engine.wait_until_shown(product_ids[-1], log_position, wait_seconds)
    removed_count = len(set(product_ids)) - len(set(missing))
    if as_json:
        # Variants that go with their primary product are not counted: the server does not list them
        print_json({"removed": removed_count, "missing": missing, "log_position": log_position})
        return
    for product_id in missing:
        warn(f"{one_line(product_id)}: there is no such product")
    say(f"{removed_count:,} products removed, and with them any variants that they had")


def _is_shown(engine: Client, product_id: str) -> bool:
    try:
        engine.get_product(product_id)
    except NotFound:
        return False
    return True
