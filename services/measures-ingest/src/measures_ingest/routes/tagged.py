"""Reads that change seldom: answered with an ETag, and with 304 to who has that answer already."""

import hashlib
from typing import Any

from fastapi import Request
from starlette.responses import Response

from tideline import events
from tideline.web import etag, not_modified


def tagged(request: Request, body: dict[str, Any]) -> Response:
    """Decimals keep every digit."""
    encoded = events.encode(body)
    tag = etag(hashlib.sha256(encoded).hexdigest()[:32])
    known = not_modified(request, tag)
    return known or Response(encoded, media_type="application/json", headers={"ETag": tag})
