"""What a resident sees, in a real browser: words, labels and links, on wide and narrow screens."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.stack import Stack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: install the Debian package chromium")


def browse(stack: Stack, profile: Path, path: str, *more: str) -> str:
    assert CHROMIUM is not None
    argv = [CHROMIUM, *QUIET, f"--user-data-dir={profile}", *more, stack.base_url + path]
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout


def test_the_front_page_names_every_department_its_status_and_what_is_sample(city_stack: Stack, tmp_path: Path) -> None:
    page = browse(city_stack, tmp_path, "/", "--dump-dom")
    for words in ("Tacoma Public Utilities", "Police", "Livability", "On track", "Off track", "No data yet", "sample"):
        assert words in page
    assert page.count('/explain"') > 50


def test_the_page_of_the_api_loads_nothing_from_elsewhere(city_stack: Stack, tmp_path: Path) -> None:
    page = browse(city_stack, tmp_path, "/docs", "--dump-dom")
    assert "/v1/observations" in page
    assert 'src="http' not in page and 'href="http' not in page.replace(f'href="{city_stack.base_url}', "")


@pytest.mark.parametrize("size", ["1200,1600", "390,844"])
def test_pages_are_drawn(city_stack: Stack, tmp_path: Path, size: str) -> None:
    shot = tmp_path / "page.png"
    browse(city_stack, tmp_path / "profile", "/", f"--window-size={size}", f"--screenshot={shot}")
    assert shot.stat().st_size > 20_000
