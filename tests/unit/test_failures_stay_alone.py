"""A test that fails takes no other with it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
OPEN = """
import asyncio
import gc


class Connection:
    def __del__(self):
        import warnings
        warnings.warn("unclosed connection", ResourceWarning)


def test_that_fails():
    opened = Connection()
    opened.itself = opened  # as a client that knows its connections, which know it
    assert not opened


def test_that_passes():
    gc.collect()
"""


def test_what_a_failed_test_left_open_is_no_error_of_the_next(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    (tmp_path / "test_two.py").write_text(OPEN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    command += ["-c", str(TESTS.parent / "pyproject.toml"), "--rootdir", str(tmp_path)]
    ran = subprocess.run(
        command,
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "1 failed, 1 passed" in ran.stdout, ran


def _managers() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sorted(TESTS.rglob("*.py")):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "contextmanager" in text else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_manager(node):
                yield f"{path.relative_to(TESTS)}:{node.name}", node


def _is_manager(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("contextmanager" in ast.unparse(each) for each in node.decorator_list)


def _skipped_on_failure(body: list[ast.stmt]) -> bool:
    """Whether statements come after a yield that an error in the block would not let run."""
    for at, statement in enumerate(body):
        if not any(isinstance(each, ast.Yield) for each in ast.walk(statement)):
            continue
        returns = any(isinstance(each, ast.Return) for each in ast.walk(statement))
        if at + 1 < len(body) and not returns:
            return True
        blocks = [getattr(statement, name, []) for name in ("body", "orelse")]
        return any(_skipped_on_failure(block) for block in blocks)
    return False


def test_a_context_manager_closes_what_it_opened_when_the_block_fails() -> None:
    managers = dict(_managers())
    assert len(managers) > 20
    leaky = [name for name, manager in managers.items() if _skipped_on_failure(manager.body)]
    assert not leaky, f"{leaky}: put what follows the yield into 'finally'"
