import pytest

from shared.text.query import normalise


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("  a\tb\n c ", "a b c"),
        ("\x1b\x7f\x85", ""),
        ("a\x00b\u200bc\x7f", "a b c"),
        ("\ufb01lm \uff14\uff4b", "film 4k"),
        ("🎧🎧", ""),
        ("🎧 set", "🎧 set"),
        ("...", ""),
        ("", ""),
        ("x" * 10_000, "x" * 1_000),
        ("ab " * 5_000, ("ab " * 334).strip()[:1_000].rstrip()),
        (" " * 5_000 + "late", ""),
    ],
)
def test_a_query_is_one_clean_line_of_at_most_a_thousand_characters(typed: str, searched: str) -> None:
    assert normalise(typed) == searched
    assert normalise(searched) == searched
