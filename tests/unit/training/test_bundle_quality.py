from pathlib import Path
from typing import Any

import pytest

from services.training.bundle_quality import Quality, objection, quality_of
from services.training.judged_set import JudgedSet
from services.training.ranker import _of_base
from shared.models.bundle import Bundle


def bundle(name: str, training: Any = None, **metrics: Any) -> Bundle:
    return Bundle(Path(name), name, metrics=metrics, training=training or {})


def unknown(name: str) -> Bundle | None:
    """There is no other bundle."""
    return None


def test_what_training_writes_into_a_report_is_what_a_promotion_reads() -> None:
    quality = Quality(0.8515, 180, {"default": 0.845})
    trained = bundle("new", quality=quality.report())
    assert quality_of(trained) == quality
    assert objection(trained, bundle("default"), unknown) == ""


def test_where_nothing_serves_it_is_enough_to_be_measured() -> None:
    assert objection(bundle("new", quality=Quality(0.1, 20, {}).report()), None, unknown) == ""
    assert "has no measured quality" in objection(bundle("new"), None, unknown)


def test_two_bundles_that_were_measured_beside_each_other_do_not_lead_in_circles() -> None:
    one, two = (
        bundle(name, quality=Quality(0.5, 20, {other: 0.5}).report())
        for name, other in (("one", "two"), ("two", "one"))
    )
    assert "no report compares one with third" in objection(
        one, bundle("third"), lambda name: {"one": one, "two": two}.get(name)
    )


def test_a_ranker_that_has_learnt_from_the_queries_is_compared_by_what_was_held_out_for_it() -> None:
    sets = [JudgedSet("shop/queries.tsv", None, [])]
    report = Quality(0.7, 20, {}).report()
    taught = bundle("base", {"ranker_trained_on": ["shop/queries.tsv"]}, quality=report)
    assert _of_base(taught, sets, [0.9, 1.0]) == 0.7
    assert _of_base(bundle("base", quality=report), sets, [0.9, 1.0]) == pytest.approx(0.95)
