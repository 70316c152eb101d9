"""From settings to a retrieval service."""

from pathlib import Path

from services.retrieval.config import RetrievalConfig
from services.retrieval.retriever import Retriever
from services.retrieval.service import RetrievalService
from services.retrieval.snapshots import Snapshots
from services.retrieval.synonyms_file import SYNONYMS, SynonymsFile
from shared.query_memory.follower import MemoryFollower


def retrieval_service(
    snapshots: Snapshots, config: RetrievalConfig, data: Path, memory: MemoryFollower
) -> RetrievalService:
    """The service over the opened snapshots; `memory` is asked unless the settings rule it out."""
    synonyms = SynonymsFile(Path(config.synonyms) if config.synonyms else data / SYNONYMS)
    retriever = Retriever(config.leg_limit, config.dense_floor, config.memory_limit)
    known = memory if config.memory_limit else None
    return RetrievalService(snapshots, retriever, config.correct_spelling, known, synonyms)
