import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def _run(*command: object, cwd: Path | None = None) -> str:
    finished = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=280)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def _is_page(told: str) -> bool:
    return bool(re.search(r"^  1 +\d+\.\d\d  \w", told, re.MULTILINE)) and bool(
        re.search(r"^\d+ products$", told, re.MULTILINE)
    )


def test_a_python_client_needs_nothing_but_reflection(address: str) -> None:
    told = _run(sys.executable, EXAMPLES / "reflection_client.py", address, "shoes")
    assert _is_page(told)
    for service in ("SearchService", "CatalogService", "EventService", "AdminService"):
        assert f"aisle.v1.{service}" in told


def _python_with(folder: Path, *packages: str) -> Path:
    """The interpreter of a new environment that holds nothing but `packages`."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
    if subprocess.run([*pip, *packages], check=False, timeout=240).returncode:
        pytest.skip(f"{' and '.join(packages)} cannot be fetched here")
    return python


def test_the_stubs_work_in_an_environment_of_grpcio_and_protobuf_alone(address: str, tmp_path: Path) -> None:
    python = _python_with(tmp_path / "venv", "grpcio", "protobuf")
    shutil.copytree(ROOT / "clients/python/src/aisle", tmp_path / "aisle")
    shutil.copy(EXAMPLES / "stub_client.py", tmp_path)
    told = _run(python, tmp_path / "stub_client.py", address, "shoes", cwd=tmp_path)
    assert _is_page(told)
    assert "event: EVENT_STATUS_ACCEPTED" in told
    installed = _run(python, "-m", "pip", "list", "--format", "freeze")
    names = {line.split("==")[0] for line in installed.split()}
    assert names <= {"grpcio", "protobuf", "typing_extensions", "pip", "setuptools"}


def test_a_go_client_needs_nothing_but_reflection(address: str, tmp_path: Path) -> None:
    go: Any = shutil.which("go")
    if go is None:
        pytest.skip("go is not installed")
    if subprocess.run([go, "mod", "download"], cwd=EXAMPLES / "go-client", check=False, timeout=240).returncode:
        pytest.skip("the Go client's modules cannot be fetched here")
    _run(go, "build", "-o", tmp_path / "client", ".", cwd=EXAMPLES / "go-client")
    assert _is_page(_run(tmp_path / "client", address, "shoes"))
