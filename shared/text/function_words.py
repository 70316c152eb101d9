"""Words that hold a sentence together: a product may lack them and still be what is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from shared.text.languages import ENGLISH, STEMMERS
from shared.text.letters import fold
from shared.text.words import words

# tantivy's English list has a fifth of Snowball's. These are the others that a shopper types, and the
# verbs of asking; not what products are called by, such as "can" and "her"
_ENGLISH = frozenset(
    (
        *("i", "me", "my", "we", "us", "our", "you", "your", "its", "them", "those", "who"),
        *("what", "which", "when", "where", "why", "how", "am", "been", "being", "were", "have"),
        *("has", "had", "having", "do", "does", "did", "doing", "would", "could", "should"),
        *("because", "until", "while", "about", "during", "from", "so", "than", "too", "very"),
        *("just", "only", "some", "any", "also", "please", "want", "need", "needs", "looking"),
        *("show", "find", "give", "recommend", "suggest", "something", "anything", "someone"),
        *("somewhere",),
    )
)
_WORD = re.compile(r"\w+")


def function_words(text: str, languages: Sequence[str]) -> frozenset[str]:
    """The words of a clean text, folded, that are function words in one of the languages."""
    typed = _WORD.findall(text.lower())
    found = [word for word in typed if any(_is_functional(word, each) for each in languages)]
    return frozenset(words(" ".join(found)))


def _is_functional(word: str, language: str) -> bool:
    if language == ENGLISH and fold(word) in _ENGLISH:
        return True
    analyzer = _analyzer(language)
    return analyzer is not None and not analyzer.analyze(word)


@cache
def _analyzer(language: str) -> TextAnalyzer | None:
    try:
        only_content = Filter.stopword(STEMMERS.get(language, ""))
        return TextAnalyzerBuilder(Tokenizer.raw()).filter(only_content).build()
    except ValueError:  # tantivy has no list
        return None
