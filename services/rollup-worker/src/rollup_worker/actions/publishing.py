"""A status that a person publishes enters: its row, and the mark that has the node shown anew."""

from rollup_worker.core.facts import Node
from rollup_worker.core.publication import Publication
from rollup_worker.repository import dirty, published
from tideline.database import Connection
from tideline.events import StatusPublished
from tideline.vocabulary import Status


async def enter_publication(connection: Connection, event: StatusPublished, *, public: bool) -> None:
    status = Status(event.status) if event.status else None
    new = Publication(status, event.reason, event.actor, event.expires_on, event.published_at, event.version)
    await published.add_publication(connection, Node(event.kind, event.code), new)
    cause = {"type": "publication", "version": event.version, "actor": event.actor, "published": public}
    at = event.published_at.isoformat()
    await dirty.mark_dirty(connection, event.kind, [event.code], {**cause, "at": at})
