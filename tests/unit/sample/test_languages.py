import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from sample import write_sample
from sample.barcode import check_digit
from sample.languages.agreement import agree
from sample.languages.asking import Wanted
from sample.languages.judging import Judged, grade, judged_queries
from sample.languages.product import Made, catalog
from sample.languages.reading import LANGUAGES, goods, shop
from sample.languages.wording import NUMBER
from shared.catalog.rows import product_of
from shared.catalog.validation import violations

each_language = pytest.mark.parametrize("language", LANGUAGES)
FILES = ["judgments_dev.tsv", "products.jsonl", "queries_dev.tsv"]


@cache
def made_in(language: str) -> list[Made]:
    return catalog(language, 7)


@cache
def judged_in(language: str) -> list[Judged]:
    return judged_queries(language, 7)


@each_language
def test_writing_twice_gives_the_same_bytes_and_another_seed_others(language: str, tmp_path: Path) -> None:
    for folder, seed in (("one", 7), ("two", 7), ("three", 8)):
        write_sample(tmp_path / folder, seed, language)
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == FILES
    for file in FILES:
        one, two, three = ((tmp_path / folder / file).read_bytes() for folder in ("one", "two", "three"))
        assert one == two != three


def test_a_language_that_the_shop_does_not_speak_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="language is 'tlh'; use one of en, de"):
        write_sample(tmp_path, language="tlh")


@each_language
def test_the_shop_has_hundreds_of_valid_products_in_its_language(language: str) -> None:
    made = made_in(language)
    assert len(made) >= 300
    for one in made:
        assert not violations(product_of(json.loads(json.dumps(one.row))))
        assert one.row["language_code"] == language
        assert one.row["gtin"].endswith(check_digit(one.row["gtin"][:-1]))
    assert len({one.product_id for one in made}) == len({one.row["gtin"] for one in made}) == len(made)


def test_the_languages_share_no_id_and_no_barcode() -> None:
    everything = [one for language in LANGUAGES for one in made_in(language)]
    assert max(Counter(one.row["gtin"] for one in everything).values()) == 1
    assert max(Counter(one.product_id for one in everything).values()) == 1


@each_language
def test_every_value_of_every_kind_has_a_word(language: str) -> None:
    spoken = shop(language)
    used = {value for each in goods() for name, values in each.traits if name != NUMBER for value in values}
    used |= {each.unit for each in goods() if each.unit}
    assert used == set(spoken.words)
    assert set(spoken.kinds) == {each.key for each in goods()}
    assert {kind for kinds in spoken.heads.values() for kind in kinds} <= set(spoken.kinds)
    assert {near for each in goods() for near in each.near} <= set(spoken.kinds)


@each_language
def test_titles_are_tidy_and_name_what_they_sell(language: str) -> None:
    for one in made_in(language):
        title = one.row["title"]
        assert one.noun.title.text.lower() in title.lower() and one.brand.name in title
        assert not any(untidy in title for untidy in ("  ", " ,", ",,", "()", "( ", " )", "{", "+", "/"))
        assert title[0] not in " ,–" and title[-1] not in " ,–"


@each_language
def test_there_are_many_queries_of_many_manners_and_none_is_asked_twice(language: str) -> None:
    judged = judged_in(language)
    assert len(judged) >= 60
    assert len({one.manner for one in judged}) >= 12
    assert len({one.text for one in judged}) == len(judged)


@each_language
def test_every_query_has_a_product_of_grade_3_and_ones_of_grade_0(language: str) -> None:
    known = {one.product_id for one in made_in(language)}
    for one in judged_in(language):
        ids = [product_id for product_id, _ in one.grades]
        assert {0, 3} <= {level for _, level in one.grades} <= {0, 1, 2, 3}, one.text
        assert len(ids) == len(set(ids)) and known.issuperset(ids)


def test_a_condition_met_in_part_costs_one_grade_and_one_not_met_at_all_two() -> None:
    made = next(one for one in made_in("de") if one.kind.key == "rain_jacket")
    first, other = made.traits[0], ("color", "no such color")
    assert grade(Wanted(("rain_jacket",)), made) == 3
    assert grade(Wanted(("rain_jacket",), (first,)), made) == 3
    assert grade(Wanted(("rain_jacket",), (first, other)), made) == 2
    assert grade(Wanted(("rain_jacket",), (other,), "nobody"), made) == 1
    assert grade(Wanted(("down_jacket",)), made) == 1
    assert grade(Wanted(("down_jacket",), (first,)), made) == 0
    assert grade(Wanted(("kettle",)), made) == 0


@pytest.mark.parametrize(
    ("written", "gender", "language", "form"),
    [
        ("leise+", "f", "de", "leise"),
        ("leise+", "n", "de", "leises"),
        ("robust+", "mp", "de", "robuste"),
        ("robust+", "", "de", "robust"),
        ("flexibel/flexibler/flexible/flexibles/flexible", "m", "de", "flexibler"),
        ("vert+", "fp", "fr", "vertes"),
        ("robuste+", "f", "fr", "robuste"),
        ("doux/douce/doux/douces", "fp", "fr", "douces"),
        ("rojo+", "fp", "es", "rojas"),
        ("azul+", "mp", "es", "azules"),
        ("beige", "fp", "es", "beige"),
        ("防水", "", "ja", "防水"),
    ],
)
def test_adjectives_agree(written: str, gender: str, language: str, form: str) -> None:
    assert agree(written, gender, language) == form
