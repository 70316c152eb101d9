"""Retrieves and ranks judged queries in this process, on a catalogue's snapshot.

Gives the candidates that retrieval finds, and the features that the ranker reads.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from services.embedding.encoder import TextEncoder
from services.embedding.encoding import QueryEncoding
from services.embedding.hash_encoder import HashEncoder
from services.embedding.opening import open_encoder
from services.reranker.candidates import Candidates
from services.reranker.config import RerankerConfig
from services.reranker.deadline import Deadline
from services.reranker.opening import open_reranker
from services.reranker.query import EncodedQuery
from services.reranker.reranker import Reranker, Reranking
from services.reranker.service import product_texts
from services.reranker.training.quality import qualities
from services.reranker.training.ranking_group import RankingGroup
from services.retrieval.candidates import Candidates as Retrieved
from services.retrieval.filters import AnyOf, Filter
from services.retrieval.request import Request
from services.retrieval.retriever import Retriever
from services.retrieval.snapshots import Snapshot
from services.training.encoder_config import encoder_config
from services.training.evaluation.judgments import JudgedQuery
from shared import artifacts
from shared.errors import NotFound
from shared.snapshot.generation import snapshots_of
from shared.text.query import normalise

# Indexes a catalogue file into a data folder, encoded with the named bundle
IndexFile = Callable[[Path, Path, str], object]


@dataclass(frozen=True, slots=True)
class Page:
    """A query, corrected and encoded, and the candidates that retrieval found for it."""

    query: EncodedQuery
    candidates: Candidates


@dataclass(frozen=True)
class JudgedShop:
    """An opened snapshot with encoder, retriever and reranker. Uses no deadline and no network."""

    snapshot: Snapshot
    encoder: TextEncoder | HashEncoder
    retriever: Retriever
    reranker: Reranker | None

    @classmethod
    def open(cls, data: Path, bundle: str = "", reranked: bool = True) -> JudgedShop:
        """Open DATA's newest snapshot with a bundle of DATA; `reranked` False: without a reranker.

        Raises NotFound if DATA has no snapshot.
        """
        version = artifacts.current(snapshots_of(data))
        if version is None:
            raise NotFound(f"{data} has no snapshot; index a catalogue first")
        config = RerankerConfig()
        reranker = open_reranker(data, version, config, product_texts, bundle) if reranked else None
        encoder = open_encoder(replace(encoder_config(data, bundle), engine="onnxruntime-fp32"))
        return cls(Snapshot.open(snapshots_of(data) / version), encoder, Retriever(), reranker)

    def recall(self, query: str, limit: int = 100) -> Retrieved:
        """The fused candidates of a query, best first."""
        return self._retrieve(self.corrected(query), limit=limit)

    def orders(self, query: str) -> dict[str, list[str]]:
        """The product ids of a query in the order of each tier, best first."""
        corrected = self.corrected(query)
        found = self._retrieve(corrected)
        places = {"fused": np.arange(len(found.rows))}
        if self.reranker is not None:
            places["reranked"] = self.reranked(self._page(corrected, found)).order
        return {
            tier: self.snapshot.products.product_ids(np.asarray(found.rows)[order])
            for tier, order in places.items()
        }

    def groups(self, judged: JudgedQuery) -> list[RankingGroup]:
        """The ranker's features for a query, on all products and on its judged ones alone."""
        query = self.corrected(judged.text)
        alone = Filter("product_id", AnyOf(tuple(judged.grades)))
        found = (self._retrieve(query), self._retrieve(query, (alone,)))
        return [self._group(judged, query, candidates) for candidates in found if len(candidates.rows)]

    def qualities(self, groups: Sequence[RankingGroup]) -> list[float]:
        """nDCG@10 of groups in the order of the bundle's ranker."""
        assert self.reranker is not None
        scores = [self.reranker.ranker.score(group.features) for group in groups]
        return [float(value) for value in qualities(groups, scores)]

    def corrected(self, query: str) -> str:
        """The normalised query with its spelling corrected, as retrieval uses it."""
        return self.snapshot.spelling.correct(normalise(query))

    def rows(self, product_ids: Sequence[str]) -> list[int | None]:
        """The rows of products; None for a product that is not in the catalogue."""
        return [self.snapshot.products.row(product_id) for product_id in product_ids]

    def page(self, query: str) -> Page:
        """The candidates of a typed query, as its page reads them. The shop has a reranker."""
        corrected = self.corrected(query)
        return self._page(corrected, self._retrieve(corrected))

    def reranked(self, page: Page) -> Reranking:
        """The page's candidates in the order of the reranker."""
        assert self.reranker is not None
        return self.reranker.rerank(page.query, page.candidates, None, Deadline(math.inf))

    def _encoding(self, query: str) -> QueryEncoding:
        return self.encoder.encode_queries([query])[0]

    def _retrieve(self, query: str, filters: tuple[Filter, ...] = (), limit: int = 400) -> Retrieved:
        vector = self._encoding(query).vector
        return self.retriever.retrieve(self.snapshot, Request(query, vector, filters=filters, limit=limit))

    def _page(self, query: str, found: Retrieved) -> Page:
        encoding = self._encoding(query)
        encoded = EncodedQuery(query, encoding.hidden, encoding.states, encoding.token_weights)
        return Page(encoded, _columns(found))

    def _group(self, judged: JudgedQuery, query: str, found: Retrieved) -> RankingGroup:
        reranking = self.reranked(self._page(query, found))
        grades = {
            row: judged.grades[each]
            for each, row in zip(judged.grades, self.rows(list(judged.grades)), strict=True)
        }
        known = np.array([grades.get(int(row), math.nan) for row in found.rows], dtype=np.float32)
        return RankingGroup(query, reranking.features, known)


def _columns(found: Retrieved) -> Candidates:
    return Candidates(
        rows=np.asarray(found.rows, np.int64),
        lexical_scores=np.asarray(found.lexical_scores, np.float32),
        dense_scores=np.asarray(found.dense_scores, np.float32),
        fused_scores=np.asarray(found.fused_scores, np.float32),
        lexical_ranks=np.asarray(found.lexical_ranks, np.float32),
        dense_ranks=np.asarray(found.dense_ranks, np.float32),
    )


def workshop_data(data: Path, catalog: Path | None, bundle: str, index: IndexFile) -> Path:
    """A data folder with a snapshot of `catalog` by the bundle; without `catalog`, DATA.

    It is kept under DATA/workshop, so that the next job on the same file need not index it. Raises
    NotFound if there is no such file.
    """
    if catalog is None:
        return data
    if not catalog.is_file():
        raise NotFound(f"{catalog}: there is no such catalogue file")
    named = f"{catalog.resolve()} {catalog.stat().st_mtime_ns}"
    folder = data / "workshop" / hashlib.blake2b(named.encode(), digest_size=6).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "bundles").exists():
        (folder / "bundles").symlink_to((data / "bundles").resolve(), target_is_directory=True)
    index(catalog, folder, bundle)
    return folder
