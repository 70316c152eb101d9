import pytest

from shared.text.cleaning import clean
from shared.text.letters import fold
from shared.text.stemming import stem
from shared.text.words import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CAFÉ Crème dv7-1211ea", ["cafe", "creme", "dv7", "1211ea"]),
        ("43.2 1/2 1,5 2,000 3.000.000 1.250,75", ["43.2", "1/2", "1.5", "2000", "3000000", "1250.75"]),
        ("1.000", ["1.000", "1000"]),
        ("зелёный ЧАЙНИК", ["зеленый", "чайник"]),
        ("Καφέδες ΨΥΓΕΙΟ", ["καφεδεσ", "ψυγειο"]),
        ("İstanbul ışık", ["istanbul", "isik"]),
        ("电动自行车X9 茶", ["电动", "动自", "自行", "行车", "x9", "茶"]),
        ("電動ドリル", ["電動", "動ド", "ドリ", "リル"]),
        ("무선 청소기", ["무선", "청소", "소기"]),
        ("كِتَاب أحمر", ["كتاب", "احمر"]),
        ("किताब", ["किताब"]),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_words_of_every_script(text: str, found: list[str]) -> None:
    assert words(clean(text)) == found


def test_a_word_longer_than_the_index_holds_is_left_out() -> None:
    assert words("a" * 65 + " b") == ["b"]


def test_folding_keeps_letters_that_tell_words_apart() -> None:
    assert fold("й Ё ガ カ ß Ø Æ ł") == "й е ガ カ ss o ae l"


@pytest.mark.parametrize(
    ("word", "language", "term"),
    [
        ("kettles", "en", "kettl"),
        ("tvs", "en", "tv"),
        ("schrauben", "de", "schraub"),
        ("tazas", "es", "taz"),
        ("kettles", "pl", "kettles"),
        ("", "en", ""),
    ],
)
def test_words_are_stemmed_in_their_language(word: str, language: str, term: str) -> None:
    assert stem(word, language) == term
