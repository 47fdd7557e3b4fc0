"""Feed keys, batch ids, answers, scopes."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from measures_ingest.actions.pushes import new_id
from measures_ingest.actions.senders import new_key
from measures_ingest.core import feed_keys
from measures_ingest.core.batch import ERRORS_TOLD, Counts, answer
from measures_ingest.core.definitions import EVERYTHING, Scope
from measures_ingest.core.rejects import Code, Reject

NOW = datetime(2017, 6, 15, tzinfo=UTC)


def test_a_new_key_reads_back_and_fits_its_digest_alone() -> None:
    key, other = new_key(), new_key()
    assert feed_keys.read(key.text) == key
    assert feed_keys.fits(key, feed_keys.digest(key.secret))
    assert not feed_keys.fits(other, feed_keys.digest(key.secret))
    assert key.text.startswith("tlk_")


@pytest.mark.parametrize("text", ["", "tlk_", "tlk_a", "tlk_a_", "tlk__b", "eyJhbGciOi.J9.x", "TLK_a_b"])
def test_what_has_another_shape_is_no_feed_key(text: str) -> None:
    assert feed_keys.read(text) is None


def test_a_later_batch_has_a_greater_id() -> None:
    ids = [new_id(NOW + timedelta(milliseconds=step)) for step in range(50)]
    assert ids == sorted(ids)
    assert {(found.version, found.variant) for found in ids} == {(7, uuid.RFC_4122)}
    assert len({new_id(NOW) for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        (Counts(), 201),
        (Counts(accepted=1), 201),
        (Counts(quarantined=1), 201),
        (Counts(unchanged=1, rejected=1), 207),
        (Counts(quarantined=1, rejected=1), 207),
        (Counts(rejected=1), 422),
    ],
)
def test_the_status_says_whether_all_some_or_none_were_taken(counts: Counts, status: int) -> None:
    told = answer(new_id(NOW), counts, [])
    assert told.status == status
    assert json.loads(told.body)["rejected"] == counts.rejected


def test_an_answer_tells_the_first_thousand_errors() -> None:
    rejects = [Reject(number, Code.BAD_VALUE, None, "") for number in range(1_500)]
    told = json.loads(answer(new_id(NOW), Counts(rejected=1_500), rejects).body)
    assert [error["index"] for error in told["errors"]] == list(range(ERRORS_TOLD))


def test_a_scope_is_written_and_read_the_same() -> None:
    scope = Scope(frozenset({"b", "a"}), frozenset({"fire"}))
    assert Scope.told(scope.document()) == scope
    assert scope.document() == {"measures": ["a", "b"], "departments": ["fire"]}
    assert EVERYTHING.admits("anything", None)
    assert scope.admits("x", "fire")
    assert not scope.admits("x", None)
    assert not Scope().may_admit("x")
