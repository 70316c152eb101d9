"""A catalogue adapts the block and the ranker to itself: grade, train, judge, promote, rank."""

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from cli.files.indexed import index_file
from services.reranker.service import product_texts
from services.training.adapting.grading import Grader
from services.training.adapting.job import AdaptOptions, _part, adapt_job
from services.training.adapting.pseudo_queries import make_pseudo_queries
from services.training.adapting.score_store import ScoreStore
from services.training.adapting.teacher import Teacher, teacher_folder
from services.training.judged_shop import JudgedShop
from services.training.promotion import objection_to, promote
from services.training.ranker import base_bundle
from shared.errors import InvalidRequest, NotFound
from shared.models.bundle import BLOCK, HEADS
from shared.models.registry import Registry
from tests.unit.reranker.tiny_models import save_cross_encoder

PRODUCTS = 160
QUERIES = 80
MAKERS = ("Acme", "Bolt", "Corvo", "Delta", "Ember", "Fjord", "Gusto", "Heron")


@pytest.fixture(scope="module")
def _indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of kettles and lamps, and a teacher that counts the words of a query in a product."""
    tmp_path = tmp_path_factory.mktemp("adapting")
    rows = [
        {
            "id": f"p{n}",
            "title": f"{MAKERS[n % 8]} {('red', 'blue')[n % 2]} {('kettle', 'lamp')[n // 2 % 2]} X{n}",
            "brand": MAKERS[n % 8],
        }
        for n in range(PRODUCTS)
    ]
    (tmp_path / "catalog.jsonl").write_text("\n".join(map(json.dumps, rows)))
    index_file(tmp_path / "catalog.jsonl", tmp_path / "shop")
    teacher = tmp_path / "shop" / "models" / "counter"
    teacher.mkdir(parents=True)
    save_cross_encoder(teacher)
    return tmp_path / "shop"


@pytest.fixture
def data(_indexed: Path, tmp_path: Path) -> Path:
    """The shop, for one test."""
    return Path(shutil.copytree(_indexed, tmp_path / "shop"))


def _adapt(data: Path, advance: Callable[[int], None] = lambda _: None, **options: Any) -> dict[str, Any]:
    chosen = {"teachers": ["counter"], "queries": QUERIES, "least_queries": 5, "epochs": 1, **options}
    return adapt_job(data, base_bundle(data, ""), AdaptOptions(**chosen), advance, lambda _: None)


def test_an_adapted_bundle_serves_the_snapshot_that_is_there_once_its_report_allows_it(data: Path) -> None:
    base = base_bundle(data, "")
    report = _adapt(data)
    made = Registry.of(data).named(report["bundle_version"])
    assert made.files[HEADS] == base.files[HEADS]
    assert BLOCK in made.files and BLOCK not in base.files
    assert report["parent"] == base.version
    assert report["taught_by"] > report["queries"] >= 5
    assert made.metrics["quality"]["beside"] == {base.version: report["ndcg@10"]["before"]}
    assert objection_to(Registry.of(data), made.version) == report["refused"]
    if report["refused"]:
        with pytest.raises(InvalidRequest, match="is not promoted"):
            promote(Registry.of(data), made.version)
    promote(Registry.of(data), made.version, force=True)
    shop = JudgedShop.open(data)
    assert shop.reranker is not None
    assert shop.reranker.bundle_version == made.version
    ranked = shop.reranked(shop.page("red kettle"))
    assert np.isfinite(ranked.relevance_scores).all() and ranked.block_scored_count


def test_lessons_have_fewer_products_than_queries_that_measure(data: Path) -> None:
    shop = JudgedShop.open(data)
    products = shop.snapshot.products
    made = make_pseudo_queries([products.product(row) for row in range(len(products))], 20, 0)
    with closing(ScoreStore(data / "workshop" / "adapt" / "scores.sqlite")) as store:
        teacher = Teacher.open(teacher_folder(data, "counter"), store)
        grader = Grader(shop, [teacher], product_texts(products), 0)
        pairs = [(grader.graded(each, True), grader.graded(each, False)) for each in made]
    found = [(len(whole.places), len(few.places)) for whole, few in pairs if whole and few]
    assert len(found) > 5
    assert {whole for whole, _ in found} <= {18, 19}  # with the product that the query was made from
    assert {few for _, few in found} <= {10, 11}


def test_later_queries_teach_so_that_a_long_run_does_not_only_measure() -> None:
    parts = [_part(place) for place in range(10_000)]
    assert parts[:7] == [0, 1, 2, 2, 2, 2, 0]
    assert parts.count(0) == parts.count(1) == 300
    assert set(parts[-5_000:]) == {2}


class _Stopped(Exception):
    """As if the process had been killed."""


def test_a_run_that_was_stopped_goes_on_and_ends_as_if_it_had_not_been(data: Path) -> None:
    tried = []

    def stop(count: int) -> None:
        tried.append(count)
        if len(tried) == QUERIES // 2:
            raise _Stopped

    with pytest.raises(_Stopped):
        _adapt(data, stop)
    half = _scores(data)
    assert half > 0
    after_stop = _adapt(data)
    assert _scores(data) > half
    whole = _scores(data)
    again = _adapt(data)
    assert _scores(data) == whole  # nothing was asked of the teacher
    del after_stop["bundle_version"], again["bundle_version"]
    assert after_stop == again
    assert not list((data / "bundles").glob(".*"))


def _scores(data: Path) -> int:
    store = ScoreStore(data / "workshop" / "adapt" / "scores.sqlite")
    try:
        return store.count()
    finally:
        store.close()


def test_what_is_missing_is_named_with_its_remedy(data: Path) -> None:
    with pytest.raises(NotFound, match="aisle models fetch nobody"):
        _adapt(data, teachers=["nobody"])
    with pytest.raises(InvalidRequest, match=r"--minutes.*run it again"):
        _adapt(data, minutes=0.0)
    assert len(list((data / "bundles").glob("*"))) == 0
