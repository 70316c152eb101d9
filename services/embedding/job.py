"""What an encoder's engine is for."""

from dataclasses import dataclass

QUERY_OUTPUTS = ("vector", "hidden", "states", "token_weights")
PRODUCT_OUTPUTS = ("vector", "states")


@dataclass(frozen=True, slots=True)
class Job:
    """What an engine is for:

    `queries` (every output, latency) or `products` (vector and states, throughput).
    """

    side: str
    threads: int
    max_tokens: int  # of a text, [CLS] and [SEP] included; the rest is not read
    # States of the first so many tokens only, [CLS] included; None: of all
    state_tokens: int | None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that the side needs."""
        return QUERY_OUTPUTS if self.side == "queries" else PRODUCT_OUTPUTS
