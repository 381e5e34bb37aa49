"""A security key made of software: enough of WebAuthn to register and to sign in."""

import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class SoftwareKey:
    """One credential for one site. `origin` is what a browser would report."""

    def __init__(self, host="testserver", origin="http://testserver"):
        self.host, self.origin = host, origin
        self.id = os.urandom(32)
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.count = 0

    def register(self, challenge):
        """The answer to navigator.credentials.create()."""
        public = dict(ES256.from_cryptography_key(self.private.public_key()))
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor.encode(public)
        data = self._data(ATTESTED) + attested
        return self._credential(
            {
                "clientDataJSON": text(self._client("webauthn.create", challenge)),
                "attestationObject": text(
                    cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
                ),
                "transports": ["internal"],
            }
        )

    def sign(self, challenge, user_handle=None):
        """The answer to navigator.credentials.get()."""
        self.count += 1
        client, data = self._client("webauthn.get", challenge), self._data(0)
        signature = self.private.sign(
            data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256())
        )
        return self._credential(
            {
                "clientDataJSON": text(client),
                "authenticatorData": text(data),
                "signature": text(signature),
                "userHandle": text(user_handle) if user_handle else None,
            }
        )

    def _data(self, flags):
        flags |= USER_PRESENT | USER_VERIFIED
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind, challenge):
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _credential(self, response):
        return json.dumps(
            {
                "id": text(self.id),
                "rawId": text(self.id),
                "type": "public-key",
                "authenticatorAttachment": "platform",
                "clientExtensionResults": {"credProps": {"rk": True}},
                "response": response,
            }
        )


def text(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
