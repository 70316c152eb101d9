import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.aligned import AlignedText
from shared.text.cleaning import clean, readable
from shared.text.letters import fold
from shared.text.words import placed_words, words

SAMPLES = (
    "Café Crème® Cup, 1½ l",
    "Salt &amp;amp; <b>Pepper</b> Mill",
    "ﾊﾞｯｸﾞ 500ｍｌ 木の机 红色的杯子",
    "Straße ﬀ shoe\u00adlace e\u0301te\u0301 1.000 43,2 Ёлка",
    "각 한글 แก้วน้ำ",
)
LETTERS = st.sampled_from("aB1 ,.-½é®ßﬀ木の的灯ﾊﾞッ한ก้\u0301\u00ad\u200d😀&;<>/b")


@pytest.mark.parametrize("text", SAMPLES)
def test_the_aligned_form_is_the_searched_one(text: str) -> None:
    assert AlignedText.of(text).folded.split() == fold(clean(text)).split()


@pytest.mark.parametrize("text", SAMPLES)
def test_words_have_their_places_in_the_text_as_it_is_shown(text: str) -> None:
    aligned = AlignedText.of(text)
    for word in placed_words(aligned.folded):
        start, end = aligned.span(word.start, word.end)
        assert word.word in words(clean(aligned.shown[start:end]))


@given(st.text(LETTERS, max_size=60))
def test_placed_words_are_the_words(text: str) -> None:
    folded = fold(clean(text))
    placed = list(placed_words(folded))
    assert [word.word for word in placed] == words(folded)
    assert all(0 <= word.start < word.end <= len(folded) for word in placed)


def test_two_particles_in_a_row_are_no_word() -> None:
    assert words("木木的の木") == [each.word for each in placed_words("木木的の木")] == ["木木", "木"]


@given(st.text(LETTERS, max_size=60))
def test_every_place_is_inside_of_the_text_and_in_order(text: str) -> None:
    aligned = AlignedText.of(text)
    spans = [aligned.span(at, at + 1) for at in range(len(aligned.folded))]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(aligned.shown) for start, end in spans)


def test_a_readable_text_keeps_its_letters_and_loses_its_mark_up() -> None:
    text = "<p>Crème® &frac12; l</p>\n<ul><li>“Größe”\x00 x</li></ul> 👩‍🍳"
    assert readable(text) == "Crème® ½ l “Größe” x 👩‍🍳"
