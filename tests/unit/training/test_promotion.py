import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from services.training.promotion import promote
from shared.artifacts import set_current
from shared.errors import Corrupt, InvalidRequest, NotFound
from shared.models import promotions
from shared.models.registry import Registry

RANKER = {"features": ["fused_z"], "prior": {"fused_z": 1.0}}
AS_GOOD = {
    "quality": {
        "ndcg@10": 0.5,
        "queries": 40,
        "beside": dict.fromkeys(("default", "a", "b", "c"), 0.5),
    }
}


def _bundle(folder: Path, version: str, metrics: Any = AS_GOOD, ranker: Any = RANKER) -> None:
    folder.mkdir(parents=True)
    (folder / "ranker.json").write_text(json.dumps(ranker))
    files = {"ranker.json": hashlib.sha256((folder / "ranker.json").read_bytes()).hexdigest()}
    manifest = {"version": version, "files": files, "metrics": metrics}
    (folder / "bundle.json").write_text(json.dumps(manifest))


@pytest.fixture
def bundles(tmp_path: Path) -> Registry:
    _bundle(tmp_path / "shipped", "default", metrics={})
    for version in ("a", "b", "c"):
        _bundle(tmp_path / "bundles" / version, version)
    return Registry(tmp_path / "bundles", tmp_path / "shipped")


def test_the_default_bundle_is_in_use_until_one_is_promoted(bundles: Registry) -> None:
    assert bundles.version_in_use() == "default"
    assert [each.version for each in bundles.all()] == ["default", "a", "b", "c"]
    promote(bundles, "b")
    assert bundles.version_in_use() == "b"


def test_a_rollback_goes_to_what_was_promoted_before_not_to_the_name_before(
    bundles: Registry,
) -> None:
    promote(bundles, "a")
    promote(bundles, "c")
    assert bundles.roll_back() == "a"
    assert bundles.roll_back() == "default"
    assert bundles.version_in_use() == "default"
    with pytest.raises(NotFound, match="default bundle is in use"):
        bundles.roll_back()


def test_the_default_can_be_promoted_again(bundles: Registry) -> None:
    promote(bundles, "a")
    promote(bundles, "default")
    assert bundles.version_in_use() == "default"
    assert bundles.roll_back() == "a"


def test_an_unknown_name_is_refused_with_the_names_there_are(bundles: Registry) -> None:
    with pytest.raises(NotFound, match="default, a, b, c"):
        promote(bundles, "d")
    assert bundles.version_in_use() == "default"


def test_a_bundle_with_a_broken_file_is_not_promoted(bundles: Registry, tmp_path: Path) -> None:
    (tmp_path / "bundles" / "b" / "ranker.json").write_text("[]")
    with pytest.raises(Corrupt, match=r"ranker\.json"):
        promote(bundles, "b")
    assert bundles.version_in_use() == "default"


def test_a_folder_without_bundles_has_only_the_default(tmp_path: Path) -> None:
    _bundle(tmp_path / "shipped", "default")
    bundles = Registry(tmp_path / "none", tmp_path / "shipped")
    assert [each.version for each in bundles.all()] == ["default"]
    promote(bundles, "default")


def test_a_bundle_copied_under_another_name_is_called_as_its_folder_is(bundles: Registry) -> None:
    for name, original in (("mine", bundles.default), ("yours", bundles.root / "a")):
        shutil.copytree(original, bundles.root / name)
    assert [each.version for each in bundles.all()] == ["default", "a", "b", "c", "mine", "yours"]
    assert bundles.version_in_use() == "default"
    assert promote(bundles, "yours").version == bundles.version_in_use() == "yours"


