"""Files and functions stay within the measure of CONTRIBUTING.md.

What is longer is named here, with why.
"""

import ast
import subprocess
from functools import cache
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 250
FUNCTION_LINES = 30
MEDIAN_LINES = 6
LONGER_FUNCTIONS = {
    # one run from lock to `current`; half of it is what it promises
    "services/embedding/indexing/indexer.py:run",
    "tests/unit/reranker/tiny_models.py:save_cross_encoder",  # a model, node by node
    # one request, stage by stage, with what each needs of the clock
    "services/reranker/reranker.py:rerank",
}


def _files() -> list[Path]:
    told = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    paths = [ROOT / name for name in told.split()] or list(ROOT.glob("s*/**/*.py"))
    return [path for path in paths if "_pb2" not in path.name and path.is_file()]


FILES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in _files()}


@cache
def _functions() -> list[tuple[str, int]]:
    return [
        (f"{name}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for name, text in FILES.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _is_command(name: str) -> bool:
    """Its options are its parameters, with their help."""
    return name.startswith("cli/commands/")


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_in_one_sitting(name: str) -> None:
    assert FILES[name].count("\n") <= FILE_LINES


def test_no_function_is_long_but_those_that_are_named() -> None:
    long = {name for name, lines in _functions() if lines > FUNCTION_LINES and not _is_command(name)}
    assert long == LONGER_FUNCTIONS


def test_half_of_the_functions_are_very_short() -> None:
    assert median(lines for _, lines in _functions()) <= MEDIAN_LINES
