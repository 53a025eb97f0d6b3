"""An authenticator in software: it answers what a browser's would, and what a forger's would."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

USER_PRESENT, USER_VERIFIED, MAY_SYNC, IS_SYNCED, HAS_CREDENTIAL = 1, 4, 8, 16, 64
OPTIONS = "/auth/passkeys/options"


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SoftPasskey:
    """A passkey.

    Args:
        origin: the site that its answers are for.
        is_synced: whether several devices have it; then it doesn't count.

    Attributes:
        count: the counter of the next answer.
        flags: what its answers say of the user.
    """

    def __init__(self, origin: str = "https://blog.test", *, is_synced: bool = False) -> None:
        self.origin = origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.count = 0 if is_synced else 1
        self.steps = 0 if is_synced else 1
        self.flags = USER_PRESENT | USER_VERIFIED | (MAY_SYNC | IS_SYNCED if is_synced else 0)
        self.user_handle = b""

    def create(self, options: dict[str, Any]) -> str:
        """What `navigator.credentials.create()` answers."""
        self.user_handle = decoded(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        described = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(public)
        data = self._authenticator_data(options["rp"]["id"], HAS_CREDENTIAL) + described
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client_data("webauthn.create", options["challenge"])
        response = {
            "clientDataJSON": encoded(client), "attestationObject": encoded(attested),
            "transports": ["internal"],
        }  # fmt: skip
        return self._answer(response)

    def get(self, options: dict[str, Any]) -> str:
        """What `navigator.credentials.get()` answers."""
        data = self._authenticator_data(options["rpId"], 0)
        client = self._client_data("webauthn.get", options["challenge"])
        signed = data + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": encoded(client), "authenticatorData": encoded(data),
            "signature": encoded(self.key.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": encoded(self.user_handle),
        }  # fmt: skip
        return self._answer(response)

    def _authenticator_data(self, host: str, more_flags: int) -> bytes:
        flags = (self.flags | more_flags).to_bytes(1)
        count, self.count = self.count, self.count + self.steps
        return hashlib.sha256(host.encode()).digest() + flags + count.to_bytes(4)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        content = {"type": kind, "challenge": challenge, "origin": self.origin}
        return json.dumps(content | {"crossOrigin": False}).encode()

    def _answer(self, response: dict[str, Any]) -> str:
        own = encoded(self.id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": response})
