"""A catalogue that changes while it serves.

Run python -m bench.live [--data DIR] [--part freshness|pages] [--processes].

pages: the processor time of a page in retrieval and reranker with 0, 1,000 and 5,000 writes since
the snapshot. All writes are other prices of existing products, so the catalogue keeps its size. The
three sizes take turns.

freshness: pages are requested, first alone, then beside writes, all at random. For each call with
writes, it records the time to its acknowledgement, and until all its writes are shown
(wait_for_visible). Writes are removals, prices (which need no encoder) and new texts. They go to an
engine in a process of its own. With --processes they go to one process of each service over a Kafka
and a Redis of its own. Then the final state is compared with the writes, and with a new index of
aisle.catalog.
"""

import argparse
import asyncio
import os
from pathlib import Path
from random import Random

from bench.live_freshness import measure_freshness
from bench.live_pages import measure_pages, print_pages
from bench.live_shop import measure_shop
from bench.live_writes import Mix, calls_of
from bench.pacing import SCHEDULES
from bench.work_folder import products_of, work_folder
from cli.standalone_process import running_engine
from shared.snapshot.generation import Generation, current_generation
from tests.shop import QUICK


def main() -> None:
    """Measure and print."""
    arguments = _parser().parse_args()
    os.environ.update(QUICK)  # the same engines in every process, without a trial
    with work_folder(arguments.data) as place:
        data = place.copied()
        base = current_generation(data)
        assert base
        if arguments.part != "freshness":
            print_pages(measure_pages(data, _queries(base), arguments.rounds))
        if arguments.part != "pages":
            _measure_freshness(data, place.folder, base, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        default=None,
        help="an indexed folder; default: the sample shop, indexed",
    )
    parser.add_argument("--part", choices=("pages", "freshness", "all"), default="all")
    parser.add_argument("--rounds", type=int, default=30, help="of the pages")
    parser.add_argument(
        "--processes", action="store_true", help="the freshness of processes over Kafka and Redis"
    )
    parser.add_argument("--upserts", type=int, default=2_500)
    parser.add_argument("--removals", type=int, default=250)
    parser.add_argument("--rate", type=float, default=100.0, help="writes a second")
    parser.add_argument("--new-texts", type=float, default=0.2, help="share of upserts that need the encoder")
    parser.add_argument("--batch", type=int, default=5, help="writes a call")
    parser.add_argument("--pages-rate", type=float, default=20.0, help="pages a second")
    parser.add_argument("--arrivals", choices=SCHEDULES, default="random", help="of pages and of writes")
    parser.add_argument(
        "--seconds",
        type=float,
        default=30.0,
        help="of pages without writes, half before and half after",
    )
    return parser


def _measure_freshness(data: Path, folder: Path, base: Generation, arguments: argparse.Namespace) -> None:
    mix = Mix(arguments.upserts, arguments.removals, arguments.new_texts, arguments.batch)
    calls = calls_of(products_of(base), mix)
    queries = _queries(base)
    if arguments.processes:
        measure_shop(data, folder, queries, calls, arguments)
        return
    with running_engine(data) as address:
        asyncio.run(measure_freshness(address, queries, calls, arguments))


def _queries(base: Generation) -> list[str]:
    """Words of the shop's own titles, two or three at a time."""
    random = Random(3)
    rows = random.sample(range(len(base.products)), min(60, len(base.products)))
    titles = [base.products.product(row).title.replace(",", "").split() for row in rows]
    return [" ".join(random.sample(title, min(3, len(title)))) for title in titles]


if __name__ == "__main__":
    main()
