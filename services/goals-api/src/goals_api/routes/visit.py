"""Who asks, through which session, at what time: what every route is given, and how a body reaches it."""

from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import AfterValidator
from sqlmodel.ext.asyncio.session import AsyncSession

from goals_api.actions import Author
from goals_api.core.entities import Area, City, Content, Department
from goals_api.schemas.reading import read
from tideline.auth import Principal, optional_principal, require
from tideline.errors import Forbidden, TooLarge, Unsupported
from tideline.vocabulary import Role

EVERYTHING: Final = (Role.ANALYST, Role.COORDINATOR)
DEPARTMENTS: Final = (Role.ANALYST,)
_BEARER: Final = HTTPBearer(auto_error=False, description="A signed token.")  # for the documentation
OWNED: Final = (Role.ANALYST, Role.DEPARTMENT_OWNER)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError as reason:
        raise ValueError("in UTC this is no instant of the years 1 to 9999") from reason


KnownAt = Annotated[
    Annotated[datetime, AfterValidator(_in_utc)] | None, Query(description="As it was known at this moment.")
]


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.database.session() as session:
        yield session


Session = Annotated[AsyncSession, Depends(_session, scope="function")]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. Without a principal it sees what is published."""

    request: Request
    session: AsyncSession
    principal: Principal | None
    at: datetime

    @property
    def published(self) -> bool | None:
        """What a list is limited to: True for the public, None for whoever has a token."""
        return None if self.principal else True

    def may_see(self, content: Content) -> bool:
        return content.published or self.principal is not None

    @property
    def author(self) -> Author:
        assert self.principal is not None
        return Author(self.principal.subject, self.at)

    def check_owner(self, *contents: Content) -> None:
        """A department owner changes what is, and stays, of an own department. Raises Forbidden."""
        who = self.principal
        if who is None or who.has(*EVERYTHING) or not who.departments:
            return
        for content in contents:
            if isinstance(content, (City, Area, Department)) or content.department not in who.departments:
                raise Forbidden(f"{content.code} is not of your department", code="not_your_department")


def _public(
    request: Request, session: Session, principal: Annotated[Principal | None, Depends(optional_principal)]
) -> Visit:
    return Visit(request, session, principal, request.app.state.clock.now())


def _by(*roles: Role) -> Callable[..., Visit]:
    def visit(
        principal: Annotated[Principal, Depends(require(*roles))],
        request: Request,
        session: Session,
        _: Annotated[object, Depends(_BEARER)],
    ) -> Visit:
        return Visit(request, session, principal, request.app.state.clock.now())

    return visit


Reading = Annotated[Visit, Depends(_public)]
WithToken = Annotated[Visit, Depends(_by())]
Planning = Annotated[Visit, Depends(_by(*EVERYTHING))]
Organising = Annotated[Visit, Depends(_by(*DEPARTMENTS))]
Owning = Annotated[Visit, Depends(_by(*OWNED))]


class _Decoded(Request):
    """A request whose body is read already; it says JSON so that the framework takes the value as it is."""

    def __init__(self, request: Request, body: bytes, value: Any) -> None:
        headers = [pair for pair in request.scope["headers"] if pair[0] != b"content-type"]
        scope = {**request.scope, "headers": [*headers, (b"content-type", b"application/json")]}
        super().__init__(scope, request.receive)
        self._body = body
        self._value = value

    async def json(self) -> Any:
        return self._value


class ExactRoute(APIRoute):
    """Reads JSON and YAML without losing a digit, within a bound, and only for somebody who has a token."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def read_first(request: Request) -> Response:
            if request.method in ("GET", "HEAD"):
                return await handle(request)
            require()(optional_principal(request))
            body = await _bounded(request, request.app.state.settings.document_bytes_max)
            value = read(body, request.headers.get("content-type", "")) if body else None
            return await handle(_Decoded(request, body, value))

        return read_first


async def _bounded(request: Request, most: int) -> bytes:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Unsupported("send this body without a content encoding")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise TooLarge(f"a body here has at most {most} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
