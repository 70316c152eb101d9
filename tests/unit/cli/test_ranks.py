from inspect import signature

import pytest

from cli.commands.train import reranker
from cli.ranks import trains_in_ranks


def test_a_command_without_torchrun_runs_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    asked: list[str] = []

    @trains_in_ranks
    def command(data: str) -> None:
        asked.append(data)

    command(data="shop")
    assert asked == ["shop"]


def test_a_command_keeps_its_options() -> None:
    assert "teacher_minutes" in signature(reranker).parameters
