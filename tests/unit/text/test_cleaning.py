import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text.cleaning import clean


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Salt &amp; Pepper", "Salt & Pepper"),
        ("Salt &amp;amp; Pepper", "Salt & Pepper"),
        ("caf&eacute; &#233; &#xE9;", "café é é"),
        ("AT&T R&D &c", "AT&T R&D &c"),
        ("a <b>strong</b> bag<br/>of paper", "a strong bag of paper"),
        ("<style>p {color: red}</style>mug <script>x()</script>", "mug"),
        ("size < 5 and > 3", "size < 5 and > 3"),
        ("Acme® Widget™ soft\u00adware", "Acme Widget software"),
        ("1½ inch, ¾ cup", "1 1/2 inch, 3/4 cup"),
        ("ＵＳＢ－Ｃ　ｈｕｂ", "USB-C hub"),
        ("non\u2011stick \u2013 20×30", "non-stick - 20x30"),
        ("cafe\u0301 \uc2a4", "café 스"),
        ("one\u200btwo\u200dthree\x00four\nfive", "one twothree four five"),
        ("27\u2033 5\u2019", "27\" 5'"),
        ("F.E.A.R. 3, U.S.A edition", "FEAR 3, USA edition"),
        ("v1.2.3 a.b1 No. A. Smith", "v1.2.3 a.b1 No. A. Smith"),
    ],
)
def test_mark_up_and_typography_are_left_out(written: str, read: str) -> None:
    assert clean(written) == read


@given(st.text(max_size=60))
def test_a_clean_text_is_one_line_in_its_compatible_form(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == " ".join(cleaned.split()) and cleaned.isprintable()
    assert unicodedata.is_normalized("NFKC", cleaned)
