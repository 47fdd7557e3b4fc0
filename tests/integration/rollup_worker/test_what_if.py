"""What would be if: the same judgement over what is supposed, and nothing stored."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import City, department, goal, measure, push, small_city, target, value
from tideline.events import Formula, GoalMetric, Peer


async def asked(client: httpx.AsyncClient, **question: Any) -> dict[str, Any]:
    answer = await client.post("/v1/what-if", json=question)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def faults(client: httpx.AsyncClient, **question: Any) -> list[tuple[str, int, str | None, str]]:
    answer = await client.post("/v1/what-if", json=question)
    assert (answer.status_code, answer.json()["code"]) == (422, "rejected_rows"), answer.text
    return [(each["in"], each["index"], each["field"], each["code"]) for each in answer.json()["errors"]]


def of(found: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    return [
        (each["code"], each["before"] and each["before"]["status"], each["after"] and each["after"]["status"])
        for each in found["changed"]
    ]


def row(measure: str, period: str, amount: object, **more: Any) -> dict[str, Any]:
    return {"measure": measure, "period": period, "value": amount, **more}


async def seeded(city: City) -> None:
    """`response` is off track against 8 minutes, and with it its goal, department, area and the city."""
    await city.tell(*small_city(), push(value("response", "2017-02", 10), value("response", "2017-03", 12)))
    await city.judge()


def timeless(document: dict[str, Any]) -> dict[str, Any]:
    return {name: held for name, held in document.items() if name not in ("version", "known_at", "computed_at")}


async def test_nothing_supposed_changes_nothing_and_is_what_the_past_says(city: City, reads: Reads) -> None:
    await seeded(city)
    for node in ({}, {"kind": "goal", "code": "fast-help"}, {"kind": "measure", "code": "response"}):
        told = await asked(reads.public, node=node, as_of="2017-03")
        assert (told["changed"], told["stored"]) == ([], False)
        assert timeless(told["before"]) == timeless(told["after"])
        path = f"{node['kind']}s/{node['code']}" if node else "city"
        then = (await reads.public.get(f"/v1/status/{path}", params={"as_of": "2017-03"})).json()
        assert timeless(told["before"]) == timeless(then)
    now = (await reads.public.get("/v1/status/city")).json()
    assert timeless((await asked(reads.public))["before"]) == timeless(now)


async def test_a_supposed_value_changes_everything_above_it(city: City, reads: Reads) -> None:
    await seeded(city)
    told = await asked(reads.public, observations=[row("response", "2017-03", 7)])
    assert [each[0] for each in of(told)] == ["response", "fast-help", "safety", "fire", "city"]
    assert {each[1:] for each in of(told)} == {("off_track", "achieved")}
    assert told["after"]["status"] == "achieved"
    newer = await asked(reads.public, observations=[row("response", "2017-04", "7.5")])
    assert newer["after"]["as_of"] == "2017-04"


async def test_a_value_taken_back_leaves_the_one_before(city: City, reads: Reads) -> None:
    await seeded(city)
    node = {"kind": "measure", "code": "response"}
    told = await asked(reads.public, node=node, observations=[row("response", "2017-03", None, flag="withdrawn")])
    assert (told["after"]["as_of"], told["after"]["value"]) == ("2017-02", 10)
    none = [row("response", period, None, flag="withdrawn") for period in ("2017-02", "2017-03")]
    assert (await asked(reads.public, observations=none))["after"]["status"] == "no_data"


async def test_targets_methods_and_weights_can_be_supposed(city: City, reads: Reads) -> None:
    await seeded(city)
    await city.tell(
        goal("fast-help", 2, kpi="response", areas=["safety"], metrics=[GoalMetric(measure="calls")]),
        measure("calls", direction="up", time_aggregation="average"),
        target("calls", "2017", 100),
        push(value("calls", "2017-03", 200)),
    )
    await city.judge()
    node = {"kind": "goal", "code": "fast-help"}
    eased = await asked(reads.public, node=node, targets=[{"measure": "response", "period": "2017", "value": 12}])
    assert (eased["after"]["status"], eased["after"]["target"]) == ("achieved", 12)
    gone = await asked(reads.public, node=node, targets=[{"measure": "response", "period": "2017"}])
    assert gone["after"]["status"] == "no_target"
    near = {"measure": "response", "id": "threshold", "params": {"near_percent": 60}}
    assert (await asked(reads.public, node=node, methods=[near]))["after"]["status"] == "at_risk"
    even = await asked(reads.public, node=node, weights=[{"goal": "fast-help", "measure": "calls", "weight": 3}])
    assert even["after"]["score"] > even["before"]["score"]
    assert of(even) == [("fast-help", "off_track", even["after"]["status"])]
    other = await asked(reads.public, weights=[{"kind": "goal", "code": "fast-help", "weight": 0}])
    assert other["after"]["status"] == "no_data"


async def test_supposing_follows_into_derived_measures(city: City, reads: Reads) -> None:
    await city.tell(
        department("fire"),
        measure(
            "double",
            formula=Formula(text="calls * 2", inputs=["calls"], tree=["*", ["measure", "calls"], ["number", "2"]]),
        ),
        measure("calls"),
        push(value("calls", "2017-03", 4)),
    )
    await city.judge()
    told = await asked(reads.public, observations=[row("calls", "2017-03", 5)])
    sides = {each["code"]: (each["before"]["value"], each["after"]["value"]) for each in told["changed"]}
    assert sides["double"] == (8, 10)
    refused = await faults(reads.public, observations=[row("double", "2017-03", 5)])
    assert refused == [("observations", 0, "measure", "derived_measure")]


async def test_known_at_and_as_of_are_supposed_about_too(city: City, reads: Reads) -> None:
    await seeded(city)
    before = city.clock.move(minutes=1)
    city.clock.move(minutes=1)
    await city.tell(push(value("response", "2017-03", 7, 2), at=city.clock.at))
    await city.judge()
    told = await asked(reads.public, known_at=before.isoformat(), observations=[row("response", "2017-02", 1)])
    assert (told["before"]["status"], told["changed"]) == ("off_track", [])
    early = await asked(reads.public, as_of="2017-02", observations=[row("response", "2017-02", 1)])
    assert (early["before"]["status"], early["after"]["status"]) == ("off_track", "achieved")


async def test_every_row_that_does_not_fit_is_named(city: City, reads: Reads) -> None:
    await seeded(city)
    await city.tell(
        measure("share", time_aggregation="ratio", minimum=0, maximum=1),
        measure("closed", retired=True),
        measure("compared", peers=[Peer(code="salford")]),
    )
    await city.judge()
    told = await faults(
        reads.public,
        observations=[
            row("none", "2017-03", 1),
            row("response", "2017-13", 1),
            row("response", "2017", 1),
            row("response", "2017-03", 1, breakdown={"district": "3"}),
            row("response", "2017-03", None),
            row("response", "2017-03", "NaN"),
            row("response", "2017-03", "1e60"),
            row("response", "2017-03", 1, flag="odd"),
            row("response", "2017-03", 1, flag="withdrawn"),
            row("share", "2017-03", 1),
            row("share", "2017-03", None, numerator=1, denominator=0),
            row("share", "2017-03", None, numerator=2, denominator=1),
            row("closed", "2017-03", 1),
            row("compared", "2017-03", 1, breakdown={"peer": "leeds"}),
            row("response", "2017-03", 1),
            row("response", "2017-03", 2),
        ],
        targets=[
            {"measure": "response", "period": "x", "value": 1},
            {"measure": "response", "period": "2017", "value": 1, "lower": 1},
            {"measure": "response", "period": "2017", "lower": 2, "upper": 1},
        ],
        weights=[
            {"kind": "area", "code": "safety", "weight": 1},
            {"kind": "goal", "code": "none", "weight": 1},
            {"goal": "fast-help", "measure": "share", "weight": 1},
            {"goal": "none", "measure": "share", "weight": 1},
            {"kind": "goal", "code": "fast-help", "weight": -1},
        ],
        methods=[
            {"measure": "response", "id": "none"},
            {"measure": "response", "id": "threshold", "params": {"odd": 1}},
            {"measure": "none", "id": "threshold"},
        ],
    )
    assert [(part, index, code) for part, index, _, code in told] == [
        ("observations", 0, "unknown_measure"),
        ("observations", 1, "bad_period"),
        ("observations", 2, "period_frequency_mismatch"),
        ("observations", 3, "unknown_dimension"),
        ("observations", 4, "missing_value"),
        ("observations", 5, "bad_value"),
        ("observations", 6, "out_of_range"),
        ("observations", 7, "bad_flag"),
        ("observations", 8, "bad_flag"),
        ("observations", 9, "ratio_expected"),
        ("observations", 10, "zero_denominator"),
        ("observations", 11, "out_of_range"),
        ("observations", 12, "retired_measure"),
        ("observations", 13, "unknown_peer"),
        ("observations", 15, "duplicate_in_batch"),
        ("targets", 0, "bad_period"),
        ("targets", 1, "bad_target"),
        ("targets", 2, "bad_target"),
        ("weights", 0, "bad_kind"),
        ("weights", 1, "unknown_goal"),
        ("weights", 2, "unknown_metric"),
        ("weights", 3, "unknown_goal"),
        ("weights", 4, "out_of_range"),
        ("methods", 0, "unknown_method"),
        ("methods", 1, "bad_params"),
        ("methods", 2, "unknown_measure"),
    ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "unreadable"),
        (b'{"observation": []}', 422, "invalid"),
        (b'{"node": {"kind": "goal", "code": "none"}}', 404, "not_found"),
        (b'{"as_of": "2017-13"}', 422, "bad_period"),
        (b'{"known_at": "soon"}', 422, "bad_known_at"),
        (b'{"weights": [' + b",".join([b'{"weight":1}'] * 1001) + b"]}", 413, "too_many_rows"),
        (b'{"as_of": "' + b"1" * 2_000_000 + b'"}', 413, "too_large"),
    ],
)
async def test_what_is_no_question_is_refused(city: City, reads: Reads, body: bytes, status: int, code: str) -> None:
    await seeded(city)
    answer = await reads.public.post("/v1/what-if", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_public_supposes_about_published_nodes_only(city: City, reads: Reads) -> None:
    await seeded(city)
    hidden = measure("secret", published=False)
    await city.tell(hidden, target("secret", "2017", 9), push(value("secret", "2017-03", 1)))
    await city.judge()
    supposed = [row("secret", "2017-03", 10)]
    assert await faults(reads.public, observations=supposed) == [("observations", 0, "measure", "unknown_measure")]
    node = {"kind": "measure", "code": "secret"}
    assert (await reads.public.post("/v1/what-if", json={"node": node})).status_code == 404
    told = await asked(reads.staff, observations=supposed)
    assert of(told)[0] == ("secret", "on_track", "achieved")
    shown = await asked(reads.public, node={"kind": "department", "code": "fire"})
    assert "secret" not in str(shown)


async def test_the_public_cannot_weigh_others_away_to_see_what_is_hidden(city: City, reads: Reads) -> None:
    await seeded(city)
    await city.tell(measure("secret", published=False), push(value("secret", "2017-03", 1)))
    await city.judge()
    away = [{"kind": "goal", "code": "fast-help", "weight": 0}]
    assert await faults(reads.public, weights=away) == [("weights", 0, "weight", "needs_token")]
    assert (await asked(reads.staff, weights=away))["before"]["status"] == "off_track"


async def test_the_public_cannot_take_shown_cells_away_to_see_a_small_one(city: City, reads: Reads) -> None:
    cells = [
        value("cases", "2017-03", count, breakdown={"district": name})
        for name, count in zip("123", (3, 20, 30), strict=True)
    ]
    await city.tell(
        measure("cases", direction="down", breakdowns=["district"]), target("cases", "2017-03", 9), push(*cells)
    )
    await city.judge()
    supposed = [row("cases", "2017-03", None, flag="withdrawn", breakdown={"district": name}) for name in "23"]
    node = {"kind": "measure", "code": "cases"}
    assert await faults(reads.public, node=node, observations=supposed) == [
        ("observations", 0, "measure", "needs_token"),
        ("observations", 1, "measure", "needs_token"),
    ]
    assert (await asked(reads.staff, node=node, observations=supposed))["after"]["value"] == 3


async def test_more_than_a_few_at_once_are_asked_to_come_again(city: City, reads: Reads) -> None:
    await seeded(city)
    reads.app.state.what_ifs = 4
    answer = await reads.public.post("/v1/what-if", json={})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    reads.app.state.what_ifs = 3
    await asked(reads.public)
    assert reads.app.state.what_ifs == 3


async def test_no_table_knows_of_a_what_if(city: City, reads: Reads) -> None:
    await seeded(city)

    async def state() -> dict[str, Any]:
        fetch = city.database.pool.fetch
        names = [each["relname"] for each in await fetch("select relname from pg_class where relkind = 'r'")]
        own = [name for name in names if not name.startswith(("pg_", "sql_"))]
        rows = "count(*), max(xmin::text::bigint), md5(string_agg(t::text, chr(10) order by t::text))"
        return {name: (await fetch(f'select {rows} from "{name}" t'))[0] for name in own}

    before = await state()
    assert len(before) > 8
    await asked(
        reads.staff,
        observations=[row("response", "2017-03", 7)],
        targets=[{"measure": "response", "period": "2017", "value": 1}],
        weights=[{"kind": "goal", "code": "fast-help", "weight": 3}],
        methods=[{"measure": "response", "id": "threshold"}],
    )
    assert await state() == before


async def test_it_is_described_as_it_is(reads: Reads) -> None:
    told = reads.app.openapi()
    described = told["paths"]["/v1/what-if"]["post"]
    assert described["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("Question")
    assert described["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("Supposed")


amounts = st.decimals(min_value=0, max_value=40, places=2).map(str)
moves = st.lists(
    st.tuples(st.sampled_from(["2017-01", "2017-02", "2017-03"]), st.one_of(amounts, st.none())),
    min_size=1,
    max_size=3,
    unique_by=lambda move: move[0],
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves)
async def test_what_if_says_what_a_push_then_brings(
    city: City, reads: Reads, moves: list[tuple[str, str | None]]
) -> None:
    """The revisions of earlier examples stay: each starts from where the last one ended."""
    told = await city.database.pool.fetchval("select count(*) from definition")
    if not told:
        await seeded(city)
    rows = [row("response", period, amount, **({} if amount else {"flag": "withdrawn"})) for period, amount in moves]
    paths = {
        "city": {},
        "goals/fast-help": {"kind": "goal", "code": "fast-help"},
        "measures/response": {"kind": "measure", "code": "response"},
    }
    supposed = {
        path: (await asked(reads.public, node=node, observations=rows))["after"] for path, node in paths.items()
    }
    city.clock.move(seconds=1)
    number = 1 + (await city.database.pool.fetchval("select coalesce(max(revision), 0) from observation"))
    pushed = [
        value("response", period, amount, number, **({} if amount else {"flag": "withdrawn"}))
        for period, amount in moves
    ]
    await city.tell(push(*pushed, at=city.clock.at))
    await city.judge()
    for path in paths:
        now = (await reads.public.get(f"/v1/status/{path}")).json()
        assert timeless(now) == timeless(supposed[path]), path
