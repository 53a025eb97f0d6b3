"""Validation of ID tokens (OpenID Connect Core 1.0, 3.1.3.7).

The module is imported on first use, because few sites have providers.
"""

from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]


class InvalidIDTokenError(Exception):
    """The token is damaged, forged, expired, or for another site or login."""


def validate_id_token(
    token: str, keys: dict[str, Any], *, issuer: str, client_id: str, nonce: str, leeway: int
) -> dict[str, Any]:
    """Validate an ID token.

    Args:
        token: the token.
        keys: the public keys of the issuer (RFC 7517).
        issuer, client_id, nonce: the issuer, the site and the login that it must be for.
        leeway: by how many seconds the issuer's clock may be ahead of ours, or behind it.

    Returns:
        Its claims.

    Raises:
        InvalidIDTokenError: it is not valid.
    """
    expected = jwt.JWTClaimsRegistry(
        leeway=leeway,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims  # type: ignore[arg-type]
        expected.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise InvalidIDTokenError from None
    audience = claims["aud"]
    is_shared = isinstance(audience, list) and len(audience) > 1
    if (is_shared or "azp" in claims) and claims.get("azp") != client_id:
        raise InvalidIDTokenError
    return claims
