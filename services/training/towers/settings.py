"""Settings for training the towers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TowerSettings:
    """The defaults suit two ordinary cores and some thousand queries."""

    # Draws of a query: this number times the square root of its clicks
    draws: float = 2.0
    most_draws: int = 24  # of one query
    hard_negatives: int = 1  # from the candidates that retrieval finds for the query
    random_negatives: int = 1  # from the catalogue; they keep other products in place
    hardest: int = 5  # first candidates to skip: many of them are as good
    recalled: int = 60  # candidates to read
    batch_pairs: int = 32
    learning_rate: float = 5e-5
    warm_up: float = 0.1  # share of the steps; then the rate falls linearly to 0
    weight_decay: float = 0.01
    dropout: float = 0.1
    scale: float = 20.0  # of cosines, before the softmax
    # Popular products are often negatives: this share of their log-frequency is subtracted
    popularity_share: float = 1.0
    anchor_share: float = 4.0  # weight of the loss that keeps vectors in place
    state_share: float = 1.0  # the same for states of tokens, which the reranker reads
    most_steps: int = 300
    eval_steps: int = 50
    patience: int = 3  # evaluations without a better one before training ends
    bf16: bool | None = None  # None: if that is faster
    threads: int = 1  # two are slower beside other work, such as serving pages
    seed: int = 0
