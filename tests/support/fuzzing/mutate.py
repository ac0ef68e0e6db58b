"""Mutation: inputs made of inputs that were interesting before, by byte, by word, and by JSON value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

BYTES_MAX = 4_096
"""The longest input that is made; what is longer is cut."""
EDGES = (0, 1, 2, 3, 4, 0x20, 0x3F, 0x40, 0x7F, 0x80, 0x84, 0xFC, 0xFD, 0xFE, 0xFF)
"""Bytes where formats change their minds."""


def mutant(dice: Random, pool: Sequence[bytes], words: Sequence[bytes], *, is_json: bool = False) -> bytes:
    """An input near one of the pool: some bytes set, cut, doubled, or taken from another."""
    parent = dice.choice(pool)
    if is_json and dice.random() < 0.5:
        changed = _json_mutant(dice, parent, pool)
        if changed is not None:
            return changed[:BYTES_MAX]
    data = bytearray(parent)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 5))):
        _change(dice, data, pool, words)
    return bytes(data[:BYTES_MAX])


def _change(dice: Random, data: bytearray, pool: Sequence[bytes], words: Sequence[bytes]) -> None:
    at = dice.randint(0, len(data))
    end = min(len(data), at + dice.choice((1, 1, 2, 4, 8, 32)))
    match dice.randrange(9):
        case 0 if at < len(data):
            data[at] = dice.choice(EDGES)
        case 1 if at < len(data):
            data[at] = dice.randrange(256)
        case 2 if at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        case 3:
            data[at:at] = dice.randbytes(dice.choice((1, 2, 4)))
        case 4:
            del data[at:end]
        case 5:
            del data[at:]
        case 6:
            data[at:at] = bytes(data[at:end]) * dice.choice((1, 1, 2, 64))
        case 7 if words:
            data[at : end if dice.random() < 0.5 else at] = dice.choice(words)
        case _:
            other = dice.choice(pool)
            start = dice.randint(0, len(other))
            data[at:end] = other[start : start + dice.choice((1, 4, 16, 64))]


ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1 << 32,
    1 << 64,
    -(1 << 63) - 1,
    10**400,
    0.5,
    1e300,
    float("inf"),
    float("nan"),
    "",
    "0x",
    "0x0",
    "\ud800",
    "\0",
    "a/../../b",
    "0x" + "ff" * 600,
    "9" * 600,
    [],
    {},
    [[]],
    {"": None},
)
"""JSON values that are valid, and seldom expected."""


def _json_mutant(dice: Random, text: bytes, pool: Sequence[bytes]) -> bytes | None:
    """The document with one value, or one key, exchanged, lost or doubled; None when it is no JSON."""
    document, other = _parsed(text), _parsed(dice.choice(pool))
    if document is None:
        return None
    places = list(_places(document))
    if not places:
        return _written(dice.choice(ODD))
    holder, key = dice.choice(places)
    match dice.randrange(5):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[dice.choice(("", "x", "\ud800", *map(str, holder)))] = holder[key]
        case 1:
            holder.insert(key, holder[key])
        case 2 if other is not None and (found := list(_places(other))):
            theirs, at = dice.choice(found)
            holder[key] = theirs[at]
        case _:
            holder[key] = dice.choice(ODD)
    return _written(document)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _written(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _places(document: Any) -> Any:
    """Every value within a document, as what holds it and where."""
    if isinstance(document, dict):
        items: Any = document.items()
    elif isinstance(document, list):
        items = enumerate(document)
    else:
        return
    for key, value in items:
        yield document, key
        yield from _places(value)
