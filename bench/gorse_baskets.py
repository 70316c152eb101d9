"""What Gorse recommends for the next baskets of bench.next_basket.

python -m bench.gorse_baskets PURCHASES --gorse PROGRAM [--until DATE] [--seeds 1500]

PROGRAM is gorse-in-one of Gorse 0.4. It gets the same purchases, moved in time so that DATE is now,
because its popularity is that of the last days. It is asked with its defaults, and with what suits
baskets best (gorse_server.py). Each customer's list of 20 is judged by its first basket after DATE.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.cpu import cpu
from bench.gorse_server import GorseServer, gorse_server
from bench.next_basket import Answers, Asked, asked_for
from services.training.recommending.judging import CUT
from services.training.recommending.purchase_file import Basket, read_baskets

_FIT_SECONDS = 3_600
_DEEP = 100  # so that enough are left without what was bought


def main() -> None:
    """Print a line for each question and each way to set Gorse up."""
    arguments = _arguments()
    until = datetime.fromisoformat(arguments.until).replace(tzinfo=UTC).timestamp()
    baskets = read_baskets(arguments.purchases)
    before = [basket for basket in baskets if basket.seconds < until]
    asked = asked_for(before, [basket for basket in baskets if basket.seconds >= until], arguments.seeds)
    products = {product for basket in baskets for product in basket.product_ids}
    print(f"cpu: {cpu()}, load average {os.getloadavg()[0]:.1f}")
    print(f"{len(before)} baskets before, {len(asked.baskets)} customers and {len(asked.seeds)} seeds after")
    print("\n| | | recall@20 (95 %) | nDCG@20 | coverage |\n| --- | --- | --- | --- | --- |")
    for way, is_best in (("Gorse, as it comes", False), ("Gorse, for baskets", True)):
        with tempfile.TemporaryDirectory() as root:
            for question, found in _answers(arguments.gorse, Path(root), before, asked, is_best).items():
                print(f"| {question} | {way} | {found.cells(len(products))} |", flush=True)


def _answers(
    program: Path, root: Path, before: Sequence[Basket], asked: Asked, is_best: bool
) -> dict[str, Answers]:
    folder = root / "gorse"
    with gorse_server(program, folder, is_best) as server:
        _sell(server, before)
    with gorse_server(program, folder, is_best) as server:  # which fits what it finds at its start
        server.wait_until_fitted(_FIT_SECONDS)
        return _asked(server, before, asked)


def _sell(server: GorseServer, before: Sequence[Basket]) -> None:
    moved = time.time() - before[-1].seconds
    products = sorted({product for basket in before for product in basket.product_ids})
    first = {product: basket.seconds for basket in reversed(before) for product in basket.product_ids}
    server.insert("users", [{"UserId": user} for user in sorted({basket.user for basket in before})])
    server.insert("items", [{"ItemId": each, "Timestamp": _time(first[each] + moved)} for each in products])
    bought = [
        {
            "FeedbackType": "purchase",
            "UserId": basket.user,
            "ItemId": product,
            "Timestamp": _time(basket.seconds + moved),
        }
        for basket in before
        for product in basket.product_ids
    ]
    server.insert("feedback", bought)


def _asked(server: GorseServer, before: Sequence[Basket], asked: Asked) -> dict[str, Answers]:
    known: dict[str, set[str]] = {}
    for basket in before:
        known.setdefault(basket.user, set()).update(basket.product_ids)
    answers = {"next basket": Answers(), "never bought": Answers(), "bought with": Answers()}
    for basket in asked.baskets:
        page = server.recommended(basket.user, _DEEP)
        answers["next basket"].add(page, basket.product_ids)
        if new := set(basket.product_ids) - known[basket.user]:
            answers["never bought"].add([each for each in page if each not in known[basket.user]], new)
    for seed, others in asked.seeds:
        answers["bought with"].add(server.near(seed, CUT), others)
    return answers


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("purchases", type=Path)
    parser.add_argument("--gorse", type=Path, required=True, help="the program gorse-in-one")
    parser.add_argument(
        "--until", default="2011-10-09", help="what is known ends there (default %(default)s)"
    )
    parser.add_argument("--seeds", type=int, default=1_500, help="seeds to ask for (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
