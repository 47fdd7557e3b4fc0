"""NATS' operator mode in plain Python: keys, and the signed claims of operator, accounts and users."""

import base64
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import nkeys

Claims = dict[str, Any]
_PREFIX = {
    "operator": nkeys.PREFIX_BYTE_OPERATOR,
    "account": nkeys.PREFIX_BYTE_ACCOUNT,
    "user": nkeys.PREFIX_BYTE_USER,
}
_UNLIMITED = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "conn": -1, "leaf": -1}
_JETSTREAM = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}


@dataclass(frozen=True)
class Key:
    """An nkey: the seed is the secret, the public key the name of what it belongs to."""

    seed: str

    @classmethod
    def new(cls, kind: Literal["operator", "account", "user"]) -> "Key":
        return cls(bytes(nkeys.encode_seed(os.urandom(32), _PREFIX[kind])).decode())

    @property
    def public(self) -> str:
        public: bytes = nkeys.from_seed(self.seed.encode()).public_key
        return public.decode()

    def sign(self, data: bytes) -> bytes:
        signature: bytes = nkeys.from_seed(self.seed.encode()).sign(data)
        return signature


@dataclass(frozen=True)
class Permissions:
    """What a user may publish and subscribe to; an empty allow-list means nothing at all."""

    publish: Sequence[str] = ()
    subscribe: Sequence[str] = ()
    not_publish: Sequence[str] = ()

    def claims(self) -> Claims:
        publish: Claims = {"allow": list(self.publish)} if self.publish else {"deny": [">"]}
        if self.not_publish:
            publish["deny"] = list(self.not_publish)
        subscribe: Claims = {"allow": list(self.subscribe)} if self.subscribe else {"deny": [">"]}
        return {"pub": publish, "sub": subscribe}


def sign(subject: Key, issuer: Key, name: str, body: Claims) -> str:
    """One JWT of NATS' own kind (ed25519-nkey)."""
    claims = {"iat": int(time.time()), "iss": issuer.public, "sub": subject.public, "name": name}
    claims["nats"] = {**body, "version": 2}
    claims["jti"] = base64.b32encode(hashlib.sha256(json.dumps(claims).encode()).digest()).decode().rstrip("=")
    signed = f"{_part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_part(claims)}"
    return f"{signed}.{_base64(issuer.sign(signed.encode()))}"


def operator(key: Key, name: str, system_account: Key) -> str:
    return sign(key, key, name, {"type": "operator", "system_account": system_account.public})


def account(
    key: Key,
    issuer: Key,
    name: str,
    *,
    jetstream: bool = False,
    exports: Sequence[Claims] = (),
    imports: Sequence[Claims] = (),
    revoked: Mapping[str, int] | None = None,
) -> str:
    """`revoked`: public user keys, each with the Unix second before which its JWTs no longer count."""
    limits = {**_UNLIMITED, "wildcards": True, **(_JETSTREAM if jetstream else {})}
    body: Claims = {"type": "account", "limits": limits, "exports": list(exports), "imports": list(imports)}
    body["default_permissions"] = Permissions().claims()
    if revoked:
        body["revocations"] = dict(revoked)
    return sign(key, issuer, name, body)


def user(key: Key, issuer: Key, name: str, permissions: Permissions) -> str:
    limits = {"subs": -1, "data": -1, "payload": -1}
    return sign(key, issuer, name, {"type": "user", **limits, **permissions.claims()})


def credentials(jwt: str, key: Key) -> str:
    """The text of a .creds file, which is all a client needs to connect."""
    return (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{key.seed}\n------END USER NKEY SEED------\n"
    )


def _part(value: Claims) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
