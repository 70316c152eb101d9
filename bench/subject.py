"""The subject of a benchmark: a catalogue with judged queries, and its snapshot.

By default this is the sample shop.
"""

from dataclasses import dataclass
from pathlib import Path

from cli.demo_shop import DemoShop
from services.training.evaluation.judgments import JudgedQuery, read_judged_queries, read_queries
from shared.artifacts import current
from shared.errors import InvalidRequest

BENCH_DATA = Path("data/bench")


@dataclass(frozen=True)
class Subject:
    """Files to measure with, and the data folder of their snapshot."""

    catalog: Path
    queries: Path
    judgments: Path | None
    data: Path

    def indexed(self) -> bool:
        """Whether the data folder has a snapshot, which is assumed to be the catalogue's."""
        return current(self.data / "snapshots") is not None

    def texts(self) -> list[str]:
        """The queries as typed."""
        return list(read_queries(self.queries).values())

    def judged_queries(self) -> list[JudgedQuery]:
        """The queries with their grades; without judgments, with none."""
        if self.judgments:
            return read_judged_queries(self.queries, self.judgments)
        return [JudgedQuery(query_id, text, {}) for query_id, text in read_queries(self.queries).items()]


def subject(
    catalog: Path | None,
    queries: Path | None,
    judgments: Path | None,
    data: Path | None,
) -> Subject:
    """The named files, or the sample shop's, which is written if it is missing."""
    if catalog is None:
        shop = DemoShop(data or BENCH_DATA / "sample")
        shop.write()
        folder = shop.catalog.parent
        dev_queries = folder / "queries_dev.tsv"
        dev_judgments = folder / "judgments_dev.tsv"
        return Subject(
            shop.catalog, queries or dev_queries, judgments if queries else dev_judgments, shop.data
        )
    if queries is None:
        raise InvalidRequest("--queries", "is needed with --catalog: tab-separated query_id, query")
    return Subject(catalog, queries, judgments, data or BENCH_DATA / _name(catalog))


def _name(catalog: Path) -> str:
    """A folder's name for a catalogue file, made of its folder's name and its own."""
    return f"{catalog.resolve().parent.name}-{catalog.name.split('.')[0]}"
