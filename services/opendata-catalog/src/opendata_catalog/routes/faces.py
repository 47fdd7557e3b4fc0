"""How an entry looks to its reader, and the tag by which a reader knows it again."""

import hashlib
from collections.abc import Mapping

from fastapi import Request

from opendata_catalog.core.feeds import Measure, feeds
from opendata_catalog.repository import Listed
from opendata_catalog.schemas import DatasetOut
from tideline.web import etag, require_match


def face(listed: Listed, measures: Mapping[str, Measure], *, public: bool) -> DatasetOut:
    found = feeds(listed.entry.measures, measures, public=public)
    return DatasetOut.of(listed.entry, found, listed.version, listed.at)


def tag(shown: DatasetOut) -> str:
    """The entry's version; where it names measures, also what the plan says of them now."""
    if not shown.feeds:
        return etag(shown.version)
    told = "\n".join(feed.model_dump_json() for feed in shown.feeds)
    return etag(f"{shown.version}.{hashlib.sha256(told.encode()).hexdigest()[:12]}")


def require_seen(request: Request, version: int) -> None:
    """As `require_match`; a writer need not have seen what the plan says of the measures since."""
    given = request.headers.get("if-match", "")
    seen = {each.strip().removeprefix("W/").strip('"').partition(".")[0] for each in given.split(",")}
    if str(version) not in seen:
        require_match(request, version)
