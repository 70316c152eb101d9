"""The precision of a training is the faster one."""

import pytest
import torch

from services.reranker.training import precision
from services.reranker.training.precision import bf16_is_faster
from shared.inference.cpu import Cpu


@pytest.fixture(autouse=True)
def measured_anew() -> None:
    bf16_is_faster.cache_clear()


@pytest.mark.parametrize(("bf16_seconds", "expected"), [(1.0, True), (4.0, False)])
def test_it_is_measured(bf16_seconds: float, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = Cpu("a processor", frozenset({"avx512_bf16"}), 2)
    monkeypatch.setattr(precision, "read_cpu", lambda: cpu)
    monkeypatch.setattr(precision, "_seconds", lambda _, bf16: bf16_seconds if bf16 else 2.0)
    assert bf16_is_faster() is expected


def test_a_processor_without_it_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "read_cpu", lambda: Cpu("an old one", frozenset(), 2))
    monkeypatch.delattr(precision, "_seconds")
    assert not bf16_is_faster()


@pytest.mark.parametrize("bf16", [False, True])
def test_a_layer_takes_time_in_either(bf16: bool) -> None:
    assert precision._seconds(torch.nn.Linear(384, 8), bf16) > 0
