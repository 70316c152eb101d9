import pytest

from cli.files.plain_text import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a title="5 > 4">big</a>', "big"),
        ("5 < 6 &amp; 7 &lt; 8<br>9", "5 < 6 & 7 < 8\n9"),
        ("<!-- a > b -->after", "after"),
        ("<!-- never closed> after", "after"),
        ("<script>if (1<2) '</p>'</SCRIPT >after<style>p{}</style>", "after"),
        ("<template><p>hidden</p></template>shown", "shown"),
        ('<a b=c"d>e', "e"),
        ("a <b that does not end", "a <b that does not end"),
    ],
)
def test_what_a_shopper_reads_of_html(html: str, text: str) -> None:
    assert plain_text(html) == text
