from pathlib import Path

import pytest

from cli.commands.demo import demo
from cli.demo_shop import DemoShop
from sample.languages.reading import LANGUAGES
from sample.tour import STOPS, stops_in
from shared.errors import InvalidRequest


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_a_shop_and_a_tour_of_its_own(language: str, tmp_path: Path) -> None:
    shop = DemoShop(tmp_path, language)
    assert shop.write() == len(shop.products()) >= 300
    assert {row["language_code"] for row in shop.products()} == {language}
    assert len(stops_in(language)) == 4 and stops_in(language) != STOPS


def test_english_keeps_its_tour() -> None:
    assert stops_in("en") == STOPS


def test_a_language_that_the_shop_does_not_speak_is_named_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="'xx'; use one of en, de, es, fr, ja, zh"):
        demo(tmp_path, language="xx")
    with pytest.raises(InvalidRequest, match="leave out --language"):
        demo(tmp_path, language="de", loop=True)
    assert not list(tmp_path.iterdir())
