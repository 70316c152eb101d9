"""What a setting of addresses means, and what names mean from one look to the next."""

from collections.abc import Sequence

import pytest

from services.gateway.config import GatewayConfig
from services.gateway.replicas.addresses import Addresses, parse, system_resolver


class Names:
    """A name server; what it has not, it does not find."""

    def __init__(self, **addresses: Sequence[str]) -> None:
        self.addresses = addresses

    async def __call__(self, host: str) -> Sequence[str]:
        if host not in self.addresses:
            raise OSError(f"{host} is unknown")
        return self.addresses[host]


async def test_every_address_of_every_name_is_a_replica() -> None:
    names = Names(one=["10.0.0.1"], many=["10.0.0.2", "10.0.0.3"], six=["fd00::1"])
    found = await Addresses("one:1, many:2,six:3", names).now()
    assert found == ["10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:2", "[fd00::1]:3"]


async def test_a_name_is_looked_up_again_each_time() -> None:
    names = Names(many=["10.0.0.2"])
    addresses = Addresses("many:2", names)
    assert await addresses.now() == ["10.0.0.2:2"]
    names.addresses = {"many": ["10.0.0.3", "10.0.0.4"]}
    assert await addresses.now() == ["10.0.0.3:2", "10.0.0.4:2"]


async def test_a_name_server_that_is_away_changes_nothing() -> None:
    names = Names(many=["10.0.0.2"])
    addresses = Addresses("many:2,later:2", names)
    assert await addresses.now() == ["10.0.0.2:2"]
    names.addresses = {"later": ["10.0.0.9"]}
    assert await addresses.now() == ["10.0.0.2:2", "10.0.0.9:2"]


async def test_one_address_under_two_names_is_one_replica() -> None:
    assert await Addresses("a:1,b:1", Names(a=["10.0.0.1"], b=["10.0.0.1"])).now() == ["10.0.0.1:1"]


async def test_this_machine_counts_once_though_it_has_two_families_of_addresses() -> None:
    assert list(await system_resolver("localhost")) == ["127.0.0.1"]


async def test_an_address_needs_no_name_server() -> None:
    assert list(await system_resolver("127.0.0.1")) == ["127.0.0.1"]
    assert list(await system_resolver("::1")) == ["::1"]


def test_an_ipv6_address_is_in_brackets() -> None:
    assert parse("[fd00::1]:50053") == (("fd00::1", 50053),)


@pytest.mark.parametrize(
    "text", ["retrieval", "retrieval:", ":50053", "retrieval:http", "retrieval:70000", "a:1,b"]
)
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an address; use HOST:PORT"):
        GatewayConfig(retrieval_address=text)
