"""Brings every database to the newest version: `MIGRATE='{"goals-api": "postgresql://…", …}'`."""

import json
import os
import sys

from deploy.local.layout import ROOT
from tideline import migrations


def main() -> int:
    urls: dict[str, str] = json.loads(os.environ["MIGRATE"])
    for service, url in urls.items():
        folder = ROOT / "services" / service
        if folder.exists():
            print(f"migrating {service}", flush=True)
            migrations.upgrade(folder, url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
