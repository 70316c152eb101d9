"""Cuts Chinese, Japanese, Korean and Thai into the words of a dictionary: the extra `dictionaries`.

Without it, runs of these scripts are cut into pairs of neighbouring letters. What a run is cut by
depends on its own letters alone, so that products and queries are cut alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from shared.errors import InvalidRequest, Unavailable

EXTRA = "dictionaries"
# Language: the package that cuts it
PACKAGES: Mapping[str, str] = {"zh": "rjieba", "ja": "sudachipy", "ko": "kiwipiepy", "th": "nlpo3"}
_MODULES = {"th": ("nlpo3", "pythainlp"), "ja": ("sudachipy", "sudachidict_small")}
_LONGEST = 100  # letters that are cut at once; the time of some libraries grows faster than a text
_LONGEST_WORD = 20  # letters; a longer one is no word, and is cut into pairs
_REMEMBERED = 50_000  # runs
# Letters, and the languages that a run with some of them may be in: the first that there is
_SCRIPTS = (
    (re.compile("[\u1100-\u11ff\uac00-\ud7af]"), ("ko",)),
    (re.compile("[\u0e00-\u0e7f]"), ("th",)),
    (re.compile("[\u3040-\u30ff\u31f0-\u31ff]"), ("ja",)),
    (re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"), ("zh", "ja")),
)
_CHINESE_PARTICLES = frozenset("的了和与及在是也")
_JAPANESE_PARTICLES = ("助詞", "助動詞", "補助記号")  # as the tagger names them


class RunWord(NamedTuple):
    """A word of a run of letters, and where it stands. Words inside of a longer one precede it."""

    word: str
    start: int
    end: int
    is_part: bool = False


Cut = Callable[[str], Iterable[RunWord]]


@dataclass(frozen=True)
class Dictionaries:
    """The dictionaries of one catalogue."""

    languages: tuple[str, ...] = ()  # ISO 639 codes

    @classmethod
    def named(cls, codes: Iterable[str]) -> Dictionaries:
        """Those of some languages. Raises InvalidRequest for one that has none."""
        languages = tuple(sorted(set(codes)))
        if unknown := [each for each in languages if each not in PACKAGES]:
            remedy = f"there are dictionaries of {', '.join(PACKAGES)}"
            raise InvalidRequest("dictionaries", f"{unknown[0]!r} has none; {remedy}")
        return cls(languages)

    def open(self) -> Dictionaries:
        """Load them, which takes up to some seconds. Raises Unavailable, naming the extra."""
        for language in self.languages:
            for module in _MODULES.get(language, (PACKAGES[language],)):
                if find_spec(module) is None:
                    needs = f"the word index is cut by the dictionary of {language!r} ({module})"
                    raise Unavailable(f"{needs}, which is not installed: pip install '.[{EXTRA}]'")
            _cutter(language)
        return self

    def versions(self) -> dict[str, str]:
        """The package of each language, with its version."""
        return {language: f"{PACKAGES[language]} {_version(language)}" for language in self.languages}

    def cut(self, run: str) -> Sequence[RunWord] | None:
        """The words of a run of letters without particles; None if no dictionary is for it."""
        language = self._language(run) if self.languages else ""
        return _cut(language, run) if language else None

    def _language(self, run: str) -> str:
        """By the letters of the run: Han letters are Chinese if the catalogue has Chinese."""
        for letters, languages in _SCRIPTS:
            if letters.search(run):
                return next((each for each in languages if each in self.languages), "")
        return ""


NONE = Dictionaries()


def _version(language: str) -> str:
    try:
        return version(PACKAGES[language])
    except PackageNotFoundError:
        return ""


@lru_cache(_REMEMBERED)
def _cut(language: str, run: str) -> tuple[RunWord, ...]:
    words: list[RunWord] = []
    for start in range(0, len(run), _LONGEST):
        part = run[start : start + _LONGEST]
        for word, at, end, is_part in _cutter(language)(part):
            if end - at > _LONGEST_WORD:
                words += _pairs(start + at, part[at:end])
            else:
                words.append(RunWord(word, start + at, start + end, is_part))
    # A run of particles alone is itself
    return tuple(words) or (RunWord(run, 0, len(run)),)


def _pairs(start: int, letters: str) -> list[RunWord]:
    return [RunWord(letters[at : at + 2], start + at, start + at + 2) for at in range(len(letters) - 1)]


@cache
def _cutter(language: str) -> Cut:
    return {"zh": _chinese, "ja": _japanese, "ko": _korean, "th": _thai}[language]()


def _chinese() -> Cut:
    import rjieba

    def cut(run: str) -> Iterator[RunWord]:
        for word, start, end, _ in _placed(rjieba.cut(run)):
            parts = rjieba.cut_for_search(word) if end - start > 2 else ()
            for part in parts:
                if part != word:
                    at = start + word.index(part)
                    yield RunWord(part, at, at + len(part), is_part=True)
            if word not in _CHINESE_PARTICLES:
                yield RunWord(word, start, end)

    return cut


def _japanese() -> Cut:
    from sudachipy import Dictionary, SplitMode

    tokenizer = Dictionary(dict="small").tokenizer(mode=SplitMode.A)  # the shortest words
    alone = Lock()  # one thread at a time

    def cut(run: str) -> list[RunWord]:
        with alone:
            return [
                RunWord(each.surface(), each.begin(), each.end())
                for each in tokenizer.tokenize(run)
                if each.part_of_speech()[0] not in _JAPANESE_PARTICLES
            ]

    return cut


def _korean() -> Cut:
    from kiwipiepy import Kiwi

    kiwi = Kiwi()
    alone = Lock()

    def cut(run: str) -> list[RunWord]:
        with alone:
            tokens: Any = kiwi.tokenize(run)
        # Nouns, verbs, modifiers, roots and unknown words; not endings and particles
        return [
            RunWord(each.form, each.start, each.start + each.len)
            for each in tokens
            if each.tag[0] in "NVMXU" and not each.tag.startswith(("XS", "VC", "VX"))
        ]

    return cut


def _thai() -> Cut:
    from nlpo3 import load_dict, segment

    found = find_spec("pythainlp")  # for its list of words; importing it would make a folder at home
    assert found is not None and found.submodule_search_locations
    words = Path(found.submodule_search_locations[0]) / "corpus" / "words_th.txt"
    load_dict(str(words), "aisle")
    return lambda run: _placed(segment(run, "aisle", safe=True))


def _placed(words: Iterable[str]) -> Iterable[RunWord]:
    at = 0
    for word in words:
        yield RunWord(word, at, at + len(word))
        at += len(word)