def test_a_copy_that_has_the_name_of_the_default_is_told(
    bundles: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(bundles.root / "a", bundles.root / "default")
    assert [each.version for each in bundles.all()] == ["default", "a", "b", "c"]
    assert bundles.named("default").folder == bundles.default
    assert "bundles/default is left out" in caplog.text


def test_a_bundle_that_cannot_be_read_is_left_out_and_the_others_are_not(
    bundles: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    (bundles.root / "b" / "bundle.json").write_text("{")
    assert [each.version for each in bundles.all()] == ["default", "a", "c"]
    assert "a bundle is left out" in caplog.text
    assert promote(bundles, "c").version == "c"
    with pytest.raises(Corrupt, match=r"b/bundle\.json cannot be read"):
        bundles.named("b")


def _with(bundles: Registry, version: str, **changes: Any) -> None:
    _bundle(bundles.root / version, version, **changes)


def _beside(**values: float) -> Any:
    return {"quality": {"ndcg@10": 0.5, "queries": 40, "beside": values}}


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({}, "has no measured quality"),
        ({"quality": "good"}, "has no measured quality"),
        (
            _beside(default=0.51),
            "is worse than default, which is in use (ndcg@10 0.5000 on 40 queries)",
        ),
        (_beside(other=0.4), "no report compares x with default"),
        (
            {"ranker_held_out_ndcg@10": {"ranker": 0.7, "shipped_prior": 0.8}},
            "is worse than default",
        ),
    ],
)
def test_a_bundle_whose_report_does_not_bear_it_out_is_promoted_by_force_alone(
    bundles: Registry, metrics: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    _with(bundles, "x", metrics=metrics)
    with pytest.raises(InvalidRequest, match=r"^bundle x: is not promoted") as refused:
        promote(bundles, "x")
    assert said in str(refused.value) and bundles.version_in_use() == "default"
    promote(bundles, "x", force=True)
    assert bundles.version_in_use() == "x" and said in caplog.text


def test_a_ranker_of_a_bundle_that_was_better_is_better(bundles: Registry) -> None:
    _with(bundles, "reranker", metrics=_beside(default=0.4))
    _with(bundles, "ranker", metrics=_beside(reranker=0.45))
    promote(bundles, "ranker")
    assert bundles.version_in_use() == "ranker"


def test_what_was_measured_of_the_bundle_in_use_speaks_of_the_one_before(bundles: Registry) -> None:
    _with(bundles, "old", metrics=_beside(default=0.4))
    _with(bundles, "new", metrics=_beside(default=0.4, old=0.45))
    promote(bundles, "new")
    with pytest.raises(InvalidRequest, match="old is worse than new"):
        promote(bundles, "old")


def test_what_aisle_ships_can_always_be_gone_back_to(bundles: Registry) -> None:
    promote(bundles, "a")
    assert promote(bundles, "default").version == "default"


@pytest.mark.parametrize(
    "ranker",
    [
        {"features": ["fused_z"], "prior": {"fused_z": float("nan")}},
        {"features": ["fused_z"], "prior": {"fused_z": float("inf")}},
        {"features": ["fused_z"], "prior": {"fused_z": "much"}},
        {"features": ["mood"], "prior": {}},
        {"prior": {}},
        [],
    ],
)
def test_a_broken_ranker_is_not_promoted_even_by_force(bundles: Registry, ranker: Any) -> None:
    _with(bundles, "x", ranker=ranker)
    with pytest.raises(Corrupt, match=r"bundle x cannot be used: .*x/ranker\.json"):
        promote(bundles, "x", force=True)
    assert bundles.version_in_use() == "default"


def test_a_promotion_that_was_cut_off_has_not_happened(bundles: Registry) -> None:
    promote(bundles, "a")
    # The process was killed before `current` was replaced
    (bundles.root / "promotions").write_text("a\nb\n")
    assert promotions.history(bundles.root, "default") == ["a"]
    assert bundles.roll_back() == "default"


def test_a_rollback_that_was_cut_off_has_happened(bundles: Registry) -> None:
    promote(bundles, "a")
    promote(bundles, "b")
    set_current(bundles.root, "a")  # the process was killed before `promotions` was shortened
    assert promotions.history(bundles.root, "default") == ["a"]
    assert bundles.roll_back() == "default"


def test_a_bundle_that_is_promoted_again_is_recorded_once(bundles: Registry) -> None:
    promote(bundles, "a")
    promote(bundles, "a")
    assert bundles.roll_back() == "default"


def test_a_promoted_name_that_is_no_bundle_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles/current").write_text("garbage")
    with pytest.raises(
        NotFound, match=r"bundles/current names 'garbage', which is no bundle; write the name"
    ):
        Registry.of(tmp_path).chosen()


def test_bundles_are_listed_oldest_first_without_those_in_the_making(tmp_path: Path) -> None:
    for name in ("20260102T000000Z", "20260101T000000Z", ".tmp-20260103T000000Z"):
        _bundle(tmp_path / "bundles" / name, name)
    listed = Registry(tmp_path / "bundles", tmp_path / "shipped").all()
    assert [each.version for each in listed] == ["20260101T000000Z", "20260102T000000Z"]
    assert Registry(tmp_path / "none", tmp_path / "shipped").all() == []
