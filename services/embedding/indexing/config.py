"""Settings of the indexer, read from AISLE_INDEXING_*."""

from dataclasses import dataclass

from shared.listening import LOOPBACK
from shared.text.dictionaries import Dictionaries


@dataclass(frozen=True)
class IndexingConfig:
    """When catalogue writes become visible, and when they are compacted into a new snapshot."""

    host: str = LOOPBACK  # listening address; [::] is every address of the machine
    port: int = 50056  # of its health checks
    data: str = "data"  # folder of bundles/, and of snapshots/, which it writes
    # Most writes applied together: larger batches are faster, smaller ones are visible sooner
    batch_products: int = 64
    least_records: int = 5_000  # records after a snapshot from which on a new one may be made
    # The same as a share of the snapshot's products; the greater of the two counts
    share_of_products: float = 0.2
    # The same regardless of the share: newer vectors are searched one by one
    most_records: int = 50_000
    max_age_seconds: float = 3_600  # of the oldest write that is in no snapshot
    # Accept a log that ends before what the snapshot contains; for one start
    accept_log: bool = False
    # Languages whose words `aisle index` cuts by a dictionary, such as "ja,zh"; "none" cuts all into
    # pairs of letters. Empty: as the current snapshot
    dictionaries: str = ""
    refresh_seconds: float = 1.0  # how often to check for another snapshot or bundle

    def __post_init__(self) -> None:
        if min(self.batch_products, self.least_records, self.most_records) < 1:
            raise ValueError("batch_products, least_records and most_records are at least 1")
        if min(self.share_of_products, self.max_age_seconds) < 0 or self.refresh_seconds <= 0:
            raise ValueError(
                "share_of_products and max_age_seconds are at least 0, and refresh_seconds more than 0"
            )

    def cut_by(self) -> Dictionaries | None:
        """The dictionaries; None: those of the current snapshot. Raises InvalidRequest."""
        if not self.dictionaries.strip():
            return None
        named = [each.strip() for each in self.dictionaries.split(",")]
        return Dictionaries.named(each for each in named if each not in ("", "none"))

    def record_limit(self, product_count: int) -> int:
        """How many records may follow a snapshot of so many products."""
        return int(min(max(self.least_records, self.share_of_products * product_count), self.most_records))
