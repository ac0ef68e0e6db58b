"""A whole state, fetched from a node: what a scenario is played on."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from node.client import ChainClient
from node.client.chain import PAGE

T = TypeVar("T")
KEYS_MAX: Final = 1 << 21
"""The largest state that is fetched, in keys."""


class StateTooLarge(Exception):
    """The state has more keys than are fetched."""

    def __str__(self) -> str:
        return f"the state has more than {KEYS_MAX:,} keys: look without an account and without a scenario"


class WholeState:
    """One frozen state in memory, as `runtime.state.State`; it has no trie, and proves nothing."""

    def __init__(self, root: bytes, values: Mapping[bytes, bytes]) -> None:
        self.root = root
        self._values = values
        self._keys = sorted(values)

    def get(self, key: bytes, /) -> bytes | None:
        return self._values.get(key)

    def read(self, key: bytes, decode: Callable[[bytes], T], /) -> T | None:
        raw = self._values.get(key)
        return None if raw is None else decode(raw)

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        here = self._keys
        first = bisect_left(here, prefix) if after is None else bisect_right(here, max(prefix, after))
        for at in range(first, len(here)):
            if not here[at].startswith(prefix):
                return
            yield here[at]

    def prove(self, keys: Sequence[bytes], /) -> tuple[bytes, ...]:
        raise NotImplementedError("proofs are asked of the node")

    def child(
        self,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, object],
        known: Container[bytes] = (),
        /,
    ) -> WholeState:
        raise NotImplementedError("a fork stands on it, and no block")


async def whole_state(chain: ChainClient, at: bytes) -> WholeState:
    """The state of a block, page by page. Raises `StateTooLarge`."""
    root = (await chain.header(at)).state_root
    values: dict[bytes, bytes] = {}
    after: bytes | None = None
    while True:
        keys = await chain.keys(b"", PAGE, after, at)
        if keys:
            found = await chain.storages(keys, at)
            values.update((key, value) for key, value in found.items() if value is not None)
            after = keys[-1]
        if len(keys) < PAGE:
            return WholeState(root, values)
        if len(values) > KEYS_MAX:
            raise StateTooLarge
