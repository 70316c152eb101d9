"""The ways of serving that are compared."""

from dataclasses import fields

from cli.frontier.points import points
from services.embedding.config import EmbeddingConfig
from services.gateway.config import GatewayConfig
from services.reranker.config import RerankerConfig
from services.training.evaluation.asking import TIERS

PREFIXES = {
    "AISLE_EMBEDDING_": EmbeddingConfig,
    "AISLE_GATEWAY_": GatewayConfig,
    "AISLE_RERANKER_": RerankerConfig,
}


NEW = "20261130T000000.000000Z"


def test_with_a_bundle_there_are_twenty_and_more_and_each_has_its_own_name() -> None:
    names = [each.name for each in points({"": False, NEW: True})]
    assert len(names) >= 20
    assert len(set(names)) == len(names)


def test_only_a_bundle_with_a_block_has_points_for_it() -> None:
    assert not [each.name for each in points({"": False, NEW: False}) if "block" in each.name]
    for_block = {each.bundle for each in points({"": True, NEW: False}) if "block" in each.name}
    assert for_block == {""}


def test_a_bundle_and_a_cross_encoder_add_points() -> None:
    more = points({"": False, NEW: False}, "models/teacher")
    assert {each.bundle for each in more} == {"", NEW}
    assert {each.tier for each in more} == {*TIERS, "cross_encoded"}


def test_every_setting_is_one_of_a_service() -> None:
    for name in {name for each in points({"": True}, "teacher") for name in each.settings}:
        prefix = next(each for each in PREFIXES if name.startswith(each))
        known = {field.name for field in fields(PREFIXES[prefix])}
        assert name.removeprefix(prefix).lower() in known


def test_points_of_one_server_differ_in_their_tier_alone() -> None:
    servers: dict[object, list[str]] = {}
    for each in points({"": True, "new": True}):
        servers.setdefault(each.server, []).append(each.tier)
    assert servers[("", ())] == ["lexical", "dense", "fused", "reranked"]
    assert all(len(set(tiers)) == len(tiers) for tiers in servers.values())
