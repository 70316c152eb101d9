"""The purpose of an encoder's engine."""

from dataclasses import dataclass

QUERY_OUTPUTS = ("vector", "hidden", "states", "token_weights")
PRODUCT_OUTPUTS = ("vector", "states")


@dataclass(frozen=True, slots=True)
class Job:
    """The purpose of an engine.

    `queries` needs every output with low latency, `products` needs vectors and states with high
    throughput.
    """

    side: str
    threads: int
    max_tokens: int  # of a text, with [CLS], [SEP] and the prompt; the rest is ignored
    # Number of tokens whose states are made, with [CLS]; None: all
    state_tokens: int | None = None
    prompt: str = ""  # put before each text
    prompt_tokens: int = 0  # of the prompt, which follow [CLS]; they have no states
    needed: tuple[str, ...] = ()  # outputs; empty: those of the side

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs to make."""
        return self.needed or (QUERY_OUTPUTS if self.side == "queries" else PRODUCT_OUTPUTS)
