"""Trees of LightGBM that ONNX Runtime walks, in less than half of the time.

A row has each feature twice: unknown values are -inf in the first half and +inf in the second. So a
node sends them left or right by the half that it reads, and its test needs no case for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.inference.session import open_session

_DOMAIN = "ai.onnx.ml"
_OPSETS = {"": 17, _DOMAIN: 3}
_IR_VERSION = 8
_INPUT = "rows"


@dataclass(frozen=True, slots=True)
class CompiledTrees:
    """A lightgbm.Booster with raw scores by ONNX Runtime, equal but for rounding to float32."""

    booster: Any  # a lightgbm.Booster
    session: Any  # an onnxruntime.InferenceSession; None: no tree has a split
    start: float  # the sum of trees that are a single leaf

    @classmethod
    def of(cls, booster: Any) -> Any:
        """The compiled trees; the booster itself if it has other splits than x <= threshold."""
        trees = [each["tree_structure"] for each in booster.dump_model()["tree_info"]]
        start = sum(each["leaf_value"] for each in trees if _is_leaf(each))
        nodes = _Nodes(booster.num_feature())
        try:
            for number, each in enumerate(each for each in trees if not _is_leaf(each)):
                nodes.add(number, each)
        except NotImplementedError:
            return booster
        session = open_session(nodes.model(), 1) if nodes.leaves["treeids"] else None
        return cls(booster, session, start)

    @classmethod
    def of_text(cls, text: str) -> Any:
        """As `of`, from LightGBM's text format."""
        import lightgbm

        return cls.of(lightgbm.Booster(model_str=text))

    def predict(self, matrix: NDArray[np.float32], **options: Any) -> NDArray[np.float64]:
        """As Booster.predict with raw_score or pred_contrib."""
        if options.get("pred_contrib") or not options.get("raw_score"):
            return np.asarray(self.booster.predict(matrix, **options))
        if self.session is None or not len(matrix):
            return np.full(len(matrix), self.start)
        unknown = np.isnan(matrix)
        halves = [np.where(unknown, np.float32(value), matrix) for value in (-np.inf, np.inf)]
        rows = np.concatenate(halves, axis=1, dtype=np.float32)
        found: NDArray[np.float64] = self.session.run(None, {_INPUT: rows})[0][:, 0] + self.start
        return found

    def model_to_string(self) -> str:
        """The trees in LightGBM's text format."""
        return str(self.booster.model_to_string())


def _columns(*names: str) -> dict[str, list[Any]]:
    return {name: [] for name in names}


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The attributes of ONNX's TreeEnsembleRegressor, as columns."""

    feature_count: int
    nodes: dict[str, list[Any]] = field(
        default_factory=lambda: _columns(
            "treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids"
        )
    )
    leaves: dict[str, list[Any]] = field(
        default_factory=lambda: _columns("treeids", "nodeids", "ids", "weights")
    )

    def add(self, tree: int, node: Mapping[str, Any]) -> None:
        """Add a tree. Raises NotImplementedError for splits of another kind than x <= threshold."""
        waiting = [(0, node)]
        count = 1
        while waiting:
            number, each = waiting.pop()
            if _is_leaf(each):
                self._append(self.leaves, (tree, number, 0, each["leaf_value"]))
                self._append(self.nodes, (tree, number, 0, "LEAF", 0.0, 0, 0))
                continue
            feature, threshold = self._test(each)
            row = (tree, number, feature, "BRANCH_LEQ", threshold, count, count + 1)
            self._append(self.nodes, row)
            waiting += [(count, each["left_child"]), (count + 1, each["right_child"])]
            count += 2

    def model(self) -> bytes:
        """The graph: input (n, 2 x features), output (n, 1)."""
        from onnx import TensorProto, helper

        attributes = {f"nodes_{name}": values for name, values in self.nodes.items()}
        attributes |= {f"target_{name}": values for name, values in self.leaves.items()}
        node = helper.make_node(
            "TreeEnsembleRegressor", [_INPUT], ["scores"], domain=_DOMAIN, n_targets=1, **attributes
        )
        rows = helper.make_tensor_value_info(_INPUT, TensorProto.FLOAT, [None, 2 * self.feature_count])
        scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 1])
        graph = helper.make_graph([node], "trees", [rows], [scores])
        opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        return bytes(model.SerializeToString())

    def _test(self, node: Mapping[str, Any]) -> tuple[int, float]:
        """The column and threshold of a split. LightGBM reads nan as 0 where it never saw one."""
        if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
            raise NotImplementedError
        threshold = float(node["threshold"])
        is_left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
        return node["split_feature"] + (0 if is_left else self.feature_count), _at_most(threshold)

    @staticmethod
    def _append(columns: dict[str, list[Any]], row: tuple[Any, ...]) -> None:
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)


def _is_leaf(node: Mapping[str, Any]) -> bool:
    return "split_feature" not in node


def _at_most(threshold: float) -> float:
    """The largest float32 up to the threshold, which the same float32 values are below."""
    with np.errstate(over="ignore"):  # a threshold may be above all float32
        near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))
