import json
from pathlib import Path

import pytest

from cli.commands.evaluate import evaluate
from cli.commands.evaluate_recommend import evaluate_recommendations
from cli.terminal.console import out
from shared.errors import InvalidRequest, NotFound

ROWS = [
    f"v{visitor}\to{day}-{visitor}\t2026-03-{day:02}\t{product}\t1\t2.0"
    for day in (1, 5, 9, 13)
    for visitor in range(6)
    for product in ("tea", f"p{visitor}")
]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(out, "width", 160)


@pytest.fixture
def bought(tmp_path: Path) -> Path:
    path = tmp_path / "bought.tsv"
    path.write_text("\n".join(["user\tbasket\ttime\tproduct_id\tquantity\tprice", *ROWS]))
    return path


def test_every_way_is_shown_beside_what_followed(
    tmp_path: Path, bought: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate(data=tmp_path, recommend=True, purchases=bought, keep_days=3.0, as_json=True)
    report = json.loads(capsys.readouterr().out)
    assert report["questions"]["next basket"]["pages"] == 6
    evaluate_recommendations(tmp_path, bought, 3.0)
    shown = capsys.readouterr().out
    for text in ("next basket, 6 pages", "recall@20", "Aisle, formula", "what followed"):
        assert text in shown


def test_a_customer_is_shown_what_was_recommended_and_bought(
    tmp_path: Path, bought: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate_recommendations(tmp_path, bought, 3.0, customer="v2")
    shown = capsys.readouterr().out
    assert "v2 before 2026-03-11: 2 bought products are remembered" in shown
    assert "on 3 days" in shown and "what this visitor buys again" in shown
    evaluate_recommendations(tmp_path, bought, 3.0, customer="v2", as_json=True)
    assert set(json.loads(capsys.readouterr().out)["later"]) == {"p2", "tea"}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="--queries: is needed to judge searches"):
        evaluate(data=tmp_path)
    with pytest.raises(NotFound, match="its tables have no interactions that count"):
        evaluate_recommendations(tmp_path)
