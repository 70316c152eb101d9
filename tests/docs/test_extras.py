"""Each service is installed by its own extra: what it imports, the extra brings."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
OWN = {"aisle", "services", "shared"}
# The extra `train`; and `standalone`, for the tables that the feedback worker's image does not write
TRAINING = (
    "services/reranker/training/",
    "services/embedding/torch_engine.py",
    "services/feedback/join/",
)


def _normal(requirement: str) -> str:
    return re.split(r"[<>=\[]", requirement)[0].lower().replace("_", "-")


# The extra `hub`, which is tried and done without; and `dictionaries`, which a snapshot asks for
ASKED_FOR = {"huggingface-hub", *map(_normal, EXTRAS["dictionaries"])}


LOADED_BY_NAME = {"onnx"}  # onnxruntime.quantization loads it


BASE = set(map(_normal, PROJECT["dependencies"]))


def _brought(extra: str) -> set[str]:
    return set(map(_normal, EXTRAS[extra]))


@cache
def _modules(path: Path) -> frozenset[str]:
    """What a file imports."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def _imported(service: str) -> set[str]:
    """Everything that the service's files import, and what they import of `shared` does."""
    found: set[str] = set()
    files = [
        p
        for p in (ROOT / "services" / service).rglob("*.py")
        if not str(p.relative_to(ROOT)).startswith(TRAINING)
    ]
    while files:
        new = {module for path in files for module in _modules(path)} - found
        found |= new
        candidates = [
            ROOT / f"{module.replace('.', '/')}.py" for module in new if module.startswith("shared.")
        ]
        files = [path for path in candidates if path.is_file()]
    return {module.partition(".")[0] for module in found} - OWN - sys.stdlib_module_names


SERVICES = pytest.mark.parametrize("service", ["gateway", "embedding", "retrieval", "reranker", "feedback"])


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def _needed(service: str) -> set[str]:
    return {_normal(_distributions()[name][0]) for name in _imported(service)}


@SERVICES
def test_what_a_service_imports_its_extra_brings(service: str) -> None:
    assert _needed(service) - ASKED_FOR <= BASE | _brought(service)


@SERVICES
def test_an_extra_brings_nothing_that_its_service_does_not_import(service: str) -> None:
    assert _brought(service) - LOADED_BY_NAME <= _needed(service)


def _bounds(package: str) -> tuple[Version, Version]:
    """The lower bound of a requirement of the project, and the version that is too new."""
    [requirement] = [each for each in map(Requirement, PROJECT["dependencies"]) if each.name == package]
    bounds = {each.operator: Version(each.version) for each in requirement.specifier}
    return bounds[">="], bounds["<"]


def test_the_versions_asked_for_run_the_stubs() -> None:
    stubs = ROOT / "clients/python/src/aisle/v1"
    [protobuf] = re.findall(r"# Protobuf Python Version: ([\d.]+)", (stubs / "search_pb2.py").read_text())
    [grpcio] = re.findall(r"GRPC_GENERATED_VERSION = '([\d.]+)'", (stubs / "search_pb2_grpc.py").read_text())
    oldest, too_new = _bounds("protobuf")
    # Protobuf's promise
    assert Version(protobuf) <= oldest and too_new.major <= Version(protobuf).major + 2
    oldest, too_new = _bounds("grpcio")  # shared/rpc/prompt_server.py builds on its private parts
    assert Version(grpcio) <= oldest and (too_new.major, too_new.minor) == (
        oldest.major,
        oldest.minor + 1,
    )
