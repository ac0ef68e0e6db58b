"""A state of which only a part is here: pallets answer over it, and what they lack is fetched."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import NoReturn, TypeVar

T = TypeVar("T")


class Missing(Exception):
    """A key is needed whose value was not fetched yet."""

    def __init__(self, key: bytes) -> None:
        super().__init__(f"0x{key.hex()}")
        self.key = key


class MissingKeys(Exception):
    """The keys under a prefix are needed, behind `after`, and were not fetched yet."""

    def __init__(self, prefix: bytes, after: bytes | None) -> None:
        super().__init__(f"0x{prefix.hex()}")
        self.prefix = prefix
        self.after = after


class Listing:
    """What is known of the keys under a prefix, from the first on."""

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.is_whole = False


class OnlyRead(TypeError):
    """A state that stands on a node was asked to prove something, or to be built upon."""

    def __init__(self) -> None:
        super().__init__("this state stands on a node: it can be read here, and nothing else")


class RemoteState(ABC):
    """What states have in common that stand on a node, as `runtime.state.State`: they are read, and that is
    all; proofs are asked of the node, and blocks stand on states that are here.
    """

    @abstractmethod
    def get(self, key: bytes, /) -> bytes | None:
        """The encoding under a key."""

    def read(self, key: bytes, decode: Callable[[bytes], T], /) -> T | None:
        """The decoded value under a key."""
        raw = self.get(key)
        return None if raw is None else decode(raw)

    def prove(self, keys: Sequence[bytes], /) -> tuple[bytes, ...]:
        """Raises `OnlyRead`."""
        raise OnlyRead

    def child(
        self,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, object],
        known: Container[bytes] = (),
        /,
    ) -> NoReturn:
        """Raises `OnlyRead`."""
        raise OnlyRead


class FetchedState(RemoteState):
    """Part of one frozen state, as `runtime.state.State`; the rest raises `Missing` or `MissingKeys`."""

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.values: dict[bytes, bytes | None] = {}
        self.listings: dict[tuple[bytes, bytes | None], Listing] = {}

    def get(self, key: bytes, /) -> bytes | None:
        try:
            return self.values[key]
        except KeyError:
            raise Missing(key) from None

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        listing = self.listings.get((prefix, after))
        if listing is None:
            raise MissingKeys(prefix, after)
        yield from listing.keys
        if not listing.is_whole:
            raise MissingKeys(prefix, after)
