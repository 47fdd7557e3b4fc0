"""Who may say and hear what on NATS: one account for the city's processes, one for partners.

**CITY.** Each process has a user. A stream is written by the user of the service that owns it and by no other;
readers have a durable consumer named like themselves. Core hints (`hint.>`) are for all. `steward` may do anything
in the account: it makes the partners' consumers and is nobody's daily login.

**PARTNERS.** Imports the public subjects (never `internal.`) and, per partner, the API of exactly its own durable
consumers. A partner connects with its .creds text:

    nats.connect(url, user_credentials=…, inbox_prefix="_INBOX_partner")
    await nc.subscribe("status.>")                                  # live, what passes now
    await nc.jetstream().pull_subscribe_bind("partner", "STATUS")   # durable: fetch, ack, nothing lost

It may publish nothing but its consumers' `MSG.NEXT`, `INFO` and acks. Replies come to its own inbox prefix
`_INBOX_<name>`; `_INBOX.>`, the default of most clients, is given to the first partner only: the account is shared,
and with one holder nobody can listen to another's replies.
"""

from typing import Final

from deploy.local.nats_jwt import Claims, Permissions
from tideline.events import INTERNAL, STREAM_SUBJECTS

API: Final = "$JS.API"
OWNED: Final = {
    "goals-api": "GOALS",
    "measures-ingest": "MEASUREMENTS",
    "rollup-worker": "STATUS",
    "opendata-catalog": "CATALOG",
}
READS: Final = {
    "goals-api": ("STATUS",),
    "measures-ingest": ("GOALS",),
    "rollup-worker": ("GOALS", "MEASUREMENTS"),
    "opendata-catalog": ("GOALS", "MEASUREMENTS", "STATUS"),
}
FOLLOWER: Final = "rollup-api"
FOLLOWS: Final = ("GOALS", "STATUS", "CATALOG")
STEWARD: Final = "steward"
PARTNERS: Final = ("partner",)
PARTNER_STREAMS: Final = ("STATUS", "GOALS")
PUBLIC_STREAMS: Final = ("GOALS", "STATUS", "CATALOG")


def public_subjects(*streams: str) -> list[str]:
    return [each for stream in streams for each in STREAM_SUBJECTS[stream] if not each.startswith(INTERNAL)]


def city() -> dict[str, Permissions]:
    """Every user of the account CITY."""
    services = {name: service(name, stream) for name, stream in OWNED.items()}
    return {**services, FOLLOWER: follower(), STEWARD: Permissions([">"], [">"])}


def service(name: str, stream: str) -> Permissions:
    publish = [*STREAM_SUBJECTS[stream], *_own_stream(stream), *_look(stream), "hint.>"]
    for read in READS[name]:
        publish += [*_look(read), *_durable(read, name)]
    return Permissions(sorted(set(publish)), [f"_INBOX_{name}.>", "hint.>"])


def follower() -> Permissions:
    """Reads with consumers that vanish with it and need no acks; it cannot touch another's durable consumer."""
    publish, never = ["hint.>", "$JS.FC.>"], list[str]()
    for stream in FOLLOWS:
        publish += [*_look(stream), f"{API}.CONSUMER.CREATE.{stream}", f"{API}.CONSUMER.CREATE.{stream}.>"]
        publish += [f"{API}.CONSUMER.{verb}.{stream}.*" for verb in ("INFO", "MSG.NEXT", "DELETE")]
        for name in durables(stream):
            never += [f"{API}.CONSUMER.{verb}.{stream}.{name}" for verb in ("CREATE", "MSG.NEXT", "DELETE")]
            never.append(f"{API}.CONSUMER.CREATE.{stream}.{name}.>")
    return Permissions(sorted(set(publish)), [f"_INBOX_{FOLLOWER}.>", "hint.>"], never)


def durables(stream: str) -> list[str]:
    """The names of the consumers that keep their place on a stream."""
    return [name for name, reads in READS.items() if stream in reads] + [
        name for name in PARTNERS if stream in PARTNER_STREAMS
    ]


def partner(name: str) -> Permissions:
    own = [subject for stream in PARTNER_STREAMS for subject in (*_consume(stream, name), _acks(stream, name))]
    inboxes = [f"_INBOX_{name}.>", *(["_INBOX.>"] if name == PARTNERS[0] else [])]
    return Permissions(own, [*public_subjects(*PUBLIC_STREAMS), *inboxes])


def exports() -> list[Claims]:
    """What CITY offers to PARTNERS: the public subjects, the acks of their consumers, and the JetStream API.

    The API is offered whole because an import narrower than `$JS.API.>` is answered twice, the second time by the
    server's own "JetStream not enabled for account". What a partner may call stands in its own allow-list."""
    streams = [_claim(subject, "stream") for subject in public_subjects(*PUBLIC_STREAMS)]
    acks = [_claim(_acks(stream, name), "service") for stream in PARTNER_STREAMS for name in PARTNERS]
    return [*streams, *acks, _claim(f"{API}.>", "service", response_type="Stream")]


def imports(city_account: str) -> list[Claims]:
    """The other side of the same list, for PARTNERS."""
    keep = ("name", "subject", "type")
    return [{**{key: each[key] for key in keep}, "account": city_account} for each in exports()]


def _claim(subject: str, kind: str, **more: str) -> Claims:
    return {"name": subject, "subject": subject, "type": kind, **more}


def _own_stream(stream: str) -> list[str]:
    return [f"{API}.STREAM.CREATE.{stream}", f"{API}.STREAM.UPDATE.{stream}"]


def _look(stream: str) -> list[str]:
    """Reading a stream's state and single messages changes nothing."""
    direct = f"{API}.DIRECT.GET.{stream}"
    info = [f"{API}.INFO", f"{API}.STREAM.NAMES", f"{API}.STREAM.INFO.{stream}"]
    return [*info, f"{API}.STREAM.MSG.GET.{stream}", direct, f"{direct}.>"]


def _durable(stream: str, name: str) -> list[str]:
    create = f"{API}.CONSUMER.CREATE.{stream}.{name}"
    legacy = f"{API}.CONSUMER.DURABLE.CREATE.{stream}.{name}"
    return [create, f"{create}.>", legacy, *_consume(stream, name), _acks(stream, name)]


def _consume(stream: str, name: str) -> list[str]:
    return [f"{API}.CONSUMER.{verb}.{stream}.{name}" for verb in ("INFO", "MSG.NEXT")]


def _acks(stream: str, name: str) -> str:
    return f"$JS.ACK.{stream}.{name}.>"
