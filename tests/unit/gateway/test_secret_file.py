import logging
import os
import stat
from pathlib import Path

import pytest

from services.gateway.secret_file import SecretFile
from services.gateway.signatures import Signatures
from services.gateway.signed_query_id import PageOwner, owner_of, signed
from shared.errors import Corrupt

OLD = "0" * 64
NEW = "1" * 64


def is_ours(query_id: str, signatures: Signatures) -> bool:
    return owner_of(query_id, "v1", signatures) is PageOwner.VISITOR


def signatures(path: Path) -> Signatures:
    return Signatures(SecretFile(path).current)


def test_the_first_gateway_makes_a_secret_for_its_owner_only_and_others_use_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "data" / "secret"
    query_id = signed("q1", "v1", signatures(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert is_ours(query_id, signatures(path))
    assert [each.name for each in path.parent.iterdir()] == ["secret"]


def test_two_shops_do_not_know_each_others_query_ids(tmp_path: Path) -> None:
    ours = signatures(tmp_path / "a")
    theirs = signatures(tmp_path / "b")
    assert is_ours(signed("q1", "v1", ours), ours)
    assert not is_ours(signed("q1", "v1", theirs), ours)


def replaced(path: Path, *lines: str) -> None:
    before = path.stat().st_mtime_ns
    path.write_text("".join(f"{line}\n" for line in lines))
    os.utime(path, ns=(before + 1_000, before + 1_000))


def test_a_secret_is_replaced_while_the_gateway_serves(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{OLD}\n")
    serving = signatures(path)
    before = signed("q1", "v1", serving)
    replaced(path, NEW, OLD)
    assert is_ours(before, serving)
    after = signed("q1", "v1", serving)
    assert after != before
    replaced(path, NEW)
    assert not is_ours(before, serving)
    assert is_ours(after, serving)


@pytest.mark.parametrize(
    ("content", "fault"), [("", "holds no secret"), (f"{OLD}\nshort\n", "secret 2 has 5 char")]
)
def test_a_file_without_a_usable_secret_is_named_with_the_remedy(
    tmp_path: Path, content: str, fault: str
) -> None:
    path = tmp_path / "secret"
    path.write_text(content)
    with pytest.raises(Corrupt, match=f"{path}: {fault}"):
        SecretFile(path)


def test_a_change_that_cannot_be_used_is_logged_and_the_secrets_before_it_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{OLD}\n")
    serving = signatures(path)
    before = signed("q1", "v1", serving)
    replaced(path, "short")
    with caplog.at_level(logging.ERROR):
        assert is_ours(before, serving)
        assert is_ours(before, serving)
    assert len(caplog.records) == 1
