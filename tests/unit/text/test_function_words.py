import pytest

from shared.text.function_words import function_words


@pytest.mark.parametrize(
    ("text", "languages", "found"),
    [
        ("I am looking for a tent with a porch", ["en"], {"i", "am", "looking", "for", "a", "with"}),
        ("watering can for her", ["en"], {"for"}),
        ("Schuhe f\u00fcr den Regen", ["de"], {"fur", "den"}),
        ("Schuhe f\u00fcr den Regen", ["en"], set()),
        ("lampe de bureau for me", ["en", "fr"], {"de", "for", "me"}),
        ("\u30e9\u30f3\u30d7", ["ja", "xx"], set()),
    ],
)
def test_words_that_hold_a_sentence_together(text: str, languages: list[str], found: set[str]) -> None:
    assert function_words(text, languages) == found
