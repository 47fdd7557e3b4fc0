"""What the public and staff read: documents, reasons, history, and what was known or true at another time."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import (
    NOON,
    City,
    goal,
    measure,
    push,
    small_city,
    value,
)

KEYS = [
    "node", "as_of", "known_at", "status", "score", "value", "target", "qualifiers", "coverage", "counts", "method",
    "published", "children", "version", "computed_at",
]  # fmt: skip


async def test_the_city_answers_no_data_before_anything_is_known(reads: Reads) -> None:
    answer = await reads.public.get("/v1/status/city")
    assert (answer.status_code, answer.json()["status"], answer.json()["version"]) == (200, "no_data", 0)


async def test_an_unknown_code_is_not_found(reads: Reads) -> None:
    for path in ("measures/none", "goals/none", "districts/one", "cities/city"):
        answer = await reads.public.get(f"/v1/status/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_document_has_every_key_and_keeps_every_digit(city: City, reads: Reads) -> None:
    await city.tell(*small_city())
    await city.judge()
    await city.tell(push(value("response", "2017-03", "7.40000000000000000000000000000000001")))
    await city.judge()
    answer = await reads.public.get("/v1/status/measures/response")
    assert set(KEYS) <= set(answer.json())
    assert '"value":7.40000000000000000000000000000000001,' in answer.text
    assert answer.json()["node"] == {"kind": "measure", "code": "response", "title": "Response", "retired": False}


async def test_a_defined_node_without_a_judgement_is_there_with_no_data(city: City, reads: Reads) -> None:
    await city.tell(measure("untold"))
    answer = await reads.public.get("/v1/status/measures/untold")
    assert (answer.status_code, answer.json()["status"]) == (200, "no_data")


async def test_a_reader_who_has_the_newest_version_is_told_so(city: City, reads: Reads) -> None:
    await city.tell(*small_city())
    await city.judge()
    first = await reads.public.get("/v1/status/city")
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await reads.public.get("/v1/status/city", headers=tag)).status_code == 304
    assert (await reads.staff.get("/v1/status/city", headers=tag)).status_code == 200
    await city.tell(push(value("response", "2017-03", "7.4")))
    await city.judge()
    assert (await reads.public.get("/v1/status/city", headers=tag)).status_code == 200


async def test_what_is_not_published_is_hidden_from_the_public(city: City, reads: Reads) -> None:
    await city.tell(*small_city(), measure("secret", published=False), push(value("secret", "2017-03", 3)))
    await city.judge()
    assert (await reads.public.get("/v1/status/measures/secret")).status_code == 404
    assert (await reads.public.get("/v1/status/measures/secret/explain")).status_code == 404
    assert (await reads.public.get("/v1/status/measures/secret/history")).status_code == 404
    assert (await reads.public.get("/v1/status/measures/secret?as_of=2017")).status_code == 404
    assert (await reads.staff.get("/v1/status/measures/secret")).status_code == 200
    for query in ("", "?as_of=2017-03", "/explain"):
        shown = (await reads.public.get(f"/v1/status/departments/fire{query}")).text
        assert "secret" not in shown
        assert "secret" in (await reads.staff.get(f"/v1/status/departments/fire{query}")).text


async def test_publishing_a_measure_shows_it_to_the_public(city: City, reads: Reads) -> None:
    await city.tell(*small_city(), measure("secret", published=False), push(value("secret", "2017-03", 3)))
    await city.judge()
    await city.tell(measure("secret", 2, published=True))
    told = await city.judge()
    assert [(each.code, each.changed) for each in told] == [("secret", ["visibility"]), ("fire", ["children"])]
    assert "secret" in (await reads.public.get("/v1/status/departments/fire")).text


async def test_known_at_gives_the_old_answer_after_a_restatement(city: City, reads: Reads) -> None:
    await city.tell(*small_city(), push(value("response", "2017-03", "7.4")))
    await city.judge()
    before = city.clock.move(minutes=1)
    later = city.clock.move(minutes=1)
    await city.tell(push(value("response", "2017-03", "9.9", 2), at=later))
    await city.judge()
    for kind in ("measures/response", "goals/fast-help", "departments/fire", "areas/safety", "city"):
        now = (await reads.public.get(f"/v1/status/{kind}")).json()
        then = (await reads.public.get(f"/v1/status/{kind}", params={"known_at": before.isoformat()})).json()
        assert (then["status"], now["status"]) == ("achieved", "off_track"), kind
        computed = (
            await reads.public.get(f"/v1/status/{kind}", params={"known_at": before.isoformat(), "as_of": "2017-03"})
        ).json()
        assert (computed["status"], computed["score"]) == (then["status"], then["score"])
    told = (
        await reads.public.get("/v1/status/measures/response/explain", params={"known_at": before.isoformat()})
    ).json()
    assert [each["value"] for each in told["inputs"]] == [7.4]


async def test_as_of_gives_the_status_at_the_end_of_a_period(city: City, reads: Reads) -> None:
    await city.tell(*small_city(), push(value("response", "2017-01", 12), value("response", "2017-03", 7)))
    await city.judge()
    found = [
        (await reads.public.get("/v1/status/goals/fast-help", params={"as_of": period})).json()
        for period in ("2016", "2017-01", "2017-02", "2017-Q1")
    ]
    assert [each["status"] for each in found] == ["no_data", "off_track", "off_track", "achieved"]
    assert [each["as_of"] for each in found] == [None, "2017-01", "2017-01", "2017-03"]


async def test_a_bad_period_or_instant_is_refused_with_a_code(reads: Reads) -> None:
    beyond = "known_at=9999-12-31T23:59:59-14:00"
    for query, code in (("as_of=2017-13", "bad_period"), ("known_at=soon", "bad_known_at"), (beyond, "bad_known_at")):
        answer = await reads.public.get(f"/v1/status/city?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_what_no_code_can_be_is_not_there(reads: Reads) -> None:
    for path in ("%00", "Response", "response/explain%00"):
        assert (await reads.public.get(f"/v1/status/measures/{path}")).status_code == 404


async def test_a_cursor_of_another_list_is_refused(city: City, reads: Reads) -> None:
    await city.tell(*small_city())
    await city.judge()
    for position in (["response"], [None], [-1], [10**24], [1, 2]):
        query = {"cursor": urlsafe_b64encode(json.dumps(position).encode()).decode()}
        answer = await reads.public.get("/v1/status/measures/response/history", params=query)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


async def test_an_explanation_names_inputs_method_and_the_fact_that_did_it(city: City, reads: Reads) -> None:
    cells = [
        value("response", "2017-03", amount, breakdown={"district": district})
        for district, amount in (("1", 6), ("2", 8))
    ]
    event = push(*cells, source="dispatch")
    changed = measure("response", 2, direction="down", breakdown_aggregation="average", time_aggregation="average")
    await city.tell(*small_city(), changed, event)
    await city.judge()
    found = (await reads.staff.get("/v1/status/measures/response/explain")).json()
    assert [(each["value"], each["batch"], each["revision"]) for each in found["inputs"]] == [
        (6, str(event.batch), 1),
        (8, str(event.batch), 1),
    ]
    assert found["method"]["id"] == "threshold"
    assert found["why"]["causes"][-1]["source"] == "dispatch"
    assert found["definition_version"] == 2
    public = (await reads.public.get("/v1/status/measures/response/explain")).json()
    assert (public["inputs"], public["withheld"], public["value"]) == ([], 2, 7)


async def test_a_parent_explains_what_each_child_brings(city: City, reads: Reads) -> None:
    await city.tell(*small_city(), push(value("response", "2017-03", 7)))
    await city.judge()
    found = (await reads.public.get("/v1/status/goals/fast-help/explain")).json()
    assert found["numbers"]["policy"] == "kpi"
    assert [(each["code"], each["contribution"], each["kpi"]) for each in found["children"]] == [
        ("response", 100, True)
    ]


async def test_history_lists_versions_newest_first_with_their_reasons(city: City, reads: Reads) -> None:
    await city.tell(*small_city())
    await city.judge()
    for number, amount in enumerate(("9", "7"), 1):
        at = city.clock.move(hours=1)
        await city.tell(push(value("response", "2017-03", amount, number), at=at))
        await city.judge()
    page = (await reads.public.get("/v1/status/city/history?limit=2")).json()
    assert [each["version"] for each in page["items"]] == [3, 2]
    assert page["items"][0]["known_from"] == page["items"][0]["why"]["causes"][0]["at"].replace("+00:00", "Z")
    rest = (await reads.public.get("/v1/status/city/history", params={"limit": 2, "cursor": page["next"]})).json()
    assert [each["version"] for each in rest["items"]] == [1]


async def test_history_by_period_goes_back_to_where_there_was_nothing(city: City, reads: Reads) -> None:
    await city.tell(*small_city(), push(value("response", "2017-01", 12), value("response", "2017-03", 7)))
    await city.judge()
    page = (await reads.public.get("/v1/status/measures/response/history?by=period")).json()
    assert [(each["period"], each["status"]) for each in page["items"]] == [
        ("2017-03", "achieved"),
        ("2017-02", "off_track"),
        ("2017-01", "off_track"),
    ]
    assert page["next"] is None
    city_page = (await reads.public.get("/v1/status/city/history?by=period&frequency=month&limit=2")).json()
    assert [each["period"] for each in city_page["items"]] == ["2017-03", "2017-02"]


async def test_a_new_title_reaches_the_parents(city: City, reads: Reads) -> None:
    await city.tell(*small_city())
    await city.judge()
    await city.tell(goal("fast-help", 2, title="Help comes fast", kpi="response", areas=["safety"]))
    await city.judge()
    department = (await reads.public.get("/v1/status/departments/fire")).json()
    assert [each["title"] for each in department["children"]] == ["Help comes fast"]


async def test_methods_come_with_parameters_and_source(reads: Reads) -> None:
    found = (await reads.public.get("/v1/methods")).json()["items"]
    assert {each["id"] for each in found} >= {"pace", "threshold"}
    assert all(each["params"] and each["source"] and each["version"] for each in found)


async def test_the_page_says_statuses_in_words_and_shows_nothing_unpublished(city: City, reads: Reads) -> None:
    empty = await reads.public.get("/")
    assert "Nothing has been judged yet" in empty.text
    await city.tell(*small_city(), goal("hidden-goal", title="Hidden <b>goal</b>", published=False))
    await city.tell(push(value("response", "2017-03", 7, flag="sample")))
    await city.judge()
    page = (await reads.public.get("/")).text
    assert "Achieved" in page and "sample" in page and "/v1/status/goals/fast-help/explain" in page
    assert "Hidden" not in page
    assert (await reads.public.get("/status.css")).headers["content-type"].startswith("text/css")


async def test_the_contract_documents_are_made_from_the_events(reads: Reads) -> None:
    described = (await reads.public.get("/asyncapi.json")).json()
    assert "status.changed.v1" in described["channels"]
    assert "observations.recorded.v1" not in json.dumps(described)
    schema = (await reads.public.get("/v1/schemas/status.changed.v1.json")).json()
    assert "why" in schema["$defs"]["StatusChanged"]["properties"]
    assert (await reads.public.get("/v1/schemas/observations.recorded.v1.json")).status_code == 404


async def test_openapi_tells_every_read(reads: Reads) -> None:
    told = (await reads.public.get("/openapi.json")).json()
    for path in ("/v1/status/city", "/v1/status/{kind}/{code}/explain", "/v1/methods", "/v1/events"):
        assert path in told["paths"]
    score = told["components"]["schemas"]["Document"]["properties"]["score"]
    assert {"type": "number"} in score["anyOf"]


async def test_a_day_as_known_at_means_its_end(city: City, reads: Reads) -> None:
    await city.tell(*small_city(), push(value("response", "2017-03", 7)))
    await city.judge()
    for days, status in ((-1, "no_data"), (0, "achieved")):
        day = (NOON + timedelta(days=days)).date().isoformat()
        found = (await reads.public.get("/v1/status/city", params={"known_at": day})).json()
        assert found["status"] == status
