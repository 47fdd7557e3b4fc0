"""The types that all bodies share, and how a body that does not fit its schema tells where."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from goals_api.core.faults import Fault, join

WHOLE_PLACE_MAX: Final = 17
_DECIMAL: Final = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,6})?\s*", re.ASCII)


def _written(given: Any) -> Any:
    """A Decimal is made of `1_000` and of digits of any script as well; a body writes 0 to 9, together."""
    if isinstance(given, str) and not _DECIMAL.fullmatch(given):
        raise PydanticCustomError("decimal_parsing", "a number is digits with at most one point, such as 7.5")
    return given


Number = Annotated[
    Decimal,
    BeforeValidator(_written),
    AfterValidator(lambda value: value if value else Decimal(0)),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number"}, {"type": "string", "format": "decimal"}],
            "description": "A JSON number or a decimal string; no digit is lost. At most 38 significant digits.",
        }
    ),
]


def _short(given: Any) -> Any:
    """1e9999999 is a whole number too, and writing it out would hold everybody up."""
    if isinstance(given, Decimal) and given.adjusted() > WHOLE_PLACE_MAX:
        raise PydanticCustomError("int_parsing", "a whole number has at most 18 digits")
    return given


Whole = Annotated[int, BeforeValidator(_short)]
Code = Annotated[
    str,
    Field(max_length=200),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9-]{1,100}$"}),
]
Title = Annotated[str, StringConstraints(max_length=500)]
Line = Annotated[str, StringConstraints(max_length=500)]
Prose = Annotated[str, StringConstraints(max_length=20_000)]
PeriodId = Annotated[
    str,
    Field(max_length=40, description="Such as 2017-03-14, 2017-W11, 2017-03, 2017-Q1, 2017-H1, 2017 or 2017-2018."),
]

_CODES: Final = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "enum": "unknown_word",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "finite_number": "bad_value",
}
_FAMILIES: Final = {"decimal": "bad_value", "int": "bad_value", "bool": "bad_value", "date": "bad_date"}


class Part(BaseModel):
    """A structure inside a body. Numbers where a text belongs are read as that text, as YAML writes `period: 2017`."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)


class Body(Part):
    """What an author sends. One that does not fit keeps its faults instead of ending the reading of all others.

    `answered` names the fields that answers add: they are ignored here, so that what was read can be sent back.
    """

    answered: ClassVar[frozenset[str]] = frozenset()
    _faults: tuple[Fault, ...] = PrivateAttr(default=())
    _is_read: bool = PrivateAttr(default=True)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self._faults

    @property
    def is_read(self) -> bool:
        """Whether what was without fault made a body; then its other rules can be checked as well."""
        return self._is_read

    @model_validator(mode="wrap")
    @classmethod
    def _keep_faults(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(data, dict):
            data = {key: value for key, value in data.items() if key not in cls.answered}
        try:
            return handler(data)
        except ValidationError as error:
            body = cls._read_rest(data, {found["loc"][0] for found in error.errors() if found["loc"]}, handler)
            body._faults = tuple(_faults(error))
            return body

    @classmethod
    def _read_rest(cls, data: Any, faulty: set[int | str], handler: ModelWrapValidatorHandler[Self]) -> Self:
        given: dict[str, Any] = data if isinstance(data, dict) else {}
        try:
            return handler({key: value for key, value in given.items() if key not in faulty})
        except ValidationError:
            code = given.get("code")
            known: dict[str, Any] = {"code": code if isinstance(code, str) else ""}
            body = cast("Self", cls.model_construct(None, **known))
            body._is_read = False
            return body


def _faults(error: ValidationError) -> Iterable[Fault]:
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        yield Fault(path_of(found["loc"]), _code(found["type"], found["loc"]), found["msg"])


def path_of(location: Iterable[int | str]) -> str:
    """`("goals", 3, "kpi")` as `goals[3].kpi`."""
    path = ""
    for part in location:
        path = join(path, f"[{part}]" if isinstance(part, int) else part)
    return path


def _code(kind: str, location: tuple[int | str, ...]) -> str:
    if location and location[0] == "method":
        return "bad_method"
    return _CODES.get(kind) or _FAMILIES.get(kind.partition("_")[0], "bad_type")
