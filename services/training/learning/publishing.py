"""Write a learnt ranker as a bundle: the models of its parent, and where it came from."""

import shutil
from pathlib import Path

from services.reranker.training.lambdamart import TrainedRanker
from services.reranker.training.manifest import write_manifest
from services.training.learning.judging import Judgement, as_metrics
from shared.artifacts import new_version
from shared.models.bundle import Bundle
from shared.snapshot.generation import new_version_name

_TAUGHT = "ranker_learnt_from"
_CARD = "model_card.md"


def publish_learned(
    data: Path, base: Bundle, trained: TrainedRanker, judgement: Judgement, refused: str, fingerprint: str
) -> str:
    """A new bundle: the base's models with the ranker. Returns its name; it is not in use yet."""
    version = new_version_name()
    with new_version(data / "bundles", version) as folder:
        for name in base.files:
            if not name.startswith("ranker."):
                shutil.copyfile(base.folder / name, folder / name)
        trained.write(folder)
        (folder / _CARD).write_text(_card(version, base, trained, judgement, refused, fingerprint))
        metrics = {**base.metrics, **as_metrics(judgement, refused)}
        lesson = {"data_fingerprint": fingerprint, "parent": base.version, "trees": trained.tree_count}
        training = {**base.training, _TAUGHT: lesson}
        write_manifest(folder, version, base.trained_on, metrics, training)
    return version


def _card(
    version: str, base: Bundle, trained: TrainedRanker, judgement: Judgement, refused: str, fingerprint: str
) -> str:
    """What a person should know of the model."""
    figures = "\n".join(f"| {name} | {value} |" for name, value in judgement.report().items())
    return f"""# Ranker {version}

{trained.tree_count} trees (LambdaMART) on top of the shipped prior, learnt from what shoppers opened.
Nobody labelled anything.

- parent: {base.version}
- evidence: {fingerprint}
- {f"refused: {refused}" if refused else "passed the gate"}

| on later pages | |
| --- | --- |
{figures}
"""
