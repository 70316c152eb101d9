"""Removes what killed learners left unfinished in a data folder."""

from pathlib import Path

from services.training.learning.state import remove_unwritten
from shared import artifacts
from shared.models.bundle import FOLDER
from shared.product_memory.folder import PRODUCT_MEMORIES
from shared.query_memory.folder import QUERY_MEMORIES

_DAY_SECONDS = 86_400.0  # commands write bundles, too, and do not hold the learner's lock


def remove_remains(data: Path) -> None:
    """Remove unfinished memories, states and bundles. Only the learner of the folder may call it."""
    for memories in (QUERY_MEMORIES, PRODUCT_MEMORIES):
        artifacts.remove_remains(memories.root(data))
    artifacts.remove_remains(data / FOLDER, _DAY_SECONDS)
    remove_unwritten(data)
