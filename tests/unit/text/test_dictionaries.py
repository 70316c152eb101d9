import pytest

from shared.errors import InvalidRequest, Unavailable
from shared.text import dictionaries
from shared.text.dictionaries import NONE, PACKAGES, Dictionaries
from shared.text.words import placed_words, stretches, words

ALL = Dictionaries.named(PACKAGES)
TEXT = "led 木质的书桌500ml 電動ドリルと水筒 빨간색가방을 예쁜 กระเป๋าเดินทางสีแดง"


@pytest.mark.parametrize(
    ("run", "cut"),
    [
        ("木质的书桌", ["木质", "书桌"]),
        ("東京都の水筒", ["東京", "都", "水筒"]),
        ("電動ドリルと", ["電動", "ドリル"]),
        ("빨간색가방을", ["빨간색", "가방"]),
        ("예쁜", ["예쁘"]),
        ("กระเป๋าเดินทางสีแดง", ["กระเป๋าเดินทาง", "สีแดง"]),
        ("的", ["的"]),
    ],
)
def test_a_run_is_cut_into_words_without_particles(run: str, cut: list[str]) -> None:
    assert words(run, ALL) == cut
    assert stretches(run, ALL) == [[word] for word in cut]


def test_the_words_inside_of_a_word_count_too() -> None:
    assert words("布艺沙发", ALL) == ["沙发", "布艺沙发"]
    assert stretches("布艺沙发", ALL) == [["布艺沙发"]]
    assert words("长江大桥", ALL) == ["长江", "大桥", "长江大桥"]
    assert stretches("长江大桥", ALL) == [["长江", "大桥"]]


def test_words_have_their_places() -> None:
    placed = list(placed_words(TEXT, ALL))
    assert [each.word for each in placed] == words(TEXT, ALL)
    stems = {"예쁘"}
    assert all(TEXT[each.start : each.end] == each.word for each in placed if each.word not in stems)


def test_a_script_without_a_dictionary_is_cut_into_pairs() -> None:
    assert words(TEXT, NONE) == words(TEXT)
    assert words("木质书桌 ドリル", Dictionaries.named(["ko"])) == ["木质", "质书", "书桌", "ドリ", "リル"]


def test_han_letters_are_chinese_if_the_catalogue_has_chinese() -> None:
    assert words("水筒", Dictionaries.named(["ja"])) == ["水筒"]
    assert Dictionaries.named(["zh"]).cut("ドリル") is None


@pytest.mark.parametrize("letter", "书가เド")
def test_long_runs_are_cut_in_parts(letter: str) -> None:
    run = letter * 5_000
    placed = ALL.cut(run)
    assert placed and placed[-1].end <= len(run)
    assert all(each.end - each.start <= 20 for each in placed)


def test_a_language_without_a_dictionary_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="dictionaries: 'lo' has none; there are dictionaries of zh, ja"):
        Dictionaries.named(["lo"])


def test_a_missing_package_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionaries, "find_spec", lambda name: None)
    with pytest.raises(Unavailable) as missing:
        Dictionaries.named(["zh"]).open()
    assert str(missing.value) == (
        "the word index is cut by the dictionary of 'zh' (rjieba), which is not installed: "
        "pip install '.[dictionaries]'"
    )
