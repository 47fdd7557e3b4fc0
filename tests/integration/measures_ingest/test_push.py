"""The push in memory: what is stored, what is answered, what leaves as events."""

import gzip
from decimal import Decimal
from typing import Any

import httpx
import pytest
import zstandard

from measures_ingest.repository import observations
from measures_ingest.routes import push as push_route
from tests.integration.measures_ingest.conftest import START, Ingest, token
from tideline.database import Connection
from tideline.events import BYTES_MAX, OBSERVATIONS_MAX, encode

COUNTS = ("accepted", "revised", "unchanged", "quarantined", "rejected")


def row(month: int = 3, value: Any = 7, **more: Any) -> dict[str, Any]:
    return {"measure": "potholes", "period": f"2016-{month:02}", "value": value, **more}


def counts(answer: httpx.Response) -> dict[str, int]:
    """The counts that are not zero."""
    return {name: answer.json()[name] for name in COUNTS if answer.json()[name]}


async def test_values_are_stored_with_their_event_and_answered(ingest: Ingest) -> None:
    answer = await ingest.push(row(value="7.40", breakdown={"district": 3}, flag="provisional", note="so far"), row(4))
    assert (answer.status_code, counts(answer), answer.json()["errors"]) == (201, {"accepted": 2}, [])
    assert await ingest.values("potholes") == {"2016-033": Decimal("7.40"), "2016-04": 7}
    (event,) = await ingest.recorded()
    assert (str(event.batch), event.source, event.actor) == (answer.json()["batch"], "staff", "ada")
    one, two = event.observations
    assert (one.measure, one.period, str(one.value), one.breakdown, one.flag, one.note, one.revision) == (
        *("potholes", "2016-03", "7.40"),
        *({"district": "3"}, "provisional", "so far", 1),
    )
    assert (two.period, two.value, two.previous) == ("2016-04", Decimal(7), None)


async def test_a_new_value_is_a_revision_and_the_same_value_is_unchanged(ingest: Ingest) -> None:
    await ingest.push(row(3, "7.4", flag="provisional"), row(4))
    answer = await ingest.push(row(3, 8), row(4, "7.000"), row(5))
    assert (answer.status_code, counts(answer)) == (201, {"accepted": 1, "revised": 1, "unchanged": 1})
    event = (await ingest.recorded())[1]
    assert [(one.period, one.revision) for one in event.observations] == [("2016-03", 2), ("2016-05", 1)]
    previous = event.observations[0].previous
    assert previous is not None
    assert (previous.value, previous.flag) == (Decimal("7.4"), "provisional")
    again = await ingest.push(row(3, 8), row(4), row(5))
    assert (counts(again), len(await ingest.recorded())) == ({"unchanged": 3}, 2)


async def test_a_change_of_flag_or_note_alone_is_a_revision(ingest: Ingest) -> None:
    await ingest.push(row(flag="provisional"))
    assert counts(await ingest.push(row(flag="final"))) == {"revised": 1}
    assert counts(await ingest.push(row(flag="final", note="audited"))) == {"revised": 1}


async def test_a_value_is_taken_back_and_its_history_stays(ingest: Ingest) -> None:
    await ingest.push(row())
    assert counts(await ingest.push(row(value=None, flag="withdrawn"))) == {"revised": 1}
    assert await ingest.values("potholes") == {"2016-03": None}
    assert await ingest.count("observation_history") == 1
    (told,) = (await ingest.recorded())[1].observations
    assert (told.value, told.flag) == (None, "withdrawn")
    assert told.previous is not None
    assert told.previous.value == 7


async def test_some_rejected_is_207_and_none_taken_is_422(ingest: Ingest) -> None:
    some = await ingest.push(row(), row(period="2016-Q1"), row(4, "x"))
    assert (some.status_code, counts(some)) == (207, {"accepted": 1, "rejected": 2})
    assert [(error["index"], error["code"], error["field"]) for error in some.json()["errors"]] == [
        (1, "period_frequency_mismatch", "period"),
        (2, "bad_value", "value"),
    ]
    none = await ingest.push(row(measure="No"), key="k")
    assert (none.status_code, counts(none)) == (422, {"rejected": 1})
    assert (await ingest.push(row(measure="No"), key="k")).text == none.text
    assert len(await ingest.recorded()) == 1


