from hypothesis import given
from hypothesis import strategies as st

from services.retrieval.marking import Mark
from services.retrieval.snippets import Cut, snippet

TEXT = "A red lamp for the desk. " + "It is bright. " * 20 + "The red shade and the lamp are metal."


def marks_of(text: str, *words: str) -> list[Mark]:
    found = [
        Mark(word, at, at + len(word))
        for word in words
        for at in range(len(text))
        if text[at:].startswith(word)
    ]
    return sorted(found, key=lambda mark: mark.start)


def shown(cut: Cut) -> str:
    return "".join(f"[{piece.text}]" if piece.matched else piece.text for piece in cut.pieces)


def test_a_short_text_is_whole() -> None:
    cut = snippet("A red lamp", marks_of("A red lamp", "red", "lamp"), 20)
    assert (shown(cut), cut.before, cut.after) == ("A [red] [lamp]", False, False)


def test_a_long_text_is_cut_to_where_most_different_words_are() -> None:
    text = "red red red red. " + "It is bright. " * 20 + "A red lamp of metal."
    cut = snippet(text, marks_of(text, "red", "lamp"), 30)
    assert (shown(cut), cut.before, cut.after) == ("bright. A [red] [lamp] of metal.", True, False)


def test_the_first_of_equal_places_is_shown() -> None:
    cut = snippet(TEXT, marks_of(TEXT, "red", "lamp"), 40)
    assert (shown(cut), cut.before, cut.after) == ("A [red] [lamp] for the desk. It is bright.", False, True)


def test_without_a_mark_the_beginning_is_shown() -> None:
    cut = snippet(TEXT, [], 30)
    assert (shown(cut), cut.before, cut.after) == ("A red lamp for the desk. It is", False, True)


def test_marks_that_overlap_are_one_piece() -> None:
    assert shown(snippet("T-Shirt", [Mark("t", 0, 1), Mark("tshirt", 0, 7), Mark("shirt", 2, 7)], 20)) == (
        "[T-Shirt]"
    )


def test_scripts_without_spaces_are_cut_between_letters() -> None:
    text = "晴川陶瓷花瓶" * 30 + "白色书桌"
    cut = snippet(text, marks_of(text, "书桌"), 20)
    assert len("".join(piece.text for piece in cut.pieces)) == 20
    assert shown(cut).endswith("白色[书桌]") and cut.before and not cut.after


def test_a_word_that_is_longer_than_the_snippet_is_cut() -> None:
    cut = snippet("x" * 300, [Mark("x", 0, 300)], 50)
    assert [(len(piece.text), piece.matched) for piece in cut.pieces] == [(50, True)]
    assert cut.after


@given(
    st.text("ab c木e\u0301", min_size=1, max_size=300),
    st.lists(st.tuples(st.integers(0, 299), st.integers(1, 12)), max_size=20),
    st.integers(20, 100),
)
def test_pieces_are_a_part_of_the_text(text: str, places: list[tuple[int, int]], length: int) -> None:
    marks = sorted(
        (
            Mark(str(start % 3), start, min(start + size, len(text)))
            for start, size in places
            if start < len(text)
        ),
        key=lambda mark: mark.start,
    )
    cut = snippet(text, marks, length)
    joined = "".join(piece.text for piece in cut.pieces)
    assert 0 < len(joined) <= length and joined in text
    assert all(piece.text for piece in cut.pieces)
    assert text.startswith(joined) or cut.before
    assert text.endswith(joined) or cut.after
    if marks:
        assert any(piece.matched for piece in cut.pieces)
