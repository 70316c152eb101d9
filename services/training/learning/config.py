"""Settings of the trainer, read from AISLE_TRAINER_*."""

from dataclasses import dataclass

from shared.listening import LOOPBACK


@dataclass(frozen=True)
class TrainerConfig:
    """Defaults suit a shop with some thousand searches a day."""

    host: str = LOOPBACK  # where the trainer listens; [::] is every address of the machine
    port: int = 50057  # health, reflection and status
    data: str = "data"  # folder of bundles/, memory/, product_memory/ and tables/
    enabled: bool = True  # whether `aisle serve` learns by itself
    check_seconds: float = 30.0  # how often to look whether there is something to learn
    memory_seconds: float = 300.0  # from one query memory to the next, at least
    product_memory_seconds: float = 900.0  # from one product memory to the next, at least
    interaction_days: int = 400  # that a product memory is made of
    least_pair_visitors: int = 5  # distinct ones who had both products, before they go together
    # Whether opens that name no page of their visitor's count for recommendations; purchases always
    # do
    counts_without_page: bool = False
    retrain_hours: float = 24.0  # from one round of learning to the next, at most, if pages came
    retrain_growth: float = 0.15  # or once there are so many more pages with an open
    drift: float = 0.05  # or once MRR on the newest pages is so far below what was judged
    least_pages: int = 1_500  # with an open, before anything is learnt
    max_pages: int = 60_000  # the newest that teach
    threads: int = 1  # of training; pages need the others
    correct_positions: bool = True  # whether opens at positions that few look at count more

    def __post_init__(self) -> None:
        if min(self.check_seconds, self.memory_seconds, self.retrain_hours, self.retrain_growth) <= 0:
            raise ValueError("check_seconds, memory_seconds, retrain_hours and retrain_growth are above 0")
        if self.product_memory_seconds <= 0:
            raise ValueError("product_memory_seconds is above 0")
        if min(self.interaction_days, self.least_pair_visitors) < 1:
            raise ValueError("interaction_days and least_pair_visitors are at least 1")
        if self.threads < 1:
            raise ValueError(f"threads is {self.threads}; use at least 1")
        if not 1 <= self.least_pages <= self.max_pages:
            raise ValueError("least_pages is at least 1, and at most max_pages")
