"""The two ceremonies of passkeys: the options for the browser, and the check of its response.

The module is imported on first use, because the library takes 0.3 s to load.
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

LONGEST_RESPONSE = 16_384
TIMEOUT_MILLISECONDS = 300_000
TRANSPORTS = {each.value for each in AuthenticatorTransport}


class InvalidResponseError(BlogError):
    """The response of a passkey is forged, damaged, or for another site, challenge or key."""


class NewCredential(NamedTuple):
    """A new passkey, as its authenticator describes it (`blog.models.Passkey`)."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_synced: bool
    transports: list[str]


def expected_origin() -> str:
    """The origin whose passkeys count: that of `BASE_URL`, in development that of the request."""
    if current_app.settings.is_development:
        return f"{request.scheme}://{request.host}"
    return current_app.settings.base_url


def relying_party_id() -> str:
    """The host that passkeys belong to ("RP ID")."""
    return urlsplit(expected_origin()).hostname or ""


def user_handle(user_id: int) -> bytes:
    """The id of the account, as a passkey stores it; it is public."""
    return user_id.to_bytes(8, "big")


def creation_options(user: User, challenge: bytes, known: Sequence[Passkey]) -> dict[str, Any]:
    """The options of `navigator.credentials.create()`.

    Args:
        user: the owner of the new passkey.
        challenge: the bytes to sign.
        known: the passkeys that the user has, because an authenticator should have only one.
    """
    options = generate_registration_options(
        rp_id=relying_party_id(),
        rp_name=current_app.site.site_name,
        user_id=user_handle(user.id),
        user_name=user.username,
        user_display_name=user.name or user.username,
        challenge=challenge,
        timeout=TIMEOUT_MILLISECONDS,
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
        challenge: the bytes to sign.
        known: the passkeys that may respond; without any, the user chooses one of the site's.
    """
    options = generate_authentication_options(
        rp_id=relying_party_id(),
        challenge=challenge,
        timeout=TIMEOUT_MILLISECONDS,
        allow_credentials=_descriptors(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def verify_registration(response: str, challenge: bytes) -> NewCredential:
    """Verify the response to `creation_options`.

    Raises:
        InvalidResponseError: it is not valid.
    """
    with _convert_errors():
        credential = parse_registration_credential_json(_parse_json(response))
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=relying_party_id(),
            expected_origin=expected_origin(),
            require_user_verification=True,
        )
    return NewCredential(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        [transport.value for transport in credential.response.transports or ()],
    )


def parse_assertion(response: str) -> AuthenticationCredential:
    """Parse the response to `request_options`, without verifying it.

    Raises:
        InvalidResponseError: it is damaged.
    """
    with _convert_errors():
        return parse_authentication_credential_json(_parse_json(response))


def verify_assertion(
    credential: AuthenticationCredential, passkey: Passkey, challenge: bytes
) -> int:
    """Verify the response of a passkey to `request_options`.

    Returns:
        The counter of the passkey, which the caller has to compare: it may have fallen.

    Raises:
        InvalidResponseError: it is not valid.
    """
    handle = credential.response.user_handle
    if handle is not None and handle != user_handle(passkey.user_id):
        raise InvalidResponseError
    with _convert_errors():
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=relying_party_id(),
            expected_origin=expected_origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    return verified.new_sign_count


def _descriptors(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=each.credential_id,
            transports=[
                AuthenticatorTransport(transport)
                for transport in each.transports
                if transport in TRANSPORTS
            ],
        )
        for each in passkeys
    ]


def _parse_json(response: str) -> dict[str, Any]:
    if len(response) > LONGEST_RESPONSE:
        raise InvalidResponseError
    try:
        parsed = json.loads(response)
    except (ValueError, RecursionError):
        raise InvalidResponseError from None
    if not isinstance(parsed, dict):
        raise InvalidResponseError
    return parsed


@contextmanager
def _convert_errors() -> Iterator[None]:
    """Convert every error that an invalid response can raise to `InvalidResponseError`.

    The library has no exceptions of its own for some errors in CBOR, keys and Base64.
    """
    try:
        yield
    except (
        WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError,
        RecursionError, OverflowError,
    ):  # fmt: skip
        raise InvalidResponseError from None
