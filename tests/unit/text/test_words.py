import pytest

from shared.text.cleaning import clean
from shared.text.letters import fold
from shared.text.stemming import stem
from shared.text.words import stretches, words


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
        ("緑のジャケット", ["緑", "ジャ", "ャケ", "ケッ", "ット"]),
        ("のれん 身の丈", ["のれ", "れん", "身", "丈"]),
        ("红色的杯子 目的地", ["红色", "杯子", "目的", "的地"]),
        ("किताब", ["किताब"]),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_words_of_every_script(text: str, found: list[str]) -> None:
    assert words(clean(text)) == found


def test_stretches_are_what_may_be_words() -> None:
    assert stretches("綿タオル 洗える白の毛布 usb 무선") == [
        ["綿"],
        ["タオ", "オル"],
        ["洗え", "える", "る白"],
        ["毛布"],
        ["무선"],
    ]


def test_a_word_longer_than_the_index_holds_is_left_out() -> None:
    assert words("a" * 65 + " b") == ["b"]


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("fr", ("blanc", "blanche", "blancs", "blanches")),
        ("fr", ("sportif", "sportive", "sportives")),
        ("es", ("luz", "luces")),
        ("es", ("dulce", "dulces")),
        ("de", ("dunkel", "dunkle", "dunkler", "dunkles")),
        ("de", ("flexibel", "flexible", "flexibler")),
    ],
)
def test_forms_of_one_word_have_one_stem(language: str, forms: tuple[str, ...]) -> None:
    assert len({stem(form, language) for form in forms}) == 1


def test_words_that_only_look_alike_keep_their_stems() -> None:
    assert stem("taco", "es") != stem("taza", "es")
    assert stem("olive", "fr") != stem("olivier", "fr")


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
