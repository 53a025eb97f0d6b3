"""Talking to issuers: their description, their keys, and what they say about a person.

References: OpenID Connect Discovery 1.0; OpenID Connect Core 1.0, 3.1; RFC 7636 (PKCE); RFC 9207.
Requests go through `blog.core.web.fetching`, so that an issuer can't lead to internal addresses,
except for those of its own host, if the operator has said so (`OpenIDProvider.internal`).
"""

import base64
import hashlib
import json
import logging
import time
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from blog.accounts.openid.flow import Attempt
from blog.accounts.schemas import LONGEST_USERNAME
from blog.core.errors import BlogError
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app
from blog.core.web.fetching import FetchError, fetched_document
from settings import OpenIDProvider

log = logging.getLogger(__name__)

LARGEST_DOCUMENT = 256 * 1024
KEPT_SECONDS, KEYS_KEPT_SECONDS = 600.0, 30.0
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
CLOCK_DIFFERENCE = 60
LONGEST_SUBJECT = 255


class IssuerError(BlogError):
    """The issuer doesn't answer, or what it says is not valid; the message is for the user."""


class UnreachableError(IssuerError):
    """The issuer doesn't answer as it should; the log has the reason, which is for the operator."""

    def __init__(self, provider: OpenIDProvider, reason: object) -> None:
        log.warning("the issuer %s of OPENID_PROVIDERS can't be reached: %s", provider.key, reason)
        super().__init__(
            _("%(name)s can't be reached right now. Please try again later.", name=provider.name)
        )


def issuer_name(issuer: str) -> str:
    """What the settings call an issuer; its address if they don't have it any more."""
    providers = current_app.settings.openid_providers
    return next((each.name for each in providers if each.issuer == issuer), issuer)


class Identity(NamedTuple):
    """Who someone is, as their issuer says.

    Attributes:
        issuer, subject: together they identify the account.
        email: an address that the issuer has verified; empty if there is none.
        username: what they are called there, if that is known.
        logged_in_at: when they logged in there, in seconds since 1970; 0 if the issuer doesn't say.
    """

    issuer: str
    subject: str
    email: str
    username: str
    logged_in_at: float = 0.0


@dataclass
class _Kept:
    """What an issuer has said about itself, and when."""

    described: dict[str, Any]
    described_at: float
    keys: dict[str, Any] | None = None
    keys_at: float = 0.0


