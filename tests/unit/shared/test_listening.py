import pytest

from shared.listening import LOOPBACK, addresses_of, dialled


def test_the_loopback_is_all_its_addresses() -> None:
    found = addresses_of(LOOPBACK)
    assert found[0] == "127.0.0.1"
    assert set(found) <= {"127.0.0.1", "[::1]"}


@pytest.mark.parametrize(
    ("host", "opened", "client"),
    [
        ("[::]", "[::]", "localhost"),
        ("::", "[::]", "localhost"),
        ("0.0.0.0", "0.0.0.0", "localhost"),
        ("10.0.0.7", "10.0.0.7", "10.0.0.7"),
        ("fd00::7", "[fd00::7]", "[fd00::7]"),
        ("localhost", None, "localhost"),
    ],
)
def test_a_host_is_opened_and_dialled(host: str, opened: str | None, client: str) -> None:
    if opened:
        assert addresses_of(host) == [opened]
    assert dialled(host) == client
