"""`python -m deploy.seed --credentials var/credentials.json [--base-url URL] [--today 2026-01-31]`."""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from deploy.seed.loading import SeedFault, load


def main() -> int:
    arguments = _arguments()
    credentials = json.loads(arguments.credentials.read_text(encoding="utf-8"))
    base_url = arguments.base_url or credentials["base_url"]
    try:
        summary = load(base_url, credentials["staff_token"], credentials["feed_key"], arguments.today)
    except SeedFault as reason:
        print(f"The city was not loaded: {reason}", file=sys.stderr)
        return 1
    print(summary)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.seed", description="Load the first city.")
    parser.add_argument("--credentials", type=Path, default=Path("var/credentials.json"))
    parser.add_argument("--base-url", help="the gateway; by default the one in the credentials")
    parser.add_argument("--today", type=date.fromisoformat, help="load as if on this day")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
