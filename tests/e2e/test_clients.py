import asyncio
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from aisle.client import AsyncClient, Client, InvalidRequest, NotFound
from aisle.v1.catalog_pb2 import Product

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
README_ADDRESS = "localhost:50051"
CONSTRAINTS = ("--constraint", str(ROOT / "constraints.txt"))
OLDEST = ("grpcio==1.73.1", "protobuf==6.31.0", "googleapis-common-protos==1.70.0")


def _skip(reason: str) -> NoReturn:
    """Skip the test, or fail it where nothing may be left out (AISLE_CI_CLIENTS=required)."""
    if os.environ.get("AISLE_CI_CLIENTS") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


def _run(*command: object, cwd: Path | None = None) -> str:
    finished = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=280
    )
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


def _python_with(folder: Path, *packages: str, options: Sequence[str] = CONSTRAINTS) -> Path:
    """The interpreter of a new environment with only `packages`; `options` are pip's."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", *options]
    if subprocess.run([*pip, *packages], check=False, timeout=240).returncode:
        _skip(f"{' and '.join(packages)} cannot be fetched here")
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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """aisle-client, as it would be published."""
    source = tmp_path_factory.mktemp("source") / "python"
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "clients/python", source, ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(source),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    if "No matching distribution found for hatchling" in ended.stderr:
        _skip("hatchling cannot be fetched here")
    assert ended.returncode == 0, ended.stderr
    [built] = folder.glob("aisle_client-*.whl")
    return built


def _programs(readme: Path, address: str) -> list[str]:
    """A README's programs in Python, for the server at an address."""
    text = readme.read_text(encoding="utf-8").replace(README_ADDRESS, address)
    return re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)


@pytest.mark.parametrize("versions", [OLDEST, ()], ids=["oldest", "newest"])
def test_the_client_runs_the_readmes_programs_when_it_is_installed_alone(
    own_engine: str, wheel: Path, tmp_path: Path, versions: tuple[str, ...]
) -> None:
    python = _python_with(tmp_path / "venv", str(wheel), *versions, options=())
    [search] = _programs(ROOT / "README.md", own_engine)
    assert re.search(r"^1 \w", _run(python, "-c", search, cwd=tmp_path), re.MULTILINE)
    [shop] = _programs(ROOT / "clients/python/README.md", own_engine)
    told = _run(python, "-c", shop, cwd=tmp_path)
    assert "1 accepted, 0 rejected" in told and "Enamel camping mug" in told
    assert re.search(r"^[0-9a-f]{32} 1$", told, re.MULTILINE)  # the event's new id, accepted
    told = _run(python, EXAMPLES / "python_client.py", own_engine, "shoes", cwd=tmp_path)
    assert _is_page(told) and "event: EVENT_STATUS_ACCEPTED" in told
    installed = _run(python, "-m", "pip", "list", "--format", "freeze").split()
    assert set(versions) <= set(installed)
    expected = {
        "aisle-client",
        "googleapis-common-protos",
        "grpcio",
        "protobuf",
        "typing_extensions",
    }
    assert {line.split("==")[0].split("@")[0] for line in installed} <= expected | {
        "pip",
        "setuptools",
    }


def test_the_clients_tests_pass_with_the_oldest_libraries(tmp_path: Path) -> None:
    python = _python_with(
        tmp_path / "venv", *OLDEST, "pytest", "pytest-asyncio", "pytest-timeout", options=()
    )
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'clients/python/src'}"}
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/client"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=280
    )
    assert ended.returncode == 0, ended.stdout[-4_000:] + ended.stderr[-2_000:]


def test_errors_come_with_their_fields(address: str) -> None:
    with Client(address) as client:
        with pytest.raises(InvalidRequest, match="deadline_ms: 100000 is too long") as caught:
            client.search("shoes", deadline_ms=100_000)
        [violation] = caught.value.field_violations
        assert (violation.field, violation.description[:18]) == ("deadline_ms", "100000 is too long")
        with pytest.raises(NotFound) as missing:
            client.get_product("there-is-none")
    assert (missing.value.reason, missing.value.retry_after_seconds) == ("NOT_FOUND", None)


def test_a_client_reads_its_own_writes_and_pages_through_all_of_them(own_engine: str) -> None:
    titles = [f"Quillwick lantern number {number}" for number in range(30)]
    products = [Product(product_id=f"lantern-{number}", title=title) for number, title in enumerate(titles)]

    async def written_and_read() -> list[str]:
        async with AsyncClient(own_engine, read_your_writes=True) as client:
            result = await client.upsert([*products, Product(product_id="no-title")])
            assert (result.accepted_count, [each.position for each in result.rejections]) == (
                30,
                [31],
            )
            pages = [
                page async for page in client.pages("quillwick lantern", page_size=7, deadline_ms=30_000)
            ]
            await client.delete(product.product_id for product in products)
            after = await client.search("quillwick lantern", page_size=200, deadline_ms=30_000)
            assert not {each.product.product_id for each in after.results} & {
                each.product_id for each in products
            }
        return [result.product.title for page in pages for result in page.results]

    shown = asyncio.run(written_and_read())
    assert set(titles) <= set(shown) and len(shown) == len(set(shown))


def test_a_node_client_searches_pages_writes_and_tells_what_was_clicked(
    own_engine: str, tmp_path: Path
) -> None:
    node = shutil.which("node")
    npm = shutil.which("npm")
    if node is None or npm is None:
        _skip("node and npm are not installed")
    folder = shutil.copytree(EXAMPLES / "node-client", tmp_path / "node-client")
    install = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    if subprocess.run(install, cwd=folder, check=False, timeout=240).returncode:
        _skip("the Node client's packages cannot be fetched here")
    told = _run(node, "client.js", own_engine, "shoes", ROOT / "protos", cwd=folder)
    assert _is_page(told) and re.search(r"^  6 +\d+\.\d\d  \w", told, re.MULTILINE)
    assert "written: 1, found: Enamel mug from Node" in told
    assert "event: EVENT_STATUS_ACCEPTED" in told


def test_a_go_client_needs_nothing_but_reflection(address: str, tmp_path: Path) -> None:
    go: Any = shutil.which("go")
    if go is None:
        _skip("go is not installed")
    if subprocess.run(
        [go, "mod", "download"], cwd=EXAMPLES / "go-client", check=False, timeout=240
    ).returncode:
        _skip("the Go client's modules cannot be fetched here")
    _run(go, "build", "-o", tmp_path / "client", ".", cwd=EXAMPLES / "go-client")
    assert _is_page(_run(tmp_path / "client", address, "shoes"))