class Issuers:
    """The issuers of the settings.

    Args:
        providers: how to reach them.
        agent: how this site calls itself.
    """

    def __init__(self, providers: tuple[OpenIDProvider, ...], agent: str) -> None:
        self._providers = {provider.key: provider for provider in providers}
        self._agent = agent
        self._kept: dict[str, _Kept] = {}

    def provider(self, key: str) -> OpenIDProvider | None:
        """The provider with this key, if there is one."""
        return self._providers.get(key)

    async def address_to_ask(
        self, provider: OpenIDProvider, attempt: Attempt, redirect_uri: str
    ) -> str:
        """Where the issuer asks a person who they are (3.1.2.1).

        Raises:
            IssuerError: the issuer can't be reached.
        """
        kept = await self._describe(provider)
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        values = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        if attempt.confirms_session:
            # Whoever is logged in there has to log in again, and the token says when they did.
            values |= {"prompt": "login", "max_age": "0"}
        address = str(kept.described["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(values)}"

    async def identity(
        self, provider: OpenIDProvider, attempt: Attempt, code: str, redirect_uri: str
    ) -> Identity:
        """Exchange the code for who the person is (3.1.3).

        Raises:
            IssuerError: the issuer can't be reached, refuses the code, or its answer is signed with
                another key, or for another site or login; or the person had to log in again, and
                did not.
        """
        kept = await self._describe(provider)
        fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", attempt.verifier),
        ]
        authorization, secret = "", provider.client_secret
        ways = kept.described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if secret is not None and "client_secret_basic" in ways:
            pair = f"{quote(provider.client_id, '')}:{quote(secret.get_secret_value(), '')}"
            authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            fields.append(("client_id", provider.client_id))
            if secret is not None:
                fields.append(("client_secret", secret.get_secret_value()))
        answer = await self._ask(
            provider, str(kept.described["token_endpoint"]), fields, authorization
        )
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise IssuerError(_("%(name)s didn't say who you are.", name=provider.name))
        claims = await self._checked(provider, kept, token, attempt)
        if "email" not in claims and not attempt.user_id:
            claims |= await self._asked_for(provider, kept, answer.get("access_token"), claims)
        email, is_verified = claims.get("email"), claims.get("email_verified") in (True, "true")
        return Identity(
            provider.issuer,
            str(claims["sub"]),
            email if isinstance(email, str) and is_verified else "",
            str(claims.get("preferred_username") or "")[:LONGEST_USERNAME],
            _moment(claims.get("auth_time")),
        )

    async def _asked_for(
        self, provider: OpenIDProvider, kept: _Kept, access_token: object, claims: dict[str, Any]
    ) -> dict[str, Any]:
        """What the issuer says of the address and the name when it is asked for them (5.3): many
        say it only there (5.4). Nothing, if it is about another person."""
        address = kept.described.get("userinfo_endpoint")
        is_token = isinstance(access_token, str) and access_token.isascii()
        if not (isinstance(address, str) and is_token):
            return {}
        # As a form, of which redirects aren't followed: the token is for this address only.
        said = await self._ask(provider, address, [], f"Bearer {access_token}")
        wanted = ("email", "email_verified", "preferred_username")
        is_same = said.get("sub") == claims["sub"]
        return {name: said[name] for name in wanted if name in said} if is_same else {}

    async def _checked(
        self, provider: OpenIDProvider, kept: _Kept, token: str, attempt: Attempt
    ) -> dict[str, Any]:
        """What an ID token says, if it is valid (3.1.3.7)."""
        from blog.accounts.openid.id_tokens import InvalidIDTokenError, claims_of  # noqa: PLC0415

        expected = {
            "issuer": provider.issuer, "client_id": provider.client_id, "nonce": attempt.nonce,
        }  # fmt: skip
        try:
            try:
                claims = claims_of(token, await self._keys(provider, kept), **expected)
            except InvalidIDTokenError:
                # The issuer may have replaced its keys.
                if time.monotonic() - kept.keys_at < KEYS_KEPT_SECONDS:
                    raise
                kept.keys = None
                claims = claims_of(token, await self._keys(provider, kept), **expected)
        except InvalidIDTokenError:
            raise IssuerError(
                _("What %(name)s said about you isn't valid.", name=provider.name)
            ) from None
        subject = str(claims["sub"])
        is_text = subject.isascii() and subject.isprintable()
        if not is_text or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise IssuerError(_("What %(name)s said about you isn't valid.", name=provider.name))
        earliest = attempt.begun_at - CLOCK_DIFFERENCE
        if attempt.confirms_session and _moment(claims.get("auth_time")) < earliest:
            # It may have ignored that it should ask them.
            raise IssuerError(_("%(name)s hasn't asked you to log in again.", name=provider.name))
        return claims

    async def _describe(self, provider: OpenIDProvider) -> _Kept:
        kept = self._kept.get(provider.key)
        if kept is None or time.monotonic() - kept.described_at > KEPT_SECONDS:
            address = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            described = await self._ask(provider, address)
            needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            is_complete = all(isinstance(described.get(name), str) for name in needed)
            if described.get("issuer") != provider.issuer or not is_complete:
                raise UnreachableError(provider, f"{address} describes another or no issuer")
            kept = self._kept[provider.key] = _Kept(described, time.monotonic())
        return kept

    async def _keys(self, provider: OpenIDProvider, kept: _Kept) -> dict[str, Any]:
        if kept.keys is None:
            kept.keys = await self._ask(provider, str(kept.described["jwks_uri"]))
            kept.keys_at = time.monotonic()
        return kept.keys

    async def _ask(
        self, provider: OpenIDProvider, address: str, fields: list[tuple[str, str]] | None = None,
        authorization: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        try:
            document = await fetched_document(
                address, self._agent, largest=LARGEST_DOCUMENT, fields=fields,
                authorization=authorization, internal_host=provider.internal_host,
            )  # fmt: skip
            answer = json.loads(document)
        except (FetchError, ValueError, RecursionError) as error:
            reason = error if isinstance(error, FetchError) else _("This isn't JSON.")
            raise UnreachableError(provider, f"{address}: {reason}") from None
        if not isinstance(answer, dict):
            raise UnreachableError(provider, f"{address}: This isn't a JSON object.")
        return answer


def _moment(auth_time: object) -> float:
    """When a person has logged in at the issuer, as it says (`auth_time`, OpenID Connect Core 1.0,
    2); 0 if it doesn't, or names a time to come."""
    if not isinstance(auth_time, (int, float)):
        return 0.0
    return float(auth_time) if 0 < auth_time <= time.time() + CLOCK_DIFFERENCE else 0.0
