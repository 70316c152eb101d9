from pathlib import Path

import pytest

from services.retrieval.synonyms import parsed
from services.retrieval.synonyms_file import SynonymsFile
from shared.catalog.product import Product
from tests.unit.retrieval.snapshot_on_disk import OpenSnapshot

FILE = """
# a shop's words
couch, sofa bed
plimsolls => canvas shoes, pumps   # one way
"fathers day" -> gifts for men
[de-AT]
sessel, fauteuil
[]
hob, cooktop
"""


def found(text: str, typed: str, language: str = "") -> list[tuple[str, ...]]:
    rules, _ = parsed(text)
    return [other for each in rules.of(typed.split(), language) for other in each.others]


def test_phrases_find_each_other_or_one_way() -> None:
    assert found(FILE, "red couches") == [("sofa", "bed")]
    assert found(FILE, "small sofa beds") == [("couch",)]
    assert found(FILE, "plimsolls") == [("canvas", "shoes"), ("pumps",)]
    assert found(FILE, "canvas shoes") == found(FILE, "sofa") == []


def test_rules_of_a_language_are_for_its_queries_and_those_of_none() -> None:
    assert found(FILE, "sessel", "de") == found(FILE, "sessel") == [("fauteuil",)]
    assert found(FILE, "sessel", "fr") == []
    assert found(FILE, "hob", "fr") == [("cooktop",)]


def test_whole_queries_are_replaced() -> None:
    rules, faults = parsed(FILE)
    assert rules.rewritten("Fathers  Day") == "gifts for men" and not faults
    assert rules.rewritten("fathers day mug") == "fathers day mug"


@pytest.mark.parametrize("line", ["sofa", "a =>", "=> b", " -> b", "a ->", "x, " * 500])
def test_a_line_that_is_no_rule_is_named_and_left_out(line: str) -> None:
    rules, faults = parsed(f"{line}\nhob, cooktop")
    assert len(faults) == 1 and faults[0].startswith("line 1: ")
    assert [each.others for each in rules.of(["hob"])] == [(("cooktop",),)]


def test_a_file_is_read_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.retrieval.synonyms_file._LOOK_SECONDS", 0.0)
    path = tmp_path / "synonyms.txt"
    file = SynonymsFile(path)
    assert not file.current().rules
    path.write_text("hob, cooktop", "utf-8")
    assert [each.others for each in file.current().of(["hob"])] == [(("cooktop",),)]
    path.write_bytes(b"\xff\xfe\x00")
    assert list(file.current().of(["hob"]))  # as before
    path.unlink()
    assert not file.current().rules


def test_a_synonym_stands_for_all_words_of_its_phrase(open_snapshot: OpenSnapshot) -> None:
    titles = ("Red couch", "Blue sofa", "Sofa bed, red")
    leg = open_snapshot([Product(f"p{place}", title) for place, title in enumerate(titles)])
    rules, _ = parsed(FILE)
    held = leg.lexical.search("red couch", synonyms=rules).matching()
    assert held.tolist() == [True, False, True]
    assert leg.lexical.search("red sofa bed", synonyms=rules).matching().tolist() == [True, False, True]
    assert leg.lexical.search("red couch").matching().tolist() == [True, False, False]