async def test_an_atomic_push_with_one_rejected_row_stores_nothing(ingest: Ingest) -> None:
    answer = await ingest.push(row(), row(4, "x"), row(measure="new"), atomic="true")
    assert (answer.status_code, counts(answer)) == (422, {"rejected": 1})
    assert [await ingest.count(table) for table in ("observation", "event", "quarantine")] == [0, 0, 0]
    assert (await ingest.push(row(), row(4), atomic="true")).status_code == 201


async def test_a_dry_run_answers_the_same_and_stores_nothing(ingest: Ingest) -> None:
    await ingest.push(row(3), row(4))
    rows = [row(3), row(4, 9), row(5), row(6, breakdown={"district": "new"}), row(7, measure="new")]
    answer = await ingest.push(*rows, dry_run="true", key="k")
    assert (answer.status_code, answer.json()["batch"], answer.json()["dry_run"]) == (200, None, True)
    expected = {"accepted": 2, "revised": 1, "unchanged": 1, "quarantined": 1}
    assert counts(answer) == expected
    tables = ("observation", "event", "batch", "quarantine", "series", "push_key")
    assert [await ingest.count(table) for table in tables] == [2, 1, 1, 0, 1, 0]
    assert counts(await ingest.push(*rows, key="k")) == expected
    assert (await ingest.push(row(), row(4, "x"), dry_run="true")).status_code == 207
    assert (await ingest.push(row(4, "x"), dry_run="true")).status_code == 422


async def test_a_key_gives_the_same_answer_again_and_belongs_to_its_sender(ingest: Ingest) -> None:
    first = await ingest.push(row(), row(4, "x"), key="k")
    await ingest.push(row(3, 8))
    again = await ingest.push(row(), row(4, "x"), key="k")
    assert (again.status_code, again.text) == (first.status_code, first.text) == (207, first.text)
    assert await ingest.values("potholes") == {"2016-03": 8}
    other = await ingest.push(row(5), key="k")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    ingest.client.headers["Authorization"] = f"Bearer {token('steward', subject='bob')}"
    assert (await ingest.push(row(5), key="k")).status_code == 201
    bad = await ingest.push(row(), key="x" * 201)
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_idempotency_key")


async def test_a_body_is_the_same_body_however_it_was_compressed(ingest: Ingest) -> None:
    body = encode({"observations": [row()]})
    first = await ingest.send(gzip.compress(body), "application/json", Content_Encoding="gzip", Idempotency_Key="k")
    again = await ingest.send(body, "application/json", Idempotency_Key="k")
    assert (first.status_code, again.text) == (201, first.text)


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson", "text/csv; charset=utf-8"])
async def test_every_format_comes_compressed_in_one_member_or_in_two(
    ingest: Ingest, encoding: str, compress: Any, kind: str
) -> None:
    one, two = {
        "application/json": (b'{"observations": [{"measure": "potholes", ', b'"period": "2016-03", "value": 7}]}'),
        "application/x-ndjson": (b'{"measure": "potholes", "period": ', b'"2016-03", "value": 7}'),
        "text/csv; charset=utf-8": (b"measure,period,value\n", b"potholes,2016-03,7\n"),
    }[kind]
    answer = await ingest.send(compress(one) + compress(two), kind, Content_Encoding=encoding)
    assert (answer.status_code, counts(answer)) == (201, {"accepted": 1})
    assert counts(await ingest.send(compress(one + two), kind, Content_Encoding=encoding)) == {"unchanged": 1}


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
async def test_a_compressed_body_that_is_cut_off_or_is_none_is_unreadable(
    ingest: Ingest, encoding: str, compress: Any
) -> None:
    whole = compress(b"measure,period,value\npotholes,2016-03,7\n")
    for body in (whole[:-1], whole[:15], b"", b"measure,period", whole + b"x"):
        answer = await ingest.send(body, "text/csv", Content_Encoding=encoding)
        assert (answer.status_code, answer.json()["code"]) == (400, "unreadable"), body
    assert await ingest.count("batch") == 0


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
@pytest.mark.parametrize("kind", ["application/json", "text/csv"])
async def test_a_bomb_does_not_go_off(ingest: Ingest, encoding: str, compress: Any, kind: str) -> None:
    bomb = compress(b"\n" * (30 * 1024 * 1024))
    answer = await ingest.send(bomb, kind, Content_Encoding=encoding)
    assert (answer.status_code, answer.json()["code"]) == (413, "expansion_too_large")


