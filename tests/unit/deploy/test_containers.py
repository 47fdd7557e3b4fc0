"""What docker-compose.yml promises about rights, secrets and ports, read from the file; and the bootstrap job."""

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.compose import bootstrap, places
from deploy.local.layout import ROOT, Layout
from deploy.local.parts import DATABASES, MODULES

Json = dict[str, Any]
COMPOSE: Json = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, Json] = COMPOSE["services"]
OURS = "tideline:local"
JOBS = {"bootstrap", "migrate", "seed"}


def mounts(container: Json) -> dict[str, str]:
    """Where each volume or file of a container is mounted."""
    return dict(mount.split(":")[:2] for mount in container.get("volumes", ()))


def test_every_process_of_the_local_run_has_a_container() -> None:
    for name, module in MODULES.items():
        container = CONTAINERS[name]
        assert container["command"][-1] == module
        assert (ROOT / "services" / container["command"][-2] / "src" / module.partition(".")[0]).is_dir()
        assert container["environment"]["DATABASE_URL"] == places.database_url(DATABASES[name])
        assert CONTAINERS["gateway"]["environment"][name.upper().replace("-", "_")] == f"{name}:{places.SERVICE_PORT}"


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_has_no_rights_it_does_not_need(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container.get("user", "").split(":")[0] not in ("root", "0")
    assert "user" in container or container["image"] == OURS


def test_our_image_runs_as_somebody_without_rights() -> None:
    assert (ROOT / "deploy/Dockerfile").read_text().rstrip().endswith("\nUSER 10001:10001")


def test_only_the_gateway_and_nats_are_reached_from_outside_and_from_this_machine_alone() -> None:
    published = {name: each["ports"] for name, each in CONTAINERS.items() if "ports" in each}
    assert set(published) == {"gateway", "nats"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_every_process_starts_again_and_every_job_ends() -> None:
    again = {name for name, each in CONTAINERS.items() if each.get("restart") == "unless-stopped"}
    assert again == set(CONTAINERS) - JOBS
    assert all("restart" not in CONTAINERS[name] for name in JOBS)


def test_only_what_cannot_wait_by_itself_is_held_back() -> None:
    held = {name: set(each["depends_on"]) for name, each in CONTAINERS.items() if "depends_on" in each}
    assert held == {"postgres": {"bootstrap"}, "nats": {"bootstrap"}, "gateway": {"seed"}}


def test_no_secret_stands_in_the_environment() -> None:
    for container in CONTAINERS.values():
        for key, value in container.get("environment", {}).items():
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value))
            assert not re.search("(PASSWORD|SECRET|TOKEN)$", key)


def test_a_container_sees_its_own_secrets_and_nobody_elses() -> None:
    handed = {f"{name}-secrets": name for name in (*MODULES, "postgres", "nats")}
    for name, container in CONTAINERS.items():
        seen = mounts(container)
        if name == "bootstrap":
            assert {volume: seen.get(volume) for volume in handed} == {
                volume: f"{places.HANDED}/{owner}" for volume, owner in handed.items()
            }
        else:
            assert {handed[volume] for volume in seen if volume in handed} <= {name}
        assert ("keys" in seen) == (name in JOBS)


def test_bootstrap_hands_out_what_each_container_needs(tmp_path: Path) -> None:
    layout, handed = Layout(tmp_path / "kept"), tmp_path / "handed"
    bootstrap.make(layout, handed)
    for name, role in DATABASES.items():
        assert {path.name for path in (handed / name).iterdir()} == {"pgpass", "nats.creds", "jwks.json"}
        assert re.fullmatch(rf"\*:\*:\*:{role}:\S+\n", (handed / name / "pgpass").read_text())
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (handed / name).iterdir())
        assert "d" not in json.loads((handed / name / "jwks.json").read_text())["keys"][0]
    assert "resolver_preload" in (handed / "nats" / "trust.conf").read_text()
    assert stat.S_IMODE((handed / "postgres" / "password").stat().st_mode) == 0o444


def test_bootstrap_keeps_what_it_made_before(tmp_path: Path) -> None:
    layout, handed = Layout(tmp_path / "kept"), tmp_path / "handed"
    bootstrap.make(layout, handed)
    lasting = [handed / "postgres/password", handed / "goals-api/pgpass", handed / "goals-api/jwks.json"]
    before = [path.read_text() for path in lasting]
    seed = (handed / "goals-api/nats.creds").read_text().partition("SEED")[2]
    bootstrap.make(layout, handed)
    assert [path.read_text() for path in lasting] == before
    assert (handed / "goals-api/nats.creds").read_text().partition("SEED")[2] == seed
