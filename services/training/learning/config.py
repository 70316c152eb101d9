"""Settings of the trainer, read from AISLE_TRAINER_*."""

from dataclasses import dataclass

from shared.listening import LOOPBACK


@dataclass(frozen=True)
class TrainerConfig:
    """Defaults suit a shop with some thousand searches a day."""

    host: str = LOOPBACK  # address to listen on; [::] is every address of the machine
    port: int = 50057  # health, reflection and status
    data: str = "data"  # folder of bundles/, memory/, product_memory/ and tables/
    enabled: bool = True  # whether `aisle serve` learns by itself
    check_seconds: float = 30.0  # time between two checks for new tables
    memory_seconds: float = 300.0  # least time between two query memories
    product_memory_seconds: float = 900.0  # least time between two product memories
    interaction_days: int = 400  # days of interactions in a product memory
    max_interactions: int = 30_000_000  # only the newest so many of them are read
    least_pair_visitors: int = 5  # distinct visitors with both products before they count as a pair
    # Whether opens that name no page of their visitor count for recommendations; purchases always
    # do
    counts_without_page: bool = False
    # A round of learning is due after so many hours if there are new pages
    retrain_hours: float = 24.0
    retrain_growth: float = 0.15  # or once pages with an open have grown by this share
    drift: float = 0.05  # or once MRR on the newest pages is so far below the judged MRR
    least_pages: int = 1_500  # pages with an open before the first round
    max_pages: int = 60_000  # only the newest so many pages are used for training
    # Least time between two trainings of the towers, which need the extra `train`, and after which
    # all products are encoded again; 0: never
    towers_hours: float = 0.0
    threads: int = 1  # for training; pages need the others
    correct_positions: bool = True  # whether opens at rarely examined positions count more

    def __post_init__(self) -> None:
        if min(self.check_seconds, self.memory_seconds, self.retrain_hours, self.retrain_growth) <= 0:
            raise ValueError("check_seconds, memory_seconds, retrain_hours, retrain_growth must be above 0")
        if self.towers_hours < 0:
            raise ValueError(f"towers_hours is {self.towers_hours}; use 0 for never, or some hours")
        if self.product_memory_seconds <= 0:
            raise ValueError("product_memory_seconds must be above 0")
        if min(self.interaction_days, self.max_interactions, self.least_pair_visitors) < 1:
            raise ValueError("interaction_days, max_interactions and least_pair_visitors must be at least 1")
        if self.threads < 1:
            raise ValueError(f"threads is {self.threads}; use at least 1")
        if not 1 <= self.least_pages <= self.max_pages:
            raise ValueError("least_pages must be at least 1, and at most max_pages")