async def test_a_body_above_its_limit_is_too_large(ingest: Ingest) -> None:
    answer = await ingest.send(b" " * (32 * 1024 * 1024 + 1), "application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    async def unannounced() -> Any:
        for _ in range(33):
            yield b" " * (1024 * 1024)

    headers = {"Content-Type": "application/json"}
    answer = await ingest.client.post("/v1/observations", content=unannounced(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        ("application/xml", ""),
        ("", ""),
        ("text/csv; charset=ebcdic", ""),
        ("text/csv; charset=", ""),
        ("text/csv", "br"),
        ("text/csv", "gzip, gzip"),
    ],
)
async def test_what_is_not_read_is_415(ingest: Ingest, kind: str, encoding: str) -> None:
    answer = await ingest.send(b"measure,period,value\n", kind, Content_Encoding=encoding)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"observations": [{"measure": "potholes", "period": "2016-03", "value": 7}'),
        ("application/json", b'{"observations": [{"measure": "potholes", "period": "2016-03", "value": NaN}]}'),
        ("application/json", b""),
        ("application/x-ndjson", b'{"measure": "potholes", "period": "2016-03", "value": 7}\n{"measure": "pot'),
        ("text/csv", b'measure,period,value\npotholes,2016-03,7\n"potholes,2016-04,7\n'),
        ("text/csv", b"measure,period,value,note\npotholes,2016-03,7,caf\xe9\n"),
        ("text/csv", b"measure,period" + b",x" * 1_000_000),
        ("text/csv; charset=utf-16", b"measure,period,value\n"),
    ],
)
async def test_an_unreadable_body_stores_nothing(ingest: Ingest, kind: str, body: bytes) -> None:
    answer = await ingest.send(body, kind)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [await ingest.count(table) for table in ("batch", "observation", "event")] == [0, 0, 0]


async def test_the_byte_that_is_not_utf_8_is_named_and_a_declared_charset_is_read(ingest: Ingest) -> None:
    body = "measure,period,value,note\npotholes,2016-03,7,café\n".encode("latin-1")
    answer = await ingest.send(body)
    assert f"byte 0xE9 at offset {body.index(0xE9)} " in answer.json()["detail"]
    assert (await ingest.send(body, "text/csv; charset=ISO-8859-1")).status_code == 201
    items = (await ingest.client.get("/v1/observations", params={"measure": "potholes"})).json()["items"]
    assert items[0]["note"] == "café"


async def test_no_digit_is_lost_between_the_push_the_table_the_event_and_the_read(ingest: Ingest) -> None:
    digits = "12345678901234567890.123456789012345678"
    body = f'{{"observations": [{{"measure": "potholes", "period": "2016-03", "value": {digits}}}]}}'.encode()
    assert (await ingest.send(body, "application/json")).status_code == 201
    assert await ingest.values("potholes") == {"2016-03": Decimal(digits)}
    assert digits in (await ingest.client.get("/v1/observations?measure=potholes")).text
    assert str((await ingest.recorded())[0].observations[0].value) == digits


