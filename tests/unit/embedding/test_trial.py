"""Choosing an engine."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from services.embedding.config import EmbeddingConfig
from services.embedding.engines import REFERENCE
from services.embedding.job import Job
from services.embedding.opening import open_encoder
from services.embedding.trial import Measurement, TrialCache, cache_key, candidates, choose
from shared.inference.cpu import Cpu, read_cpu

JOB = Job("queries", 1, 32)
PRODUCTS = Job("products", 2, 128)
ZEN_4 = Cpu("Zen 4", frozenset({"avx2", "avx512_bf16", "avx512_vnni"}), 2)
ZEN_3 = Cpu("Zen 3", frozenset({"avx2"}), 2)


def test_products_are_never_encoded_in_int8() -> None:
    assert candidates(PRODUCTS, ZEN_4, cuda=False) == (REFERENCE, "openvino-bf16")
    assert candidates(PRODUCTS, ZEN_3, cuda=False) == (REFERENCE, "openvino-f32")
    with pytest.raises(ValueError, match="product_engine is 'onnxruntime-int8'"):
        EmbeddingConfig(product_engine="onnxruntime-int8")


def test_one_thread_is_not_worth_another_library_for_the_same_float32() -> None:
    assert candidates(replace(PRODUCTS, threads=1), ZEN_3, cuda=False) == (REFERENCE,)
    assert candidates(replace(PRODUCTS, threads=1), ZEN_4, cuda=False) == (
        REFERENCE,
        "openvino-bf16",
    )


def test_queries_have_bf16_where_the_processor_has() -> None:
    assert candidates(JOB, ZEN_4, cuda=False) == (REFERENCE, "onnxruntime-int8", "openvino-bf16")
    assert candidates(JOB, ZEN_3, cuda=True) == (REFERENCE, "onnxruntime-int8", "torch-cuda-bf16")


def test_the_fastest_wins_the_products() -> None:
    measured = {REFERENCE: Measurement(600, 1.0), "openvino-bf16": Measurement(300, 0.99998)}
    assert choose("products", measured) == "openvino-bf16"


def test_an_engine_that_strays_too_far_is_out_however_fast() -> None:
    assert (
        choose("products", {REFERENCE: Measurement(600, 1.0), "openvino-bf16": Measurement(1, 0.99)})
        == REFERENCE
    )
    assert (
        choose("queries", {REFERENCE: Measurement(5, 1.0), "onnxruntime-int8": Measurement(1, 0.993)})
        == REFERENCE
    )


def test_among_query_engines_of_like_speed_the_most_exact_wins() -> None:
    measured = {
        REFERENCE: Measurement(3.8, 1.0),
        "onnxruntime-int8": Measurement(1.9, 0.9994),
        "onnxruntime-int8-dynamic": Measurement(1.6, 0.9985),
    }
    assert choose("queries", measured) == "onnxruntime-int8"


def test_among_query_engines_as_good_as_float32_the_fastest_wins() -> None:
    measured = {
        REFERENCE: Measurement(3.0, 1.0),
        "openvino-bf16": Measurement(1.9, 0.99998),
        "onnxruntime-int8": Measurement(1.6, 0.9994),
    }
    assert choose("queries", measured) == "openvino-bf16"
    assert choose("queries", measured | {"onnxruntime-int8": Measurement(0.9, 0.9994)}) == "onnxruntime-int8"


def test_a_choice_is_remembered_for_its_key_only(tmp_path: Path) -> None:
    cache = TrialCache(tmp_path / "new")
    cache.put("a", REFERENCE, {REFERENCE: Measurement(1, 1)})
    cache.put("b", "onnxruntime-int8", {})
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (REFERENCE, "onnxruntime-int8", None)


@pytest.mark.parametrize("text", ["{", "[]", '{"a": {"engine": "gone"}}', '{"a": 3}'])
def test_a_cache_that_cannot_be_read_costs_only_a_trial(tmp_path: Path, text: str) -> None:
    (tmp_path / "engines.json").write_text(text)
    assert TrialCache(tmp_path).get("a") is None


def test_the_key_depends_on_machine_encoder_and_job() -> None:
    keys = {cache_key(JOB, ZEN_4, "e1"), cache_key(JOB, ZEN_3, "e1"), cache_key(JOB, ZEN_4, "e2")}
    keys |= {
        cache_key(Job("products", 1, 32), ZEN_4, "e1"),
        cache_key(Job("queries", 2, 32), ZEN_4, "e1"),
    }
    assert len(keys) == 5


def test_the_second_start_has_no_trial(model_folder: Path, tmp_path: Path) -> None:
    config = EmbeddingConfig(model=str(model_folder), cache=str(tmp_path / "cache"))
    first = open_encoder(config)
    first.encode_queries([])
    remembered = tmp_path / "cache" / "engines.json"
    forced = {key: {"engine": "openvino-f32"} for key in json.loads(remembered.read_text())}
    remembered.write_text(json.dumps(forced))
    second = open_encoder(config)
    second.encode_queries([])
    assert first.engines["queries"].startswith("onnxruntime")
    assert second.engines == {"queries": "openvino-f32"}


def test_this_machine_is_known() -> None:
    cpu = read_cpu()
    assert cpu.cores >= 1
    assert cpu.name
