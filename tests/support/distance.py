"""A node at a distance: it holds one state, hands it out key by key, and keeps count of what it was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Protocol

import pytest
import trio

from node.client.errors import Disconnected
from node.rpc.methods.shapes import header_json
from runtime.types.block import Header


class Readable(Protocol):
    """What is read of a state."""

    def get(self, key: bytes, /) -> bytes | None: ...

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]: ...


class Values:
    """A state of any keys and values."""

    root = bytes(32)

    def __init__(self, values: dict[bytes, bytes]) -> None:
        self.values = values

    def get(self, key: bytes, /) -> bytes | None:
        return self.values.get(key)

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        found = sorted(key for key in self.values if key.startswith(prefix))
        return (key for key in found if after is None or key > after)


class DistantNode:
    """What a client speaks with. After `breaks` answers about keys it is gone."""

    url = "ws://stand.in:9944"

    def __init__(self, header: Header, state: Readable, *, breaks: int | None = None) -> None:
        self.breaks = breaks
        self.asked: list[tuple[str, int]] = []
        """The methods, each with how many keys it was about at most."""
        self.told: Counter[bytes] = Counter()
        """How often the value of a key was told."""
        self._header: Any = header_json(header)
        self._state = state

    async def call(self, method: str, *params: Any) -> Any:
        if method == "chain_getHeader":
            return self._header
        await trio.lowlevel.checkpoint()
        if self.breaks is not None and len(self.asked) >= self.breaks:
            raise Disconnected(self.url)
        match method, params:
            case "state_getStorage", (key, _):
                self.asked.append((method, 1))
                return self._value(key)
            case "state_queryStorageAt", (keys, _):
                self.asked.append((method, len(keys)))
                return [{"block": "0x", "changes": [[key, self._value(key)] for key in keys]}]
            case "state_getKeysPaged", (prefix, most, start, _):
                self.asked.append((method, most))
                after = None if start is None else bytes.fromhex(start[2:])
                found = self._state.keys(bytes.fromhex(prefix[2:]), after)
                return ["0x" + key.hex() for key in islice(found, most)]
            case _:
                pytest.fail(f"{method} is not expected")

    def _value(self, text: str) -> str | None:
        key = bytes.fromhex(text[2:])
        self.told[key] += 1
        found = self._state.get(key)
        return None if found is None else "0x" + found.hex()