@pytest.mark.parametrize("memory_rows", [10_000, 0])
async def test_round_numbers_are_written_out_in_events_and_reads(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, memory_rows: int
) -> None:
    monkeypatch.setattr(push_route, "MEMORY_ROWS", memory_rows)
    await ingest.push(row(3, 900_000))
    await ingest.push(row(3, "1e6"))
    bodies = await ingest.database.pool.fetch("select convert_from(body, 'UTF8') as body from event order by id")
    assert '"value":900000}' in bodies[0]["body"]
    assert '"value":1000000,' in bodies[1]["body"]
    assert '"previous":{"value":900000,' in bodies[1]["body"]
    assert '"value":1000000,' in (await ingest.client.get("/v1/observations?measure=potholes")).text


async def test_an_empty_push_is_taken(ingest: Ingest) -> None:
    answer = await ingest.push()
    assert (answer.status_code, counts(answer)) == (201, {})


async def test_options_are_true_or_false(ingest: Ingest) -> None:
    answer = await ingest.push(row(), atomic="maybe")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_query")


async def test_new_rows_go_by_copy_and_a_known_one_among_them_sends_all_by_merge(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: list[bool] = []
    add_all = observations.add_all

    async def watched(connection: Connection, values: Any, at: Any) -> bool:
        outcomes.append(await add_all(connection, values, at))
        return outcomes[-1]

    monkeypatch.setattr(observations, "add_all", watched)
    rows = [row(1 + n % 12, n, breakdown={"district": str(n)}) for n in range(400)]
    assert counts(await ingest.push(*rows)) == {"accepted": 400}
    mixed = [*rows[:398], row(1, -1, breakdown={"district": "0"}), row(2, 1, breakdown={"district": "new"})]
    answer = await ingest.push(*mixed[1:])
    assert counts(answer) == {"accepted": 1, "revised": 1, "unchanged": 397}
    assert outcomes == [True, False]
    assert await ingest.count("observation_history") == 1


async def test_events_hold_at_most_a_thousand_observations_and_half_a_mebibyte(ingest: Ingest) -> None:
    rows = [row(1 + n % 12, n, breakdown={"district": str(n)}, note="ä" * 300) for n in range(3_500)]
    assert counts(await ingest.push(*rows)) == {"accepted": 3_500}
    found = await ingest.recorded()
    assert [event.part for event in found] == list(range(1, len(found) + 1))
    assert sum(len(event.observations) for event in found) == 3_500
    assert max(len(event.observations) for event in found) <= OBSERVATIONS_MAX
    assert max(len(encode(event)) for event in found) <= BYTES_MAX


async def test_a_source_that_floods_is_told_to_wait(ingest: Ingest) -> None:
    ingest.desk.settings.pushes_per_sender_max = 0
    answer = await ingest.push(row())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    ("roles", "status"),
    [(["viewer"], 403), (["board_member"], 403), (["steward"], 201), (["analyst"], 201), (["administrator"], 201)],
)
async def test_some_roles_may_push(ingest: Ingest, roles: list[str], status: int) -> None:
    ingest.client.headers["Authorization"] = f"Bearer {token(*roles)}"
    assert (await ingest.push(row())).status_code == status


async def test_without_a_valid_token_nothing_is_taken(ingest: Ingest) -> None:
    for given in ("", "Basic x", "Bearer x", "Bearer tlk_x_y", "Bearer tlk_"):
        ingest.client.headers["Authorization"] = given
        answer = await ingest.push(row())
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert "www-authenticate" in answer.headers


async def test_a_steward_of_departments_writes_theirs(ingest: Ingest) -> None:
    await ingest.define("fires", department="fire")
    ingest.client.headers["Authorization"] = f"Bearer {token('steward', departments=('fire',))}"
    answer = await ingest.push(row(), row(measure="fires"))
    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (207, ["not_your_measure"])


async def test_a_clock_set_back_leaves_revisions_in_order(ingest: Ingest) -> None:
    await ingest.push(row(3, 1))
    future = START.replace(year=2018)
    await ingest.database.pool.execute("update observation set recorded_at = $1", future)
    await ingest.push(row(3, 2))
    held = await ingest.database.pool.fetchrow(
        "select h.recorded_at, h.superseded_at, o.recorded_at as now from observation_history h, observation o"
    )
    assert held is not None
    assert held["recorded_at"] == future < held["superseded_at"] == held["now"]
