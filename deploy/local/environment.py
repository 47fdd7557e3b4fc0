"""Makes .venv as a lock file says. Runs on any Python from 3.11 on, with nothing installed."""

from __future__ import annotations  # so that an older Python gets as far as the message

import subprocess
import sys
from pathlib import Path

VENV = Path(".venv")
PIP = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
WHY_NO_VENV = "Python could not make a virtual environment; on Debian and Ubuntu install python3-venv first."


def main(lock: str, packages: list[str]) -> str | None:
    """None, or what is in the way."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the reader may have an older one, and gets told
        return f"Tideline needs Python 3.11 or newer; this is {sys.version.split()[0]}. Choose one with PYTHON=."
    if not _runs(*PIP, "--version"):
        print("making .venv", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False).returncode != 0:
            return WHY_NO_VENV
    print(f"installing {lock} into .venv", flush=True)
    if not _pip("--require-hashes", "--requirement", lock):
        return f"pip could not install {lock}; its message stands above."
    editable = [word for package in packages for word in ("--editable", package)]
    if not _pip("--no-deps", "--no-build-isolation", *editable):
        return "pip could not install the packages of this repository; its message stands above."
    return None


def _pip(*words: str) -> bool:
    return subprocess.run([*PIP, "install", "--quiet", *words], check=False).returncode == 0


def _runs(*argv: str) -> bool:
    try:
        return subprocess.run(argv, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
