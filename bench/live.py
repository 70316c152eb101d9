"""A catalogue that changes while it serves: python -m bench.live [--data DIR] [--part freshness|pages].

pages: the processor time of a page in retrieval and reranker with 0, 1,000 and 5,000 writes since the snapshot, all of
them other prices of products that are there, so that the catalogue stays as large; the three take turns.
freshness: an engine in a process of its own takes upserts at a steady rate while pages are asked of it; some are
waited for (wait_for_visible), and the same pages are timed before without writes. Writes are removals, prices (which
need no encoder) and products with new texts.
"""

import argparse
import asyncio
import shutil
import tempfile
from pathlib import Path
from random import Random

from bench.live_freshness import measure_freshness
from bench.live_pages import measure_pages, print_pages
from services.standalone.bench.cpu import cpu
from services.standalone.indexing import index_catalog
from services.standalone.sample import write_sample
from shared.snapshot.generation import current_generation


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None, help="an indexed folder; default: the sample shop, indexed")
    parser.add_argument("--part", choices=("pages", "freshness", "all"), default="all")
    parser.add_argument("--rounds", type=int, default=30, help="of the pages")
    parser.add_argument("--rate", type=float, default=100.0, help="upserts a second")
    parser.add_argument("--new-texts", type=float, default=0.2, help="share of writes that need the encoder")
    parser.add_argument("--removals", type=float, default=0.1, help="share of writes that remove a product")
    parser.add_argument("--pages-rate", type=float, default=20.0, help="pages a second beside the writes")
    parser.add_argument("--batch", type=int, default=5, help="writes a call; one of them is waited for")
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    print(f"cpu: {cpu()}")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(arguments.data or _sample(work), work / "shop", ignore=shutil.ignore_patterns("log.sqlite*"))
        queries = _queries(work / "shop")
        if arguments.part != "freshness":
            print_pages(measure_pages(work / "shop", queries, arguments.rounds))
        if arguments.part != "pages":
            asyncio.run(measure_freshness(work / "shop", queries, arguments))


def _sample(folder: Path) -> Path:
    write_sample(folder / "sample")
    index_catalog(folder / "sample" / "products.jsonl", folder / "indexed")
    return folder / "indexed"


def _queries(data: Path) -> list[str]:
    """Words of the shop's own titles, two or three at a time."""
    base, random = current_generation(data), Random(3)
    assert base
    rows = random.sample(range(len(base.products)), min(60, len(base.products)))
    titles = [base.products.product(row).title.replace(",", "").split() for row in rows]
    return [" ".join(random.sample(title, min(3, len(title)))) for title in titles]


if __name__ == "__main__":
    main()
