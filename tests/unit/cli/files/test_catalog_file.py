from pathlib import Path

import pytest

from cli.demo_shop import DemoShop
from cli.files.catalog_file import CatalogFile
from cli.terminal.work_bars import WorkBars
from services.embedding.indexing.progress import Silent
from shared.artifacts import set_current
from shared.errors import InvalidRequest


def test_rejected_rows_are_counted_and_the_others_pass(tmp_path: Path) -> None:
    path = tmp_path / "catalog.jsonl"
    path.write_text(
        '{"product_id": "1", "title": "a"}\n{"product_id": "2"}\n{"product_id": "3", "title": "c"}\n'
    )
    file = CatalogFile(path)
    assert [product.product_id for product in file.products(Silent())] == ["1", "3"]
    assert (file.rows, file.rejected) == (3, 1)
    assert [(one.line, one.field) for one in file.rejections] == [(2, "title")]


@pytest.mark.parametrize(("content", "reason"), [("", "is empty"), ('{"product_id": "2"}', "line 1: title")])
def test_a_file_without_a_valid_product_is_refused(
    tmp_path: Path,
    content: str,
    reason: str,
) -> None:
    path = tmp_path / "catalog.jsonl"
    path.write_text(content)
    with pytest.raises(InvalidRequest, match=reason):
        list(CatalogFile(path).products(Silent()))


def test_the_demo_is_indexed_again_when_its_catalogue_changes(tmp_path: Path) -> None:
    shop = DemoShop(tmp_path)
    shop.catalog.parent.mkdir()
    shop.catalog.write_text('{"product_id": "1", "title": "a"}\n')
    assert not shop.indexed()
    (tmp_path / "snapshots").mkdir()
    set_current(tmp_path / "snapshots", "s1")
    shop.note_indexed()
    assert shop.indexed()
    shop.catalog.write_text('{"product_id": "1", "title": "b"}\n')
    assert not shop.indexed()


def test_bars_are_silent_away_from_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with WorkBars.shown() as bars:
        bars.read(1, 2)
        bars.encoded(2, 2)
        bars.counting("Queries", 3)(1)
    assert capsys.readouterr() == ("", "")
