"""Talking to issuers: their metadata, their keys, and their claims about a person.

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
from blog.core.web.fetching import FetchError, fetch_document
from settings import OpenIDProvider

log = logging.getLogger(__name__)

LARGEST_DOCUMENT = 256 * 1024
METADATA_CACHE_SECONDS, KEYS_CACHE_SECONDS = 600.0, 30.0
# In seconds.
MAX_CLOCK_SKEW = 60
LONGEST_SUBJECT = 255


class IssuerError(BlogError):
    """The issuer doesn't respond, or its response is not valid; the message is for the user."""


class UnreachableError(IssuerError):
    """The issuer can't be reached, or its response is useless; the log tells the operator why."""

    def __init__(self, provider: OpenIDProvider, reason: object) -> None:
        log.warning("the issuer %s of OPENID_PROVIDERS can't be reached: %s", provider.key, reason)
        super().__init__(
            _("%(name)s can't be reached right now. Please try again later.", name=provider.name)
        )


def issuer_name(issuer: str) -> str:
    """The name of an issuer in the settings; its URL if they don't have it any more."""
    providers = current_app.settings.openid_providers
    return next((each.name for each in providers if each.issuer == issuer), issuer)


class Identity(NamedTuple):
    """Who someone is, according to their issuer.

    Attributes:
        issuer, subject: together they identify the account.
        email: an address that the issuer has verified; empty if there is none.
        username: their name there, if it is known.
        logged_in_at: when they logged in there, in seconds since 1970; 0 if the issuer doesn't say.
    """

    issuer: str
    subject: str
    email: str
    username: str
    logged_in_at: float = 0.0


@dataclass
class _CachedIssuer:
    """The metadata and the keys of an issuer, and when they were fetched (monotonic seconds)."""

    metadata: dict[str, Any]
    fetched_at: float
    keys: dict[str, Any] | None = None
    keys_fetched_at: float = 0.0


