"""What became linear reads ordinary texts exactly as the simple form did that took the square of
their length.
"""

import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from cli import filters
from services.reranker.training import catalog_queries
from shared.compatible_form import compatible
from shared.snapshot.lexical_document import joined
from shared.text.letters import fold

WORDY = st.text(alphabet="aB1-._é '\u0301ß9x ", max_size=24)
NUMERIC = st.text(alphabet="0123456789.+-ab ", max_size=14)
ACCENTED = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("aé\u0301\u0323\u0f73ﬁŉ한ｶﾞ")), max_size=24
)


@given(WORDY)
@example("a-b-c a--b -a- a_b-c")
def test_the_same_words_are_joined(text: str) -> None:
    simple = [fold(re.sub("[-&']", "", word)) for word in re.findall(r"[^\W_]+(?:[-&'][^\W_]+)+", text)]
    assert joined(text) == [word for word in simple if not word.isdecimal()]


@given(st.text(alphabet="ab'-1. ²٣kg", max_size=24))
@example("4gb 1.5.7kg 12345abcd 1.5 l can't")
def test_the_same_words_of_a_title_are_typed(text: str) -> None:
    simple = re.findall(r"[a-z][a-z'-]{2,}|\d+(?:\.\d+)?\s?[a-z]{1,3}\b", text.lower())
    assert catalog_queries.words_of(text) == [
        word for word in simple if word not in catalog_queries._STOP_WORDS
    ]


@given(NUMERIC)
@example("1...5")
@example("1.5..2.")
@example("..")
def test_the_same_ranges_are_read_with_the_same_ends(text: str) -> None:
    number = r"[-+]?(?:\d+\.?\d*|\.\d+)"
    simple = re.fullmatch(rf"(?P<min>{number})?\.\.(?P<max>{number})?", text)
    read = filters._RANGE.fullmatch(text)
    assert (read and read.groupdict()) == (simple and simple.groupdict())


@given(ACCENTED)
def test_the_compatible_form_is_nfkc(text: str) -> None:
    assert compatible(text) == unicodedata.normalize("NFKC", text)


def test_of_very_many_marks_the_first_thirty_stay() -> None:
    assert compatible("a" + "\u0323\u0307" * 500 + "b") == compatible("a" + "\u0323\u0307" * 15 + "b")
