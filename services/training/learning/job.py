"""One look of the trainer: makes newer memories, and runs a round of learning if one is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.embedding.opening import open_encoder
from services.feedback.join.tables import Tables
from services.reranker.ranker import Ranker
from services.training.encoder_config import encoder_config
from services.training.learning.click_ranker import ClickSettings
from services.training.learning.config import TrainerConfig
from services.training.learning.judging import mean_reciprocal_rank
from services.training.learning.lock import only_learner
from services.training.learning.pages import count_pages, read_pages
from services.training.learning.product_remembering import remember_products
from services.training.learning.remains import remove_remains
from services.training.learning.remembering import QueryEncoder, build_memory
from services.training.learning.retraining import LearningSettings, Round, learn
from services.training.learning.state import LearningState
from services.training.learning.towers_round import TowersRound, learn_towers_if_due
from services.training.recommending.job import KnownInteractions, train_recommend_job
from services.training.recommending.learning import RecommendRound
from shared import artifacts
from shared.models.registry import Registry
from shared.query_memory.folder import QUERY_MEMORIES
from shared.query_memory.memory import QueryMemory
from shared.snapshot.generation import encoder_version, new_version_name

_HOUR_SECONDS = 3_600.0
_LEAST_GROWTH = 100  # new pages with an open for a round after `retrain_hours`
_WAIT_SECONDS = 60.0  # for another process that learns from the same folder
_DRIFT_PAGES = 500  # newest pages on which drift is measured
_DRIFT_HOURS = 6.0  # least time since the last round before drift is measured


@dataclass(frozen=True)
class Look:
    """The result of one look."""

    memory_version: str = ""  # of the new query memory; empty: none was due
    product_memory_version: str = ""  # of the new product memory
    recommend: RecommendRound | None = None  # the round for recommendations; None: none was due
    due: str = ""  # why a round of learning was due; empty: none was
    round: Round | None = None
    towers: TowersRound | None = None  # the training of the towers; None: none was due

    def report(self) -> dict[str, Any]:
        """For logs and the command line."""
        learnt = self.round.report() if self.round else {}
        versions = {"memory": self.memory_version, "product_memory": self.product_memory_version}
        recommend = self.recommend.report() if self.recommend else {}
        towers = self.towers.report() if self.towers else {}
        return {**versions, "recommend": recommend, "towers": towers, "due": self.due, **learnt}


class Learner:
    """Learns from the tables of a data folder, which another process writes."""

    def __init__(
        self,
        data: Path,
        config: TrainerConfig,
        settings: LearningSettings | None = None,
        wait_seconds: float = _WAIT_SECONDS,
    ) -> None:
        """`settings` None: those of the configuration.

        A look waits up to `wait_seconds` for another process that learns from the same folder.
        """
        self._data = data
        self._config = config
        self._wait_seconds = wait_seconds
        self._settings = settings or learning_settings(config)
        self._tables = Tables(data / "tables")
        self._encoder: QueryEncoder | None = None

    def look(self, now_seconds: float, force: bool = False) -> Look:
        """Make the memories and run the round that are due.

        `force` makes both memories and runs a round of the search ranker, due or not.

        Raises Unavailable if another process learns from the folder for longer than `wait_seconds`.
        """
        with only_learner(self._data, self._wait_seconds):
            remove_remains(self._data)
            return self._look(now_seconds, force)

    def learn_to_recommend(self, now_seconds: float) -> RecommendRound:
        """Run a round of learning for recommendations now. Raises as `look` does."""
        with only_learner(self._data, self._wait_seconds):
            return self._learn_to_recommend(self._known(now_seconds))

    def remember(self, now_seconds: float, force: bool = False) -> Look:
        """Make only the memories that are due. Raises as `look` does."""
        with only_learner(self._data, self._wait_seconds):
            return self._remember(self._known(now_seconds), force)

    def _look(self, now_seconds: float, force: bool) -> Look:
        known = self._known(now_seconds)
        remembered = self._remember(known, force)
        recommend = self._recommend_if_due(known)
        del known  # a round of learning needs the memory
        found = replace(remembered, recommend=recommend)
        pages = count_pages(self._tables)
        learnt = self._with_round(found, pages, now_seconds, force)
        return self._with_towers(learnt, pages, now_seconds)

    def _with_round(self, found: Look, pages: int, now_seconds: float, force: bool) -> Look:
        """The look with a round of the search ranker if one is due."""
        state = LearningState.read(self._data)
        due = "asked for" if force else self._due(state, pages, now_seconds)
        if not due:
            return found
        outcome = learn(self._data, self._tables, self._tables.days(), self._settings)
        report = {"seconds": now_seconds, "due": due, **outcome.report()}
        replace(
            state,
            round_seconds=now_seconds,
            round_pages=pages,
            round_mrr=_mrr_in_use(outcome, state.round_mrr),
        ).with_report(report).write(self._data)
        return replace(found, due=due, round=outcome)

    def _with_towers(self, found: Look, pages: int, now_seconds: float) -> Look:
        """The look with new towers if they are due. Query memories then need the new encoder."""
        towers = learn_towers_if_due(self._data, self._config, pages, now_seconds)
        if towers and not towers.refused:
            self._encoder = None
        return replace(found, towers=towers)

    def _known(self, now_seconds: float) -> KnownInteractions:
        return KnownInteractions.of(self._tables, self._config, now_seconds)

    def _recommend_if_due(self, known: KnownInteractions) -> RecommendRound | None:
        """Run a round `retrain_hours` after the last one, if there are new interactions."""
        state = LearningState.read(self._data)
        waited_hours = (known.now_seconds - state.recommend_seconds) / _HOUR_SECONDS
        unchanged = known.fingerprint in ("", state.recommend_tables)
        if unchanged or waited_hours < self._config.retrain_hours:
            return None
        return self._learn_to_recommend(known)

    def _learn_to_recommend(self, known: KnownInteractions) -> RecommendRound:
        outcome = train_recommend_job(self._data, known)
        state = LearningState.read(self._data)
        seconds, tables = known.now_seconds, known.fingerprint
        replace(state, recommend_seconds=seconds, recommend_tables=tables).write(self._data)
        return outcome

    def _remember(self, known: KnownInteractions, force: bool) -> Look:
        products = remember_products(self._data, known, force)
        return Look(self._remember_queries(known.now_seconds, force), products)

    def _remember_queries(self, now_seconds: float, force: bool) -> str:
        """Returns the version of the new query memory; empty: none was due."""
        state = LearningState.read(self._data)
        recent = now_seconds - state.memory_seconds < self._config.memory_seconds
        if not force and (recent or state.memory_tables == self._tables.fingerprint()):
            return ""
        if not self._tables.days():
            return ""
        root = QUERY_MEMORIES.root(self._data)
        version = new_version_name()
        memory = build_memory(self._tables, now_seconds, self._opened_encoder(), _newest(root))
        QUERY_MEMORIES.write(root, version, memory, now_seconds)
        tables = self._tables.fingerprint()
        replace(state, memory_seconds=now_seconds, memory_tables=tables).write(self._data)
        return version

    def _due(self, state: LearningState, pages: int, now_seconds: float) -> str:
        """Why a round is due, given the number of pages with an open; empty: none is."""
        if pages < self._config.least_pages:
            return ""
        grown = pages - state.round_pages
        if not state.round_pages:
            return f"the first {pages} pages with an open"
        if grown >= self._config.retrain_growth * state.round_pages:
            return f"{grown} more pages with an open"
        waited_hours = (now_seconds - state.round_seconds) / _HOUR_SECONDS
        if waited_hours >= self._config.retrain_hours and grown >= _LEAST_GROWTH:
            return f"{waited_hours:.0f} hours since the last round"
        return self._drift(state) if waited_hours >= _DRIFT_HOURS else ""

    def _drift(self, state: LearningState) -> str:
        """How far the ranker in use fell below its judged MRR; empty if not beyond `drift`."""
        bundle = Registry.of(self._data).chosen()
        days = [day for day in self._tables.days() if day > _day_of(state.round_seconds)]
        if bundle is None or not state.round_mrr or not days:
            return ""
        pages = read_pages(self._tables, days, _DRIFT_PAGES)
        if len(pages) < _DRIFT_PAGES:
            return ""
        now = mean_reciprocal_rank(Ranker.open(bundle.folder), pages)
        fell = state.round_mrr - now > self._config.drift
        return f"MRR fell from {state.round_mrr:.3f} to {now:.3f}" if fell else ""

    def _opened_encoder(self) -> QueryEncoder:
        if self._encoder is None:
            encoder = open_encoder(encoder_config(self._data))

            def encode(texts: Sequence[str]) -> NDArray[np.float32]:
                vectors = [each.vector for each in encoder.encode_queries(texts)]
                return np.array(vectors, np.float32).reshape(-1, encoder.identity.dim)

            self._encoder = QueryEncoder(encoder_version(asdict(encoder.identity)), encode)
        return self._encoder


def learning_settings(config: TrainerConfig) -> LearningSettings:
    """The settings of a round, from the configuration."""
    return LearningSettings(
        max_pages=config.max_pages,
        least_pages=config.least_pages,
        correct_positions=config.correct_positions,
        click=ClickSettings(threads=config.threads),
    )


def _mrr_in_use(outcome: Round, before: float) -> float:
    """MRR of the ranker in use after a round."""
    judged = outcome.judgement
    if judged is None:
        return before
    return judged.mrr_in_use if outcome.refused else judged.mrr


def _day_of(seconds: float) -> date:
    return date.fromtimestamp(seconds)


def _newest(root: Path) -> QueryMemory | None:
    version = artifacts.current(root)
    return QUERY_MEMORIES.read(root, version) if version else None
