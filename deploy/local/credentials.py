"""Keys, passwords, tokens and feed keys of a local run: made once, kept readable by their owner alone."""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from deploy.local.layout import Layout, read_json, write_private
from deploy.local.process import PartFailed
from tideline.auth import AUDIENCE, ISSUER
from tideline.vocabulary import Role

TOKEN_DAYS: Final = 90
UTILITY: Final = "tacoma-public-utilities"
FEEDS: Final[Mapping[str, tuple[str, dict[str, list[str]]]]] = {
    "feed_key": ("local-feed", {"measures": ["*"]}),
    "tpu_feed_key": ("tpu-feed", {"departments": [UTILITY]}),
}


def passwords(layout: Layout, names: list[str]) -> dict[str, str]:
    """One per database role."""
    path = layout.secrets / "databases.json"
    known: dict[str, str] = read_json(path)
    found = known | {name: known.get(name) or secrets.token_urlsafe(24) for name in names}
    write_private(path, json.dumps(found, indent=1))
    return found


def sign_tokens(layout: Layout) -> dict[str, str]:
    """A token per role, signed anew at each start; the services get the public key set only."""
    path = layout.secrets / "token-key.pem"
    if not path.exists():
        write_private(path, _new_key())
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    public = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "local", "use": "sig", "alg": "ES256"}
    write_private(layout.secrets / "jwks.json", json.dumps({"keys": [public]}))
    return {role.value: _token(key, role) for role in Role}


def make_feeds(layout: Layout, ingest_url: str, staff_token: str) -> dict[str, str]:
    """The keys of the two feeds. A source made by an earlier run keeps its key. Raises PartFailed."""
    path = layout.secrets / "feeds.json"
    kept: dict[str, str] = read_json(path)
    headers = {"Authorization": f"Bearer {staff_token}"}
    with httpx.Client(base_url=ingest_url, headers=headers, timeout=20, trust_env=False) as client:
        for name, (code, scope) in FEEDS.items():
            if not (name in kept and _knows(client, kept[name])):
                kept[name] = _new_feed(client, code, scope)
                write_private(path, json.dumps(kept, indent=1))
    return kept


def write_credentials(layout: Layout, base_url: str, nats_url: str, parts: dict[str, Any]) -> None:
    """The one file that clients read, as the public description says."""
    write_private(layout.credentials, json.dumps({"base_url": base_url, "nats_url": nats_url, **parts}, indent=1))


def _new_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()


def _token(key: ec.EllipticCurvePrivateKey, role: Role) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": f"local-{role}", "roles": [role.value]}
    claims |= {"iat": now, "exp": now + TOKEN_DAYS * 86_400}
    if role is Role.DEPARTMENT_OWNER:
        claims["departments"] = [UTILITY]
    return jwt.encode(claims, key, "ES256", {"kid": "local"})


def _knows(client: httpx.Client, key: str) -> bool:
    """Does the ingest still know this key? Not when its database is another one than last time."""
    answer = client.post(
        "/v1/observations?dry_run=true",
        headers={"Authorization": f"Bearer {key}"},
        json={"observations": [{"measure": "none", "period": "2000", "value": 0}]},
    )
    return answer.status_code not in (401, 403)


def _new_feed(client: httpx.Client, code: str, scope: dict[str, list[str]]) -> str:
    """A source; under a code of its own when the first one is taken and its key is lost."""
    for name in (code, f"{code}-{secrets.token_hex(3)}"):
        body = {"code": name, "title": name.replace("-", " "), "scope": scope}
        answer = client.post("/v1/sources", json=body)
        if answer.status_code == httpx.codes.CREATED:
            key: str = answer.json()["key"]
            return key
        if answer.status_code != httpx.codes.CONFLICT:
            break
    raise PartFailed(f"measures-ingest did not make the source {code}: {answer.status_code} {answer.text[:500]}")
