"""Who is asking: a signed token becomes a principal with roles; routes say which roles they need."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

import jwt
from fastapi import Depends, Request

from tideline.errors import Forbidden, Unauthorized
from tideline.vocabulary import FEED_KEY_PREFIX, Role

ALGORITHMS: Final = ("ES256",)
ISSUER: Final = "tideline-local"
AUDIENCE: Final = "tideline"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who proved who they are. No departments: every department."""

    subject: str
    roles: frozenset[Role]
    departments: frozenset[str] = frozenset()

    def has(self, *roles: Role) -> bool:
        return Role.ADMINISTRATOR in self.roles or not self.roles.isdisjoint(roles)


class Keys:
    """The public keys that tokens are signed with."""

    def __init__(self, keys: Sequence[jwt.PyJWK]) -> None:
        self._keys = {key.key_id: key for key in keys}

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a JWK set. Raises OSError or jwt.PyJWKError when there is none."""
        return cls(jwt.PyJWKSet.from_dict(json.loads(path.read_text())).keys)

    def principal(self, token: str) -> Principal:
        """Raises Unauthorized for a token that is not ours, altered, or past its time."""
        try:
            key = self._keys[jwt.get_unverified_header(token).get("kid")]
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, KeyError) as reason:
            raise _refused(f"the token is not valid: {reason}") from reason
        return Principal(claims["sub"], _roles(claims), frozenset(claims.get("departments") or ()))


def bearer(request: Request) -> str | None:
    """The token of an `Authorization: Bearer` header. Raises Unauthorized for any other scheme."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _refused("send `Authorization: Bearer <token>`")
    return token.strip()


def optional_principal(request: Request) -> Principal | None:
    """Who asks; nobody without a token. A feed's key says which source pushes: it reads what everybody reads."""
    token = bearer(request)
    if token is None or token.startswith(FEED_KEY_PREFIX):
        return None
    keys: Keys = request.app.state.keys
    return keys.principal(token)


def require(*roles: Role) -> Callable[[Principal | None], Principal]:
    """A dependency: the principal, who has one of the roles (an administrator has them all; none named: anyone)."""

    def check(principal: Annotated[Principal | None, Depends(optional_principal)]) -> Principal:
        if principal is None:
            raise _refused("this needs a token")
        if roles and not principal.has(*roles):
            raise Forbidden("this needs one of the roles " + ", ".join(roles), code="role_missing")
        return principal

    return check


def _roles(claims: dict[str, Any]) -> frozenset[Role]:
    known = {role.value for role in Role}
    return frozenset(Role(name) for name in claims.get("roles") or () if name in known)


def _refused(detail: str) -> Unauthorized:
    return Unauthorized(detail, headers={"WWW-Authenticate": "Bearer"})
