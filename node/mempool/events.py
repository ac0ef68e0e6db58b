"""What happens to a transaction in the pool, as plain values; a watch ends with the first final one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Future:
    """It waits for something that no transaction of the pool provides yet."""

    hash: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """It may go into the next block."""

    hash: bytes


@dataclass(frozen=True, slots=True)
class Broadcast:
    """It was sent to these peers."""

    hash: bytes
    peers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InBlock:
    """It is the extrinsic `index` of a block that is not final yet."""

    hash: bytes
    block: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Retracted:
    """The block that held it is no longer on the best chain."""

    hash: bytes
    block: bytes


@dataclass(frozen=True, slots=True)
class Finalized:
    """The block that holds it is final."""

    hash: bytes
    block: bytes
    index: int


@dataclass(frozen=True, slots=True)
class FinalityTimeout:
    """Its block waits for finality longer than the pool remembers."""

    hash: bytes
    block: bytes


@dataclass(frozen=True, slots=True)
class Usurped:
    """Another transaction, in the pool or in a block, provides what it provided."""

    hash: bytes
    by: bytes


@dataclass(frozen=True, slots=True)
class Dropped:
    """It left for want of room, or because what it required was dropped."""

    hash: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """It is not valid any more, or requires one that is not."""

    hash: bytes
    reason: str


Event: TypeAlias = (
    Future
    | Ready
    | Broadcast
    | InBlock
    | Retracted
    | Finalized
    | FinalityTimeout
    | Usurped
    | Dropped
    | Invalid
)
FINAL_EVENTS = (Finalized, FinalityTimeout, Usurped, Dropped, Invalid)


def is_final(event: Event) -> bool:
    """True when nothing more will be said of the transaction."""
    return isinstance(event, FINAL_EVENTS)
