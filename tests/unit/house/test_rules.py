"""House rules that no linter knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHARED = ROOT / "shared/src/tideline"
SOURCES = sorted([*SHARED.glob("*.py"), *ROOT.glob("services/*/src/**/*.py")])
CORES = [path for path in SOURCES if "core" in path.relative_to(ROOT).parts]
READS_TIME = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
MODULES_MAX, LINES_MAX = 16, 2_400


def _calls(path: Path) -> Iterator[tuple[str, str, int]]:
    """(owner, method, number of arguments) of every method called."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            yield name, node.func.attr, len(node.args) + len(node.keywords)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_clock_reads_the_time(path: Path) -> None:
    if path != SHARED / "clock.py":
        assert READS_TIME.isdisjoint((owner, method) for owner, method, _ in _calls(path))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_database_wire_commits(path: Path) -> None:
    if path not in (SHARED / "database.py", SHARED / "migrations.py"):
        assert ("commit", 0) not in {(method, arguments) for _, method, arguments in _calls(path)}


@pytest.mark.parametrize("path", CORES, ids=lambda path: str(path.relative_to(ROOT)))
def test_core_is_synchronous(path: Path) -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert not [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, waiting)]


def test_shared_stays_small() -> None:
    modules = [path for path in SHARED.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MODULES_MAX
    assert sum(len(path.read_text().splitlines()) for path in modules) <= LINES_MAX


def test_no_bins() -> None:
    bins = {"service.py", "utils.py", "helpers.py", "models.py", "common.py", "misc.py"}
    assert not [path for path in SOURCES if path.name in bins]
