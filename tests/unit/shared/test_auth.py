"""A token is believed when one of our keys signed it, it is for us and its time has not passed."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Request
from jwt.algorithms import ECAlgorithm

from tideline.auth import AUDIENCE, ISSUER, Keys, Principal, optional_principal, require
from tideline.errors import Forbidden, Unauthorized
from tideline.vocabulary import Role

OURS, THEIRS = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    public = {**ECAlgorithm.to_jwk(OURS.public_key(), as_dict=True), "kid": "k1", "alg": "ES256", "use": "sig"}
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public]}))
    return Keys.load(tmp_path / "jwks.json")


def token(key: ec.EllipticCurvePrivateKey = OURS, kid: str = "k1", **claims: Any) -> str:
    body = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "exp": time.time() + 60, "roles": ["analyst"], **claims}
    return jwt.encode({k: v for k, v in body.items() if v is not None}, key, "ES256", headers={"kid": kid})


def test_a_token_of_ours_names_who_asks(keys: Keys) -> None:
    found = keys.principal(token(departments=["fire"], roles=["analyst", "king"]))
    assert found == Principal("ana", frozenset({Role.ANALYST}), frozenset({"fire"}))


@pytest.mark.parametrize(
    "bad",
    [
        token(THEIRS),
        token(kid="k2"),
        token(exp=time.time() - 1),
        token(aud="somebody"),
        token(iss="somebody"),
        token(exp=None),
        token(sub=None),
        jwt.encode({"sub": "ana"}, "x" * 32, "HS256", headers={"kid": "k1"}),
        jwt.encode({"sub": "ana"}, "", "none", headers={"kid": "k1"}),
        token()[:-4] + "AAAA",
        "rubbish",
        "",
    ],
)
def test_any_other_token_is_refused(keys: Keys, bad: str) -> None:
    with pytest.raises(Unauthorized):
        keys.principal(bad)


def test_a_feed_key_reads_what_everybody_reads_and_writes_nothing() -> None:
    def asked(token: str) -> Request:
        return Request({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]})

    assert optional_principal(asked("tlk_a_b")) is None
    with pytest.raises(Unauthorized):
        require()(optional_principal(asked("tlk_a_b")))


def test_a_route_asks_for_roles_and_an_administrator_has_them_all() -> None:
    check = require(Role.STEWARD, Role.ANALYST)
    assert check(Principal("a", frozenset({Role.ANALYST}))).subject == "a"
    assert check(Principal("root", frozenset({Role.ADMINISTRATOR}))).subject == "root"
    with pytest.raises(Forbidden):
        check(Principal("v", frozenset({Role.VIEWER})))
    with pytest.raises(Unauthorized):
        check(None)
