"""Rows of measures that are not defined yet."""

import asyncio
from typing import Any

from tests.integration.measures_ingest.conftest import Ingest, token

LATE: dict[str, Any] = {"department": "fire", "breakdowns": ["station"]}


def row(month: int, value: Any = 7, **more: Any) -> dict[str, Any]:
    return {"measure": "late", "period": f"2016-{month:02}", "value": value, **more}


async def test_rows_wait_for_their_definition_and_what_then_fails_appears_in_their_batch(ingest: Ingest) -> None:
    answer = await ingest.push(row(3), row(4, "8.10", breakdown={"station": "1"}), row(5, breakdown={"x": "1"}), row(3))
    batch = answer.json()["batch"]
    assert (answer.status_code, answer.json()["quarantined"], answer.json()["accepted"]) == (201, 4, 0)
    assert (await ingest.client.get("/v1/observations?measure=late")).status_code == 404
    await ingest.define("late", **LATE)
    assert {period: str(value) for period, value in (await ingest.values("late")).items()} == {
        "2016-03": "7",
        "2016-041": "8.10",
    }
    told = (await ingest.client.get(f"/v1/batches/{batch}")).json()
    assert (told["accepted"], told["quarantined"], told["rejected"]) == (2, 0, 2)
    assert [(error["index"], error["code"]) for error in told["errors"]] == [
        (2, "unknown_dimension"),
        (3, "duplicate_in_batch"),
    ]
    (event,) = await ingest.recorded()
    assert (str(event.batch), [one.period for one in event.observations]) == (batch, ["2016-03", "2016-04"])
    assert (event.source, event.actor) == ("staff", "ada")
    assert await ingest.count("quarantine") == 0


async def test_pushes_that_waited_apply_in_the_order_in_which_they_came(ingest: Ingest) -> None:
    await ingest.push(row(3, 1))
    await ingest.push(row(3, 2))
    await ingest.define("late")
    assert await ingest.values("late") == {"2016-03": 2}
    assert [one.revision for event in await ingest.recorded() for one in event.observations] == [1, 2]


async def test_the_scope_that_held_at_the_push_is_asked_when_the_department_is_known(ingest: Ingest) -> None:
    ingest.client.headers["Authorization"] = f"Bearer {token('steward', departments=('streets',))}"
    answer = await ingest.push(row(3))
    assert answer.json()["quarantined"] == 1
    await ingest.define("late", **LATE)
    told = (await ingest.client.get(f"/v1/batches/{answer.json()['batch']}")).json()
    assert [error["code"] for error in told["errors"]] == ["not_your_measure"]


async def test_a_definition_that_arrives_during_a_push_is_seen(ingest: Ingest) -> None:
    """Whichever comes first: no row is left waiting for a measure that is defined."""
    for number in range(10):
        code = f"late-{number}"
        pushes = [ingest.push({"measure": code, "period": f"2016-{month:02}", "value": 1}) for month in range(1, 7)]
        answers = await asyncio.gather(*pushes, ingest.define(code))
        assert all(answer.status_code == 201 for answer in answers[:-1] if answer is not None)
        assert len(await ingest.values(code)) == 6
    assert await ingest.count("quarantine") == 0


async def test_a_measure_that_is_retired_when_it_is_heard_of_takes_nothing(ingest: Ingest) -> None:
    batch = (await ingest.push(row(3))).json()["batch"]
    await ingest.define("late", retired=True)
    told = (await ingest.client.get(f"/v1/batches/{batch}/errors")).json()
    assert [error["code"] for error in told["items"]] == ["retired_measure"]


async def test_with_quarantine_off_an_undefined_measure_is_rejected(ingest: Ingest) -> None:
    ingest.desk.settings.quarantine = False
    answer = await ingest.push(row(3))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_measure")


async def test_an_older_definition_that_arrives_late_changes_nothing(ingest: Ingest) -> None:
    await ingest.define("late", version=3, frequency="year")
    await ingest.define("late", version=2, frequency="month")
    assert ingest.desk.definitions.known["late"].frequency == "year"
