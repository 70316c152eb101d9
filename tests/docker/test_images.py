"""docker-compose.yml and the images that `docker compose build` made:

`make images-test`, where there is an engine.
"""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.docker

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ("gateway", "embedding", "retrieval", "reranker", "feedback", "training", "cli")
GATEWAY_BYTES = 150_000_000  # over its base
ABSENT = {  # what the import contracts keep out of the code is not installed either
    "gateway": ("torch", "faiss", "openvino", "onnxruntime", "lightgbm", "tantivy"),
    "feedback": ("torch", "faiss", "openvino", "onnxruntime", "lightgbm", "tantivy"),
    "cli": ("torch", "faiss", "openvino", "onnxruntime", "lightgbm", "tantivy"),
    "embedding": ("torch", "lightgbm"),
    "retrieval": ("torch", "openvino", "onnxruntime", "lightgbm"),
    "reranker": ("torch", "faiss", "openvino", "tantivy"),
    "training": ("torch", "faiss", "openvino", "tantivy"),
}
SERVICES = {"training": "trainer"}  # of an image, if it has another name
ONCE = {"topics", "load", "cli", "trainer-gpu"}  # they end by themselves


def docker(*arguments: str) -> str:
    finished = subprocess.run(
        ["docker", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@cache
def composed() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("compose", "--profile", "*", "config", "--format", "json"))
    return found


@cache
def inspected(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", image))[0]
    return found


def image_of(service: str) -> str:
    return str(composed()["services"][SERVICES.get(service, service)]["image"])


def base_image() -> str:
    return str(composed()["services"]["gateway"]["build"]["args"]["PYTHON_IMAGE"])


def test_every_service_is_confined() -> None:
    for name, service in composed()["services"].items():
        assert service.get("read_only") is True, name
        assert service.get("cap_drop") == ["ALL"], name
        assert service.get("security_opt") == ["no-new-privileges:true"], name
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory", "pids"} <= limits.keys(), name


def test_every_service_that_stays_has_a_health_check() -> None:
    for name, service in composed()["services"].items():
        assert bool(service["healthcheck"].get("test")) is (name not in ONCE), name


def test_no_service_runs_as_root() -> None:
    for name, service in composed()["services"].items():
        own = service["image"].startswith("aisle-") and "torch" not in service["image"]
        user = service.get("user") or (inspected(service["image"])["Config"]["User"] if own else "10001")
        assert user.partition(":")[0] not in ("", "0", "root"), name


def test_ports_are_published_on_the_loopback_alone() -> None:
    services = composed()["services"].values()
    published = [port for service in services for port in service.get("ports", ())]
    assert published
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_every_volume_has_a_name() -> None:
    for name, service in composed()["services"].items():
        for mount in service.get("volumes", ()):
            assert mount["type"] != "volume" or mount["source"] in composed()["volumes"], name


def test_the_gateway_is_small() -> None:
    over_base = inspected(image_of("gateway"))["Size"] - inspected(base_image())["Size"]
    assert 0 < over_base <= GATEWAY_BYTES


@pytest.mark.parametrize("service", IMAGES)
def test_an_image_has_its_service_and_no_library_of_another(service: str) -> None:
    module = "cli.app" if service == "cli" else f"services.{service}.__main__"
    code = f"""
import importlib, importlib.util
importlib.import_module({module!r})
print([name for name in {ABSENT[service]!r} if importlib.util.find_spec(name)])
"""
    python = ("run", "--rm", "--entrypoint", "python")
    assert docker(*python, image_of(service), "-c", code).strip() == "[]"


def test_the_encoder_has_its_weights() -> None:
    # Checks their checksum
    code = "from services.embedding.weights import find; find(allow_hub=False)"
    docker(
        "run",
        "--rm",
        "--network",
        "none",
        "--entrypoint",
        "python",
        image_of("embedding"),
        "-c",
        code,
    )
