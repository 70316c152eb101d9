import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.search import page_token
from services.gateway.search.page_token import PageToken
from services.gateway.signatures import Signatures, from_text, to_text
from services.gateway.signed_query_id import signed
from shared.errors import InvalidRequest
from shared.query_ids import new_query_id
from tests.unit.gateway.conftest import SIGNATURES

DIGEST = page_token.digest(b"a request")


@given(st.integers(0, 2**32 - 1), st.text(max_size=20))
def test_a_token_says_what_it_was_made_of(offset: int, query: str) -> None:
    token = PageToken(signed(new_query_id(query), "v1", SIGNATURES), offset, DIGEST)
    assert page_token.decode(page_token.encode(token, SIGNATURES), DIGEST, SIGNATURES) == token


def test_no_byte_of_a_token_can_be_changed() -> None:
    data = from_text(page_token.encode(PageToken("q1", 20, DIGEST), SIGNATURES))
    for place in range(len(data)):
        changed = bytes([*data[:place], data[place] ^ 1, *data[place + 1 :]])
        with pytest.raises(InvalidRequest, match="page_token: is "):
            page_token.decode(to_text(changed), DIGEST, SIGNATURES)


def test_a_token_signed_by_somebody_else_is_refused() -> None:
    theirs = Signatures(lambda: [b"another secret, of another shop"])
    token = page_token.encode(PageToken("q1", 0, DIGEST), theirs)
    with pytest.raises(InvalidRequest, match="page_token: is damaged"):
        page_token.decode(token, DIGEST, SIGNATURES)


def test_a_signature_of_a_query_id_does_not_sign_a_token() -> None:
    content = page_token.encode(PageToken("q1", 0, DIGEST), SIGNATURES)
    body = from_text(content)[12:]
    with pytest.raises(InvalidRequest, match="page_token: is damaged"):
        page_token.decode(to_text(SIGNATURES.sign("query_id", body) + body), DIGEST, SIGNATURES)
