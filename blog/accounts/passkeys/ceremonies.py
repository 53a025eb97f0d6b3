"""The two ceremonies of passkeys: what the browser is asked for, and the check of its answer.

The module is imported when it is first needed, because the library takes 0.3 s to load.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from quart import request
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from blog.core.errors import BlogError
from blog.core.web.app import current_app
from blog.models import Passkey, User

LONGEST_ANSWER = 16_384
MILLISECONDS = 300_000
TRANSPORTS = {each.value for each in AuthenticatorTransport}


class InvalidAnswerError(BlogError):
    """The answer of a passkey is forged, damaged, or for another site, challenge or key."""


class NewCredential(NamedTuple):
    """A new passkey, as its authenticator describes it (`blog.models.Passkey`)."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_synced: bool
    transports: list[str]


def own_origin() -> str:
    """The origin whose passkeys count: that of `BASE_URL`, in development that of the request."""
    if current_app.settings.is_development:
        return f"{request.scheme}://{request.host}"
    return current_app.settings.base_url


def own_host() -> str:
    """The host that passkeys belong to (the "RP ID")."""
    return urlsplit(own_origin()).hostname or ""


def user_handle(user_id: int) -> bytes:
    """What a passkey knows of its account: the id, which is public."""
    return user_id.to_bytes(8, "big")


def creation_options(user: User, challenge: bytes, known: Sequence[Passkey]) -> dict[str, Any]:
    """The options of `navigator.credentials.create()`.

    Args:
        user: whose passkey it will be.
        challenge: what to sign.
        known: those that the user has, so that an authenticator has only one of them.
    """
    options = generate_registration_options(
        rp_id=own_host(),
        rp_name=current_app.site.site_name,
        user_id=user_handle(user.id),
        user_name=user.username,
        user_display_name=user.name or user.username,
        challenge=challenge,
        timeout=MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(known),
    )
    return options_to_json_dict(options)


def request_options(challenge: bytes, known: Sequence[Passkey] = ()) -> dict[str, Any]:
    """The options of `navigator.credentials.get()`.

    Args:
        challenge: what to sign.
        known: the passkeys that may answer; without any the user chooses one of the site.
    """
    options = generate_authentication_options(
        rp_id=own_host(),
        challenge=challenge,
        timeout=MILLISECONDS,
        allow_credentials=_descriptors(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def checked_creation(answer: str, challenge: bytes) -> NewCredential:
    """Check the answer to `creation_options`.

    Raises:
        InvalidAnswerError: it is not valid.
    """
    with _damage_told():
        credential = parse_registration_credential_json(_parsed(answer))
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=own_host(),
            expected_origin=own_origin(),
            require_user_verification=True,
        )
    return NewCredential(
        made.credential_id,
        made.credential_public_key,
        made.sign_count,
        made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        [transport.value for transport in credential.response.transports or ()],
    )


def parsed_assertion(answer: str) -> AuthenticationCredential:
    """The answer to `request_options`, not checked yet.

    Raises:
        InvalidAnswerError: it is damaged.
    """
    with _damage_told():
        return parse_authentication_credential_json(_parsed(answer))


def checked_assertion(
    credential: AuthenticationCredential, passkey: Passkey, challenge: bytes
) -> int:
    """Check that a passkey has answered `request_options`.

    Returns:
        Its counter, which the caller compares: it may have fallen.

    Raises:
        InvalidAnswerError: it is not valid.
    """
    handle = credential.response.user_handle
    if handle is not None and handle != user_handle(passkey.user_id):
        raise InvalidAnswerError
    with _damage_told():
        checked = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=own_host(),
            expected_origin=own_origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    return checked.new_sign_count


def _descriptors(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=each.credential_id,
            transports=[
                AuthenticatorTransport(way) for way in each.transports if way in TRANSPORTS
            ],
        )
        for each in passkeys
    ]


def _parsed(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise InvalidAnswerError
    try:
        parsed = json.loads(answer)
    except (ValueError, RecursionError):
        raise InvalidAnswerError from None
    if not isinstance(parsed, dict):
        raise InvalidAnswerError
    return parsed


@contextmanager
def _damage_told() -> Iterator[None]:
    """Raise `InvalidAnswerError` for anything that is wrong with an answer.

    Not all that can be wrong with CBOR, keys and Base64 has an exception of the library's own.
    """
    try:
        yield
    except (
        WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError,
        RecursionError, OverflowError,
    ):  # fmt: skip
        raise InvalidAnswerError from None
