"""Whole numbers in bodies, as a request brings them."""

from typing import Any

import pytest

from goals_api.schemas.city import CityBody
from goals_api.schemas.entities import GoalBody, MeasureBody
from goals_api.schemas.reading import read
from goals_api.schemas.words import Body

MEASURE = '"code": "m", "title": "M", "direction": "up", "frequency": "month"'
GOAL = '"code": "g", "title": "G"'


def said(kind: type[Body], words: str) -> Any:
    return kind.model_validate(read(f"{{{words}}}".encode(), "application/json"))


@pytest.mark.parametrize(
    ("kind", "words", "path"),
    [
        (MeasureBody, MEASURE + ', "suppress_under": 1e9999999', "suppress_under"),
        (MeasureBody, MEASURE + ', "grace_days": 1e9999999', "grace_days"),
        (MeasureBody, MEASURE + ', "method": {"id": "pace", "version": 1e9999999}', "method.version"),
        (MeasureBody, MEASURE + ', "calendar": {"fiscal_year_start_month": 1e9999999}', "calendar"),
        (GoalBody, GOAL + ', "horizon_years": 1e9999999', "horizon_years"),
        (CityBody, '"title": "City", "suppress_under": 1e9999999', "suppress_under"),
    ],
)
def test_a_whole_number_beyond_all_measure_is_refused_without_being_written_out(
    kind: type[Body], words: str, path: str
) -> None:
    (fault,) = said(kind, words).faults
    assert fault.path.startswith(path)
    assert fault.code == ("bad_method" if path.startswith("method") else "bad_value")


def test_a_whole_number_may_be_written_with_an_exponent() -> None:
    assert said(MeasureBody, MEASURE + ', "grace_days": 3e1').grace_days == 30
