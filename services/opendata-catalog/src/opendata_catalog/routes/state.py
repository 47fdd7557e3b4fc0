"""What every route finds in the running application, and who may do what."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Depends, Request

from tideline.auth import Principal, optional_principal, require
from tideline.clock import Clock
from tideline.database import Database
from tideline.errors import Forbidden
from tideline.vocabulary import Role

WRITERS: Final = (Role.STEWARD, Role.COORDINATOR)


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _clock(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


_writer: Final[Callable[..., Principal]] = require(*WRITERS)
_staff: Final[Callable[..., Principal]] = require()

Store = Annotated[Database, Depends(_database)]
Now = Annotated[Clock, Depends(_clock)]
Writer = Annotated[Principal, Depends(_writer)]
Staff = Annotated[Principal, Depends(_staff)]
Anyone = Annotated[Principal | None, Depends(optional_principal)]


def check_department(writer: Principal, department: str | None) -> None:
    """Whoever works for some departments writes the entries of these only. Raises Forbidden."""
    if writer.departments and department not in writer.departments:
        told = f"this entry belongs to {department or 'no department'}, which you do not write for"
        raise Forbidden(told, code="not_your_department")
