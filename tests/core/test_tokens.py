"""The tokens in links, and those of sessions."""

import pytest

from blog.core.crypto.tokens import (
    ExpiredTokenError,
    InvalidTokenError,
    LinkSigner,
    fingerprint,
    opaque_token,
    token_digest,
)
from tests.accounts.clock import later

CONTENT = {"user": 1, "email": "susan@example.com"}


@pytest.fixture
def signer() -> LinkSigner:
    return LinkSigner(["the tests' own key, which signs nothing of value"])


def test_a_token_holds_its_content_and_fits_into_an_address(signer: LinkSigner) -> None:
    token = signer.sign("purpose", CONTENT)
    assert signer.read("purpose", token) == CONTENT
    assert all(character.isalnum() or character in "._-" for character in token)


def test_every_single_change_is_noticed(signer: LinkSigner) -> None:
    token = signer.sign("purpose", CONTENT)
    for position, character in enumerate(token):
        for other in ("A", "B", "."):
            if other != character:
                changed = token[:position] + other + token[position + 1 :]
                with pytest.raises(InvalidTokenError):
                    signer.read("purpose", changed)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "ü.ü.ü", "\0", "x" * 10_000, ".eJw.x.y"])
def test_nonsense_is_no_token(signer: LinkSigner, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        signer.read("purpose", token)


def test_a_link_is_valid_for_its_purpose_and_site_only(signer: LinkSigner) -> None:
    token = signer.sign("purpose", CONTENT)
    with pytest.raises(InvalidTokenError):
        signer.read("another purpose", token)
    with pytest.raises(InvalidTokenError):
        LinkSigner(["another key"]).read("purpose", token)


def test_a_link_is_valid_for_an_hour(signer: LinkSigner) -> None:
    token = signer.sign("purpose", CONTENT)
    with later(minutes=59):
        assert signer.read("purpose", token) == CONTENT
    with later(hours=1, seconds=2), pytest.raises(ExpiredTokenError):
        signer.read("purpose", token)


def test_a_link_is_valid_where_the_clock_is_five_minutes_behind(signer: LinkSigner) -> None:
    with later(minutes=5):
        token = signer.sign("purpose", CONTENT)
    assert signer.read("purpose", token) == CONTENT
    with later(hours=1):
        token = signer.sign("purpose", CONTENT)
    with pytest.raises(ExpiredTokenError):
        signer.read("purpose", token)


def test_a_fingerprint_changes_with_each_text_and_with_where_one_ends() -> None:
    texts = [("a", "b"), ("a", "c"), ("ab", ""), ("", "ab"), ("b", "a"), ("a", "b", "")]
    assert len({fingerprint(*each) for each in texts}) == len(texts)
    assert fingerprint("a", "b") == fingerprint("a", "b")


def test_an_opaque_token_is_long_and_never_the_same() -> None:
    tokens = {opaque_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(len(token) == 43 for token in tokens)
    assert len(token_digest(tokens.pop())) == 32
