"""From the bytes of a request to plain values, losing no digit: JSON, and the part of YAML that says the same.

YAML is read by its core schema of version 1.2 (so `no` and `on` are words and a date stays text) without aliases and
tags, from the event stream of the parser and not by its recursive loader: depth is bounded here, not by the stack.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import msgspec
import yaml

from tideline.errors import Unreadable, Unsupported

JSON_TYPES: Final = re.compile(r"application/(?:[\w.-]+\+)?json")
YAML_TYPES: Final = re.compile(r"(?:application|text)/(?:x-)?yaml|application/[\w.-]+\+yaml")
DEPTH_MAX: Final = 32
_NUMBER: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,4000}")
_WORDS: Final = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    form: truth for truth in (True, False) for form in (str(truth).lower(), str(truth), str(truth).upper())
}
_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)
_loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(body: bytes, content_type: str) -> Any:
    """The value in a body. Raises Unsupported for another type and Unreadable for what is not of its type."""
    media = content_type.partition(";")[0].strip().lower()
    if media and not JSON_TYPES.fullmatch(media) and not YAML_TYPES.fullmatch(media):
        raise Unsupported(f"{media[:100]} is not read here; send application/json or application/yaml")
    text = _text(body)
    found = _yaml(text) if YAML_TYPES.fullmatch(media) else _json(text)
    _refuse_unstorable(found)
    return found


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        raise Unreadable(f"the body is not UTF-8 at byte {reason.start}") from reason


def _json(text: str) -> Any:
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, ArithmeticError, ValueError) as reason:
        raise Unreadable(f"the body is not JSON: {reason}") from reason
    except RecursionError as reason:
        raise Unreadable("the body is nested too deep") from reason


def _yaml(text: str) -> Any:
    try:
        return _build(yaml.parse(text, Loader=_loader))
    except (yaml.YAMLError, ArithmeticError, ValueError) as reason:
        raise Unreadable(f"the body is not YAML: {reason}") from reason


class _Open:
    """A list or a mapping whose end has not come yet; `key` waits for its value."""

    def __init__(self, holder: list[Any] | dict[str, Any]) -> None:
        self.holder = holder
        self.key: str | None = None

    def add(self, value: Any) -> None:
        if isinstance(self.holder, list):
            self.holder.append(value)
        elif self.key is not None:
            self.holder[self.key] = value
            self.key = None
        elif isinstance(value, (list, dict)) or str(value) in self.holder:
            raise Unreadable(f"a key stands twice or is not a word: {str(value)[:60]}")
        else:
            self.key = str(value)


def _build(events: Iterator[yaml.Event]) -> Any:
    root: list[Any] = []
    stack = [_Open(root)]
    for event in events:
        if getattr(event, "tag", None) is not None:
            raise Unreadable("tags are not read: write a plain or quoted value")
        if isinstance(event, yaml.ScalarEvent):
            stack[-1].add(_scalar(event))
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            holder: list[Any] | dict[str, Any] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
            stack[-1].add(holder)
            stack.append(_Open(holder))
            if len(stack) > DEPTH_MAX:
                raise Unreadable("the body is nested too deep")
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            stack.pop()
        elif isinstance(event, yaml.AliasEvent):
            raise Unreadable("aliases are not read: write the value out")
    if len(root) != 1:
        raise Unreadable("the body is not one YAML document")
    return root[0]


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _refuse_unstorable(found: Any) -> None:
    """No text with a NUL or half a surrogate pair, and nothing nested deeper than any document is."""
    level = [found]
    for _ in range(DEPTH_MAX):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, str):
                if "\0" in value or (not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value)):
                    raise Unreadable("a text holds a character that cannot be stored")
            elif isinstance(value, dict):
                inner += (*value.keys(), *value.values())
            elif isinstance(value, list):
                inner += value
        level = inner
    if level:
        raise Unreadable("the body is nested too deep")
