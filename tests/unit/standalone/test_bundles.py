import hashlib
import json
from pathlib import Path

import pytest

from services.standalone.bundles import Bundles
from shared.errors import Corrupt, NotFound


def _bundle(folder: Path, version: str) -> None:
    folder.mkdir(parents=True)
    (folder / "ranker.json").write_text("{}")
    files = {"ranker.json": hashlib.sha256(b"{}").hexdigest()}
    (folder / "bundle.json").write_text(json.dumps({"version": version, "files": files}))


@pytest.fixture
def bundles(tmp_path: Path) -> Bundles:
    _bundle(tmp_path / "shipped", "default")
    for version in ("a", "b", "c"):
        _bundle(tmp_path / "bundles" / version, version)
    return Bundles(tmp_path / "bundles", tmp_path / "shipped")


def test_the_default_bundle_is_in_use_until_one_is_promoted(bundles: Bundles) -> None:
    assert bundles.in_use() == "default"
    assert [each.version for each in bundles.all()] == ["default", "a", "b", "c"]
    bundles.promote("b")
    assert bundles.in_use() == "b"


def test_a_rollback_goes_to_what_was_promoted_before_not_to_the_name_before(bundles: Bundles) -> None:
    bundles.promote("a")
    bundles.promote("c")
    assert bundles.rollback() == "a"
    assert bundles.rollback() == "default"
    assert bundles.in_use() == "default"
    with pytest.raises(NotFound, match="default bundle is in use"):
        bundles.rollback()


def test_the_default_can_be_promoted_again(bundles: Bundles) -> None:
    bundles.promote("a")
    bundles.promote("default")
    assert bundles.in_use() == "default"
    assert bundles.rollback() == "a"


def test_an_unknown_name_is_refused_with_the_names_there_are(bundles: Bundles) -> None:
    with pytest.raises(NotFound, match="default, a, b, c"):
        bundles.promote("d")
    assert bundles.in_use() == "default"


def test_a_bundle_with_a_broken_file_is_not_promoted(bundles: Bundles, tmp_path: Path) -> None:
    (tmp_path / "bundles" / "b" / "ranker.json").write_text("[]")
    with pytest.raises(Corrupt, match=r"ranker\.json"):
        bundles.promote("b")
    assert bundles.in_use() == "default"


def test_a_folder_without_bundles_has_only_the_default(tmp_path: Path) -> None:
    _bundle(tmp_path / "shipped", "default")
    bundles = Bundles(tmp_path / "none", tmp_path / "shipped")
    assert [each.version for each in bundles.all()] == ["default"]
    bundles.promote("default")


def test_a_bundle_that_cannot_be_read_is_left_out_and_the_others_are_not(
    bundles: Bundles, caplog: pytest.LogCaptureFixture
) -> None:
    (bundles.root / "b" / "bundle.json").write_text("{")
    assert [each.version for each in bundles.all()] == ["default", "a", "c"]
    assert "a bundle is left out" in caplog.text
    assert bundles.promote("c").version == "c"
    with pytest.raises(Corrupt, match=r"b/bundle\.json cannot be read"):
        bundles.named("b")
