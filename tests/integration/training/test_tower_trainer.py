from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.training.towers.lessons import TowerLessons, Wanted  # noqa: E402
from services.training.towers.settings import TowerSettings  # noqa: E402
from services.training.towers.stopping import KeepBest  # noqa: E402
from services.training.towers.trainer import Trained, open_model, train_towers  # noqa: E402
from tests.integration.training.tiny_encoder import NICKNAMES, THINGS, tiny_encoder  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")  # of libraries of training
SETTINGS = TowerSettings(
    draws=24,
    hardest=0,
    batch_pairs=12,
    learning_rate=3e-3,
    dropout=0.0,
    anchor_share=0.0,
    state_share=0.0,
    most_steps=24,
    eval_steps=6,
    bf16=False,
)


def _lessons() -> TowerLessons:
    """A nickname means the thing of its number."""
    wanted = [Wanted(nickname, {row: 1.0}) for row, nickname in enumerate(NICKNAMES)]
    return TowerLessons("things", THINGS, wanted, wanted, lambda query: [0, 1, 2])


def _train(folder: Path, settings: TowerSettings, said: list[str] | None = None) -> Trained:
    report = (said if said is not None else []).append
    return train_towers([_lessons()], tiny_encoder(folder), settings, report)


def test_nicknames_are_learnt(tmp_path: Path) -> None:
    said = list[str]()
    trained = _train(tmp_path / "tiny", SETTINGS, said)
    assert trained.history[-1][1] > trained.history[0][1] + 0.2
    assert trained.steps > 0
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in said if " loss " in line]
    assert losses[-1] < losses[0]
    assert {each.split(".")[1] for each in trained.tensors} == {"layer"}
    assert {each.dtype for each in trained.tensors.values()} == {np.dtype(np.float16)}


def test_the_anchor_holds_vectors_where_they_were(tmp_path: Path) -> None:
    moved = []
    for name, share in (("free", 0.0), ("held", 300.0)):
        settings = replace(SETTINGS, anchor_share=share, most_steps=12)
        source = tiny_encoder(tmp_path / name)
        trained = train_towers([_lessons()], source, settings, lambda _: None)
        before = open_model(source, 0.0).eval()
        after = open_model(source, 0.0).eval()
        learnt = {each: torch.from_numpy(value).float() for each, value in trained.tensors.items()}
        after[0].model.load_state_dict(learnt, strict=False)
        vectors = [model.encode(THINGS, normalize_embeddings=True) for model in (before, after)]
        moved.append(1 - float((vectors[0] * vectors[1]).sum(axis=1).mean()))
    assert moved[1] < moved[0] / 3


def test_the_best_weights_are_kept_and_training_ends_without_better_ones() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    kept = KeepBest(model, patience=2)
    stops = []
    for step, value in enumerate((0.1, 0.5, 0.4, 0.3)):
        torch.nn.init.constant_(model.weight, step)
        control = SimpleNamespace(should_training_stop=False)
        kept.on_evaluate(None, SimpleNamespace(global_step=step), control, {"eval_mrr": value})
        stops.append(control.should_training_stop)
    kept.restore()
    assert float(model.weight.detach()) == 1.0
    assert kept.best_steps == 1
    assert stops == [False, False, False, True]
