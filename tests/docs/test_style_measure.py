"""Files and functions stay within the measure of CONTRIBUTING.md.

What is longer is named here, with why.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 250
FUNCTION_LINES = 30
MEDIAN_LINES = 6
LONG_LINES_SHARE = 0.02
TUPLES_PER_FUNCTION = 0.03
SENTENCE_WORDS = 18
LONGEST_SENTENCE_WORDS = 35
# Words of one subject that had become words of another (docs/architecture.md, "Words"), and empty ones.
BANNED_MODULES = {
    *("arrivals", "complaint", "doors", "following", "folding", "growing", "lane", "marks"),
    *("pace", "patience", "sessions", "upkeep", "workplace"),
    *("common", "helpers", "manager", "misc", "utils"),
}
LONGER_FUNCTIONS = {
    # One run from lock to `current`; half of it is what it promises
    "services/embedding/indexing/indexer.py:run",
    "tests/unit/reranker/tiny_models.py:save_cross_encoder",  # a model, node by node
    # One request, stage by stage, with what each needs of the clock
    "services/reranker/reranker.py:rerank",
}
DOCSTRING_SENTENCE_WORDS = 35
# Words that name no subject, and the folders where nothing is called so
EMPTY_NAMES = {"told", "met", "whatever", "nobody"}
NAMED_FOLDERS = ("services/", "shared/", "cli/", "bench/", "sample/")


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    paths = [ROOT / name for name in listed.split()] or list(ROOT.glob("s*/**/*.py"))
    return [path for path in paths if "_pb2" not in path.name and path.is_file()]


FILES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in _files()}


@dataclass
class _Measured:
    """What all files hold; each is parsed once, and its tree is dropped."""

    functions: list[tuple[str, int]] = field(default_factory=list)  # with their lines
    tuples: int = 0  # statements that assign several values
    quoted: set[str] = field(default_factory=set)  # files with quoted annotations
    empty_names: set[str] = field(default_factory=set)
    docstrings: list[tuple[str, str]] = field(default_factory=list)  # with their files

    def take(self, name: str, node: ast.AST) -> None:
        if name.startswith(NAMED_FOLDERS) and _name_given(node).strip("_").lower() in EMPTY_NAMES:
            self.empty_names.add(f"{name}:{_name_given(node)}")
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            self.docstrings.append((name, ast.get_docstring(node) or ""))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            self.functions.append((f"{name}:{node.name}", lines))
        elif isinstance(node, ast.Assign):
            self.tuples += isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple)
        if any(_texts_in_annotations(node)):
            self.quoted.add(name)


@cache
def _measured() -> _Measured:
    measured = _Measured()
    for name, text in FILES.items():
        for node in ast.walk(ast.parse(text)):
            measured.take(name, node)
    return measured


def _is_command(name: str) -> bool:
    """Its options are its parameters, with their help."""
    return name.startswith("cli/commands/")


def test_a_file_is_read_in_one_sitting() -> None:
    lines = {name: text.count("\n") for name, text in FILES.items()}
    assert {name: count for name, count in lines.items() if count > FILE_LINES} == {}


def test_no_function_is_long_but_those_that_are_named() -> None:
    long = {name for name, lines in _measured().functions if lines > FUNCTION_LINES and not _is_command(name)}
    assert long == LONGER_FUNCTIONS


def test_half_of_the_functions_are_very_short() -> None:
    assert median(lines for _, lines in _measured().functions) <= MEDIAN_LINES


def test_few_lines_are_long() -> None:
    """ruff allows 110 columns; most lines have at most 100."""
    lines = [line for text in FILES.values() for line in text.splitlines()]
    assert sum(len(line) > 100 for line in lines) <= LONG_LINES_SHARE * len(lines)


def test_few_statements_assign_several_values() -> None:
    """`a, b = c, d` is for natural pairs only."""
    assert _measured().tuples <= TUPLES_PER_FUNCTION * len(_measured().functions)


def test_no_annotation_is_quoted() -> None:
    """A module that needs it begins with `from __future__ import annotations`."""
    assert _measured().quoted == set()


def test_no_name_is_an_empty_word() -> None:
    assert _measured().empty_names == set()


def _name_given(node: ast.AST) -> str:
    """The name that a definition, a parameter or an assignment gives; empty for other nodes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) else ""


def test_no_sentence_of_a_docstring_is_long() -> None:
    """Tables are left out: their lines are indented, or have columns."""
    long = set()
    for name, text in _measured().docstrings:
        prose = "\n".join(line for line in text.splitlines() if not re.search(r"\s\s\S", line))
        sentences = [each for each in _sentences(prose) if len(each.split()) > DOCSTRING_SENTENCE_WORDS]
        long |= {(name, sentence) for sentence in sentences}
    assert long == set()


def _texts_in_annotations(node: ast.AST) -> Iterator[str]:
    for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
        if isinstance(annotation, ast.expr):
            yield from _texts(annotation)


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts in an annotation, except in Literal and Annotated."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    kind = node.value.id if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) else ""
    if kind not in ("Literal", "Annotated"):
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def test_no_module_has_a_name_of_the_past() -> None:
    assert not {name for name in FILES if Path(name).stem in BANNED_MODULES}


def test_half_of_the_sentences_of_the_docs_are_short() -> None:
    pages = [*ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    sentences = [each for page in pages for each in _sentences(page.read_text(encoding="utf-8"))]
    assert median(len(sentence.split()) for sentence in sentences) <= SENTENCE_WORDS


def test_no_sentence_of_the_docs_is_long() -> None:
    pages = [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    long = [
        f"{page.relative_to(ROOT)}: {sentence}"
        for page in pages
        for sentence in _sentences(page.read_text(encoding="utf-8"))
        if len(sentence.split()) > LONGEST_SENTENCE_WORDS
    ]
    assert not long


def _sentences(markdown: str) -> list[str]:
    """Sentences of running text: no code, tables and headings."""
    text = re.sub(r"^```.*?^```", "", markdown, flags=re.S | re.M)
    prose = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("|", "#")))
    paragraphs = re.split(r"\n\s*\n|\n\s*[-*] |\n\s*\d+\. ", prose)
    found = [re.split(r"(?<=[.!?])\s+", " ".join(each.split())) for each in paragraphs]
    return [sentence for each in found for sentence in each if len(sentence.split()) > 2]
