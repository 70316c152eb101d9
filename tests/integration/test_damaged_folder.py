"""Each file of a data folder is cut, noise, empty or a folder.

The engine serves, or names the file and the remedy.
"""

import json
import logging
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.files.indexed import index_file
from services.standalone.standalone import Standalone
from shared.errors import AisleError
from shared.models import promotions
from shared.models.registry import DEFAULT
from shared.process_end import one_line
from tests.integration.engine_writes import found, upsert

REMEDIES = (
    "rebuild",
    "roll back",
    "restore",
    "remove",
    "write",
    "put ",
    "move",
    "index ",
    "train ",
    "openssl",
)
_NOISE = random.Random(7)


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Products in a snapshot, one in the log, and a bundle that was promoted."""
    monkeypatch.setenv("AISLE_EMBEDDING_MODEL", "hash")
    data = tmp_path / "shop"
    file = tmp_path / "catalog.jsonl"
    file.write_text("\n".join(json.dumps({"id": f"p{n}", "title": f"Kettle {n}"}) for n in range(30)))
    index_file(file, data)
    shutil.copytree(DEFAULT, data / "bundles" / "one")
    promotions.promote(data / "bundles", "one")
    async with Standalone.open(data) as engine:
        await found(engine, "lamp", await upsert(engine, "lamp", "A lamp"))
    return data


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def noise(path: Path) -> None:
    path.write_bytes(_NOISE.randbytes(path.stat().st_size or 64))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


async def _trouble(data: Path) -> str:
    """The fault in how the engine handles the folder. Empty if there is none."""
    try:
        async with Standalone.open(data) as engine:
            await found(engine, "kettle")
    except (AisleError, OSError) as error:
        line = one_line(error)
        named = str(data) in line and any(remedy in line for remedy in REMEDIES)
        return "" if named and len(line) < 1_500 and "\n" not in line else line
    except Exception as error:  # a user would see a traceback
        return repr(error)
    return ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("damage", [cut, noise, empty, folder])
async def test_a_damaged_file_is_no_traceback(
    shop: Path, tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    troubles = {}
    for path in sorted(path.relative_to(shop) for path in shop.rglob("*") if path.is_file()):
        data = tmp_path / "damaged"
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(shop, data)
        damage(data / path)
        caplog.clear()
        trouble = await _trouble(data)
        traces = [record.getMessage() for record in caplog.records if record.exc_info]
        if trouble or traces:
            troubles[str(path)] = trouble or traces[0]
    assert troubles == {}


def test_a_process_ends_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_GATEWAY_LOG_PATH", str(tmp_path / "log.sqlite"))
    monkeypatch.setenv("AISLE_GATEWAY_SECRET_PATH", str(tmp_path / "secret"))
    monkeypatch.setenv("AISLE_GATEWAY_PORT", "0")
    (tmp_path / "secret").write_bytes(b"")
    finished = subprocess.run(
        [sys.executable, "-m", "services.gateway"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 1
    assert finished.stderr.strip() == (
        f"{tmp_path / 'secret'}: holds no secret; remove the file, and a new one is made at the next start"
    )
