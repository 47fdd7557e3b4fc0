"""The first job: makes what is secret, once, and hands each container its own part of it.

Keys and passwords are made at the first start and kept. What is derived from them (NATS users with today's
permissions, the public token keys) is written anew at each start.
"""

from pathlib import Path
from typing import Final

from deploy.compose.places import HANDED, KEPT
from deploy.local import credentials, nats, postgres
from deploy.local.layout import Layout, write_private
from deploy.local.parts import DATABASES

FOR_ANOTHER_USER: Final = 0o444


def main() -> None:
    make(Layout(KEPT), HANDED)
    print("keys, passwords and credentials are in place")


def make(layout: Layout, handed: Path) -> None:
    """Safe to repeat while everything runs: every file is replaced whole."""
    passwords = credentials.passwords(layout, [postgres.ADMIN, *dict.fromkeys(DATABASES.values())])
    credentials.sign_tokens(layout)
    server = nats.Server(layout.var, layout.secrets / "nats", 4222, 8222, layout.log("nats"))
    server.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    trusted = nats.trust(nats.sign_all(server))

    write_private(handed / "nats" / "trust.conf", trusted)
    _hand_to_postgres(handed / "postgres", passwords[postgres.ADMIN])
    write_private(layout.secrets / "pgpass", pgpass(passwords))
    for service, role in DATABASES.items():
        write_private(handed / service / "pgpass", pgpass({role: passwords[role]}))
        write_private(handed / service / "nats.creds", server.credentials(service).read_text())
        write_private(handed / service / "jwks.json", (layout.secrets / "jwks.json").read_text())


def pgpass(passwords: dict[str, str]) -> str:
    """A password file as every PostgreSQL client reads it: host, port, database, role, password."""
    return "".join(f"*:*:*:{role}:{password}\n" for role, password in passwords.items())


def _hand_to_postgres(folder: Path, password: str) -> None:
    """Its server runs as a user of its own. No other container mounts this folder."""
    draft = folder / "making"
    write_private(draft, password)
    draft.chmod(FOR_ANOTHER_USER)
    draft.replace(folder / "password")


if __name__ == "__main__":
    main()