class Issuers:
    """The issuers of the settings.

    Args:
        providers: how to reach them.
        agent: the `User-Agent` of this site.
    """

    def __init__(self, providers: tuple[OpenIDProvider, ...], agent: str) -> None:
        self._providers = {provider.key: provider for provider in providers}
        self._agent = agent
        self._cache: dict[str, _CachedIssuer] = {}

    def provider(self, key: str) -> OpenIDProvider | None:
        """The provider with this key, if there is one."""
        return self._providers.get(key)

    async def build_authorization_url(
        self, provider: OpenIDProvider, attempt: Attempt, redirect_uri: str
    ) -> str:
        """Build the URL where a person logs in at the issuer (3.1.2.1).

        Raises:
            IssuerError: the issuer can't be reached.
        """
        issuer = await self._load_issuer(provider)
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
            # Even people who are logged in there log in again, and the token says when they did.
            values |= {"prompt": "login", "max_age": "0"}
        url = str(issuer.metadata["authorization_endpoint"])
        return f"{url}{'&' if '?' in url else '?'}{urlencode(values)}"

    async def fetch_identity(
        self, provider: OpenIDProvider, attempt: Attempt, code: str, redirect_uri: str
    ) -> Identity:
        """Exchange the code for the person's identity (3.1.3).

        Raises:
            IssuerError: the issuer can't be reached or refuses the code; or its ID token is signed
                with another key, or for another site or login; or the person had to log in again,
                and did not.
        """
        issuer = await self._load_issuer(provider)
        fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", attempt.verifier),
        ]
        authorization, secret = "", provider.client_secret
        methods = issuer.metadata.get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        )
        if secret is not None and "client_secret_basic" in methods:
            pair = f"{quote(provider.client_id, '')}:{quote(secret.get_secret_value(), '')}"
            authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            fields.append(("client_id", provider.client_id))
            if secret is not None:
                fields.append(("client_secret", secret.get_secret_value()))
        response = await self._fetch_json(
            provider, str(issuer.metadata["token_endpoint"]), fields, authorization
        )
        token = response.get("id_token")
        if not isinstance(token, str):
            raise IssuerError(_("%(name)s didn't say who you are.", name=provider.name))
        claims = await self._validate_id_token(provider, issuer, token, attempt)
        if "email" not in claims and not attempt.user_id:
            access_token = response.get("access_token")
            claims |= await self._fetch_userinfo(provider, issuer, access_token, claims)
        email, is_verified = claims.get("email"), claims.get("email_verified") in (True, "true")
        return Identity(
            provider.issuer,
            str(claims["sub"]),
            email if isinstance(email, str) and is_verified else "",
            str(claims.get("preferred_username") or "")[:LONGEST_USERNAME],
            _parse_auth_time(claims.get("auth_time")),
        )

    async def _fetch_userinfo(
        self,
        provider: OpenIDProvider,
        issuer: _CachedIssuer,
        access_token: object,
        claims: dict[str, Any],
    ) -> dict[str, Any]:
        """Fetch the address and the name from the userinfo endpoint (5.3), the only place where
        many issuers have them (5.4).

        Args:
            claims: those of the ID token.

        Returns:
            The claims; none if the response is about another person.
        """
        url = issuer.metadata.get("userinfo_endpoint")
        is_token = isinstance(access_token, str) and access_token.isascii()
        if not (isinstance(url, str) and is_token):
            return {}
        # A POST, because its redirects aren't followed: the token is for this URL only.
        userinfo = await self._fetch_json(provider, url, [], f"Bearer {access_token}")
        wanted = ("email", "email_verified", "preferred_username")
        is_same = userinfo.get("sub") == claims["sub"]
        return {name: userinfo[name] for name in wanted if name in userinfo} if is_same else {}

    async def _validate_id_token(
        self, provider: OpenIDProvider, issuer: _CachedIssuer, token: str, attempt: Attempt
    ) -> dict[str, Any]:
        """Validate an ID token (3.1.3.7), and return its claims."""
        from blog.accounts.openid import id_tokens  # noqa: PLC0415

        expected: dict[str, Any] = {
            "issuer": provider.issuer, "client_id": provider.client_id, "nonce": attempt.nonce,
            "leeway": MAX_CLOCK_SKEW,
        }  # fmt: skip
        try:
            try:
                keys = await self._load_keys(provider, issuer)
                claims = id_tokens.validate_id_token(token, keys, **expected)
            except id_tokens.InvalidIDTokenError:
                # The issuer may have replaced its keys.
                if time.monotonic() - issuer.keys_fetched_at < KEYS_CACHE_SECONDS:
                    raise
                issuer.keys = None
                keys = await self._load_keys(provider, issuer)
                claims = id_tokens.validate_id_token(token, keys, **expected)
        except id_tokens.InvalidIDTokenError:
            raise IssuerError(
                _("What %(name)s said about you isn't valid.", name=provider.name)
            ) from None
        subject = str(claims["sub"])
        is_text = subject.isascii() and subject.isprintable()
        if not is_text or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise IssuerError(_("What %(name)s said about you isn't valid.", name=provider.name))
        earliest = attempt.begun_at - MAX_CLOCK_SKEW
        if attempt.confirms_session and _parse_auth_time(claims.get("auth_time")) < earliest:
            # The issuer may have ignored `prompt` and `max_age`.
            raise IssuerError(_("%(name)s hasn't asked you to log in again.", name=provider.name))
        return claims

    async def _load_issuer(self, provider: OpenIDProvider) -> _CachedIssuer:
        """The cached issuer, with metadata that are fetched again after ten minutes."""
        issuer = self._cache.get(provider.key)
        if issuer is None or time.monotonic() - issuer.fetched_at > METADATA_CACHE_SECONDS:
            url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            metadata = await self._fetch_json(provider, url)
            needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            is_complete = all(isinstance(metadata.get(name), str) for name in needed)
            if metadata.get("issuer") != provider.issuer or not is_complete:
                raise UnreachableError(provider, f"{url} describes another or no issuer")
            issuer = self._cache[provider.key] = _CachedIssuer(metadata, time.monotonic())
        return issuer

    async def _load_keys(self, provider: OpenIDProvider, issuer: _CachedIssuer) -> dict[str, Any]:
        if issuer.keys is None:
            issuer.keys = await self._fetch_json(provider, str(issuer.metadata["jwks_uri"]))
            issuer.keys_fetched_at = time.monotonic()
        return issuer.keys

    async def _fetch_json(
        self, provider: OpenIDProvider, url: str, fields: list[tuple[str, str]] | None = None,
        authorization: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Fetch a JSON object: by POST if there are `fields`, otherwise by GET."""
        try:
            document = await fetch_document(
                url, self._agent, largest=LARGEST_DOCUMENT, fields=fields,
                authorization=authorization, internal_host=provider.internal_host,
            )  # fmt: skip
            response = json.loads(document)
        except (FetchError, ValueError, RecursionError) as error:
            reason = error if isinstance(error, FetchError) else _("This isn't JSON.")
            raise UnreachableError(provider, f"{url}: {reason}") from None
        if not isinstance(response, dict):
            raise UnreachableError(provider, f"{url}: This isn't a JSON object.")
        return response


def _parse_auth_time(auth_time: object) -> float:
    """When a person logged in at the issuer (`auth_time`, OpenID Connect Core 1.0, 2), in seconds
    since 1970; 0 if the issuer doesn't say, or says a time in the future."""
    if not isinstance(auth_time, (int, float)):
        return 0.0
    return float(auth_time) if 0 < auth_time <= time.time() + MAX_CLOCK_SKEW else 0.0
