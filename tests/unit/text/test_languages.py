from shared.text.analysis import Analysis
from shared.text.detection import detected, languages_of
from shared.text.languages import in_order, language_of

GERMAN = ["Kaffeetasse aus Porzellan mit Untertasse", "Winterjacke für Herren mit Kapuze und Taschen"] * 3
ENGLISH = ["A mug of stoneware with a large handle", "Warm winter jacket for men with a hood"] * 3


def test_the_language_of_a_tag() -> None:
    assert [language_of(code) for code in ("de-AT", "pt_BR", "nb", "EN", "")] == ["de", "pt", "no", "en", ""]


def test_english_comes_first_and_stands_in_for_none() -> None:
    assert in_order(["fr", "en", "de", ""]) == ("en", "de", "fr") and in_order([]) == ("en",)


def test_the_languages_of_a_catalogue_are_detected() -> None:
    assert languages_of(ENGLISH) == ("en",)
    assert languages_of(ENGLISH + GERMAN) == ("en", "de")


def test_a_product_has_its_own_language_or_one_of_the_catalogue() -> None:
    analysis = Analysis(("en", "de"))
    assert analysis.language("de-CH", "") == "de"
    assert analysis.language("fr", GERMAN[0]) == "de"
    assert analysis.language("", ENGLISH[0]) == "en"
    assert detected("", ("en", "de")) == "en"


def test_a_word_is_spelled_in_each_language_of_the_catalogue() -> None:
    assert Analysis(("en", "de")).spellings("schrauben") == ["schrauben", "schraub"]
    assert Analysis(("en", "de")).spellings("schrauben", ("de",)) == ["schraub"]
    assert Analysis(("en", "de")).spellings("schrauben", ("it",)) == ["schrauben", "schraub"]
