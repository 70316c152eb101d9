"""How the towers are trained."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TowerSettings:
    """The defaults suit two ordinary cores and some thousand queries."""

    # Pairs of a query are drawn this often, times the square root of its clicks
    draws: float = 2.0
    most_draws: int = 24  # of one query
    hard_negatives: int = 1  # of what the engine recalls for the query
    random_negatives: int = 1  # of the catalogue; they hold other products where they are
    hardest: int = 5  # places of the recalled list that are left out: many are as good
    recalled: int = 60  # places of the recalled list that are read
    batch_pairs: int = 32
    learning_rate: float = 5e-5
    warm_up: float = 0.1  # of the steps; then the rate falls to 0 in a line
    weight_decay: float = 0.01
    dropout: float = 0.1
    scale: float = 20.0  # of cosines, before the softmax
    # Popular products come up as negatives often: this share of their log-frequency is taken off
    popularity_share: float = 1.0
    anchor_share: float = 4.0  # how much vectors are held where they were
    state_share: float = 1.0  # and states of tokens, which the reranker reads
    most_steps: int = 300
    eval_steps: int = 50
    patience: int = 3  # evaluations without a better one before training ends
    bf16: bool | None = None  # None: where the CPU has it
    threads: int = 1  # two are slower alongside other work, such as a serving engine
    seed: int = 0
