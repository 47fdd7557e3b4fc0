"""The methods as they describe themselves."""

import pytest
from jsonschema import Draft202012Validator

from rollup_worker.core.methods import VERSIONS


@pytest.mark.parametrize("name", list(VERSIONS))
def test_every_method_describes_itself(name: tuple[str, int]) -> None:
    method = VERSIONS[name]
    assert (method.id, method.version) == name
    assert method.version >= 1
    assert all((method.title, method.description, method.source))
    Draft202012Validator.check_schema(method.schema)


@pytest.mark.parametrize("given", [{}, {"near_percent": 7.5}, {"near_absolute": "0.25"}, {"level": "year"}])
def test_the_schema_takes_decimals_as_numbers_and_as_strings(given: dict[str, object]) -> None:
    method = VERSIONS["threshold", 1]
    assert Draft202012Validator(method.schema).is_valid(given)
    assert method.validate(given) == ()


@pytest.mark.parametrize("given", [{"near_percent": []}, {"near": 1}, {"level": "decade"}, {"rules": [{}]}])
def test_what_the_schema_refuses_is_refused(given: dict[str, object]) -> None:
    method = VERSIONS["threshold", 1]
    assert not Draft202012Validator(method.schema).is_valid(given)
    assert method.validate(given)
