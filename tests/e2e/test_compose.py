"""The containers, built and run by a real engine: `make compose-test`, which names the engine in TIDELINE_COMPOSE.

A project of its own on free ports, so that another one on this machine is left alone; nothing of it remains.
"""

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from deploy.local.layout import ROOT
from deploy.local.process import free_port
from tests.e2e import story
from tests.support.running import Json, Tideline

ENGINE = shlex.split(os.environ.get("TIDELINE_COMPOSE", ""))
KEPT = "/var/lib/tideline/credentials.json"
SERVICES = ("goals-api", "measures-ingest", "rollup-worker", "rollup-api", "opendata-catalog")
UP_SECONDS = 1_500
READY_SECONDS = 300

pytestmark = [
    pytest.mark.skipif(not ENGINE, reason="needs a container engine: make compose-test"),
    pytest.mark.timeout(UP_SECONDS + READY_SECONDS),
]


@dataclass(frozen=True)
class Project:
    port: int
    nats_port: int

    def call(self, *words: str, seconds: float = 120) -> str:
        """One compose command; what it printed. Fails with what it complained of."""
        done = self.tried(*words, seconds=seconds)
        assert done.returncode == 0, f"{shlex.join(words)} ended with {done.returncode}:\n{done.stderr[-4000:]}"
        return done.stdout

    def tried(self, *words: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PORT": str(self.port), "NATS_PORT": str(self.nats_port)}
        argv = [*ENGINE, "-p", "tideline-test", *words]
        return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=seconds, check=False)

    def up(self) -> Json:
        """Starts what is not running and waits for the gateway; the credentials as a user gets them."""
        self.call("up", "--build", "-d", seconds=UP_SECONDS)
        self.wait(self.is_ready)
        found: Json = json.loads(self.call("run", "--rm", "--no-deps", "-T", "seed", "cat", KEPT))
        return found

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "it takes too long"
            time.sleep(1)

    def is_ready(self) -> bool:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    found = Project(free_port(), free_port())
    try:
        yield found
    finally:
        found.call("down", "-v", seconds=300)


@pytest.fixture(scope="module")
def known(project: Project) -> Json:
    return project.up()


async def test_a_push_reaches_the_city_and_its_subscribers(known: Json, tmp_path: Path) -> None:
    creds = tmp_path / "partner.creds"
    creds.write_text(known["partner_nats_creds"])
    async with Tideline.reached(known) as tideline:
        it = await story.tell(tideline, f"{datetime.now(UTC):%Y-%m}", creds)
        assert [sent.node for sent in it.streamed] == list(story.WAY_UP)
        assert [message.subject.split(".")[3] for message in it.delivered] == [kind for kind, _ in story.WAY_UP]


async def test_the_first_city_is_loaded_when_the_gateway_opens(known: Json) -> None:
    async with Tideline.reached(known) as tideline:
        assert (await tideline.http.get("/v1/plans/tacoma-2025")).status_code == httpx.codes.OK


@pytest.mark.parametrize("name", [*SERVICES, "postgres", "gateway"])
def test_nobody_is_root(project: Project, known: Json, name: str) -> None:
    assert project.call("exec", "-T", name, "id", "-u").strip() not in ("", "0")


@pytest.mark.parametrize("name", SERVICES)
def test_no_password_is_in_a_process_environment(project: Project, known: Json, name: str) -> None:
    password = project.call("exec", "-T", name, "cat", "/secrets/pgpass").strip().rpartition(":")[2]
    told = project.call("exec", "-T", name, "cat", "/proc/1/environ")
    assert password
    assert password not in told
    assert not re.search("BEGIN|eyJ", told)


@pytest.mark.parametrize("name", SERVICES)
def test_the_health_check_of_a_container_says_ready(project: Project, known: Json, name: str) -> None:
    answer = json.loads(project.call("exec", "-T", name, "python", "-m", "deploy.compose.ready"))
    assert answer["ready"] is True


def test_a_process_that_ends_is_started_again(project: Project, known: Json) -> None:
    asked = ("exec", "-T", "rollup-worker", "cut", "-d ", "-f22", "/proc/1/stat")
    began = project.call(*asked)
    project.call("exec", "-T", "rollup-worker", "python", "-c", "import os; os.kill(1, 15)")
    project.wait(lambda: project.tried(*asked).stdout not in ("", began) and project.is_ready())


async def test_what_was_pushed_is_there_after_a_stop_and_a_start(project: Project, known: Json) -> None:
    async with Tideline.reached(known) as tideline:
        before = await tideline.observations(story.MEASURE[1])
    project.call("stop", seconds=300)
    again = project.up()
    assert again["feed_key"] == known["feed_key"]
    async with Tideline.reached(again) as tideline:
        assert await tideline.observations(story.MEASURE[1]) == before != []
