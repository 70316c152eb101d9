from dataclasses import dataclass

import pytest

from services.gateway.peer import peer_of


@dataclass
class Call:
    address: str

    def peer(self) -> str:
        return self.address


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("ipv4:10.0.0.7:50123", "10.0.0.7"),
        ("ipv6:%5B::1%5D:50123", "::/64"),
        ("ipv6:[2001:db8:1:2:a:b:c:d]:50123", "2001:db8:1:2::/64"),
        ("ipv6:%5Bfe80::1%25eth0%5D:50123", "fe80::/64"),
        ("ipv6:[::ffff:10.0.0.7]:50123", "10.0.0.7"),
        ("unix:/run/aisle.sock", "unix:/run/aisle.sock"),
        ("", ""),
    ],
)
def test_a_peer_is_the_address_without_its_port(address: str, peer: str) -> None:
    assert peer_of(Call(address)) == peer


def test_a_call_from_within_the_process_has_no_peer() -> None:
    assert peer_of(None) == ""
