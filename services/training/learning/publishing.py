"""Writes a learnt ranker as a bundle, with the other models of its parent and its report."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.reranker.training.lambdamart import TrainedRanker
from services.reranker.training.manifest import write_manifest
from services.training.bundle_quality import LEARNING, of_other_rankers
from services.training.learning.judging import Judgement
from shared.artifacts import new_version
from shared.models.bundle import RANKER_FILES, Bundle, copy_models
from shared.snapshot.generation import new_version_name

CARD = "model_card.md"
TAUGHT_UNTIL = "ranker_taught_until"  # in Bundle.training; absent for rankers of other origin


@dataclass(frozen=True)
class Learnt:
    """A trained ranker with its judgement and origin."""

    trained: TrainedRanker
    judgement: Judgement
    refused: str  # why the gate refuses it; empty if it passes
    fingerprint: str  # of the evidence
    parent: str  # the bundle that it was judged against, and whose other models it has
    taught_until: float  # time of the newest page that trained it, in seconds since 1970

    def report(self) -> dict[str, Any]:
        """The form in bundle.json."""
        known = {"parent": self.parent, "data_fingerprint": self.fingerprint, "refused": self.refused}
        return {**known, **self.judgement.report()}


def publish_learnt(data: Path, base: Bundle, learnt: Learnt) -> str:
    """Write a new bundle: the base's models with this ranker.

    Returns its name. It is not in use yet.
    """
    version = new_version_name()
    with new_version(data / "bundles", version) as folder:
        copy_models(base, folder, without=RANKER_FILES)
        learnt.trained.write(folder)
        (folder / CARD).write_text(_card(version, learnt))
        metrics = {**of_other_rankers(base.metrics), LEARNING: learnt.report()}
        training = {
            **base.training,
            "ranker_trees": learnt.trained.tree_count,
            TAUGHT_UNTIL: learnt.taught_until,
        }
        write_manifest(folder, version, base.trained_on, metrics, training, encoder=base.encoder)
    return version


def taught_until(bundle: Bundle) -> float:
    """Time of the newest page that trained the bundle's ranker, in seconds since 1970.

    0 if its ranker was not trained on pages.
    """
    try:
        return float(bundle.training.get(TAUGHT_UNTIL, 0.0))
    except (TypeError, ValueError):
        return 0.0


def _card(version: str, learnt: Learnt) -> str:
    """The model card, as Markdown."""
    figures = "\n".join(f"| {name} | {value} |" for name, value in learnt.judgement.report().items())
    passed = "passed the gate; then trained again, the judging pages included"
    outcome = f"refused: {learnt.refused}" if learnt.refused else passed
    return f"""# Ranker {version}

{learnt.trained.tree_count} trees (LambdaMART) over the shipped prior, trained on shoppers' opens.
No labels were used.

- parent: {learnt.parent}
- evidence: {learnt.fingerprint}
- {outcome}

| on later pages | |
| --- | --- |
{figures}
"""
