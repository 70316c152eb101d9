"""What is done with a model of others after it was fetched."""

import json
from pathlib import Path

from services.embedding.weights import CONFIG_FILE
from services.training.graph_export import export_graph, needs_graph
from shared.errors import Corrupt


def is_encoder(folder: Path) -> bool:
    """Whether a folder has a model that makes vectors, and is no cross-encoder."""
    path = folder / CONFIG_FILE
    if not path.is_file():
        return False
    try:
        names = json.loads(path.read_text()).get("architectures") or []
    except (ValueError, AttributeError) as error:
        raise Corrupt(f"{path} is no JSON object ({error}); fetch the model again") from error
    return not any(str(name).endswith("ForSequenceClassification") for name in names)


def with_graph(folder: Path) -> Path:
    """The folder, with an ONNX graph if its encoder needs one.

    Raises NotFound if it needs one and torch is missing.
    """
    if is_encoder(folder) and needs_graph(folder):
        export_graph(folder)
    return folder
