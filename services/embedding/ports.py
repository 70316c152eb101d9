"""The port of the engines that run the encoder."""

from collections.abc import Mapping
from typing import Protocol

from services.embedding.encoding import Floats
from services.embedding.tokens import Ids

Outputs = Mapping[str, Floats]  # by name, see graph.build


class Engine(Protocol):
    """Runs batches. Several threads may call it."""

    @property
    def name(self) -> str:
        """The name in the configuration and in the status."""

    @property
    def batches(self) -> bool:
        """Whether a text's result does not depend on the other texts of its batch."""

    @property
    def at_once(self) -> int:
        """The number of batches that it runs side by side when called from as many threads.

        Each uses its share of the cores.
        """

    def run(self, ids: Ids, mask: Floats) -> Outputs:
        """The outputs for a padded batch."""
