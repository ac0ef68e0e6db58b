"""Frames: what travels on a connection, one after the other, and a reader that takes no more than it must.

    size (u32, little-endian) ++ head (SCALE) ++ data

`size` counts head and data. The head says what the frame is and what it belongs to, so that its size is
judged as soon as the first few bytes are here, before anything is kept for the rest. On a connection the
first frame of each side is its `Hello`. The reader knows neither streams nor time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Annotated, Final, NamedTuple, TypeAlias

from node.network.address import HOST_BYTES_MAX
from node.network.errors import BadFrame, OversizedFrame
from node.network.topics import BLOCK_MESSAGE_BYTES_MAX, NAME_BYTES_MAX
from runtime.scale import U16, U32, DecodeError, Enum, Max, codec_of

SIZE_BYTES: Final = 4
REASON_BYTES_MAX: Final = 200
HEAD_BYTES_MAX: Final = 512
"""More than any head has."""
FRAME_BYTES_MAX: Final = HEAD_BYTES_MAX + BLOCK_MESSAGE_BYTES_MAX

Name: TypeAlias = Annotated[str, Max(NAME_BYTES_MAX)]
Reason: TypeAlias = Annotated[str, Max(REASON_BYTES_MAX)]


class Head(Enum):
    """What a frame is."""


class Hello(Head, index=0):
    """The first frame: where the sender listens."""

    host: Annotated[str, Max(HOST_BYTES_MAX)]
    """Empty: at the address that the connection shows."""
    port: U16
    """0: it does not listen."""


class Goodbye(Head, index=1):
    """The last frame: why the sender closes the connection."""

    reason: Reason


class Ping(Head, index=2):
    """Are you there?"""

    number: U32


class Pong(Head, index=3):
    """The answer to the ping of this number."""

    number: U32


class Gossip(Head, index=4):
    """A message of a topic: the data."""

    topic: Name


class Request(Head, index=5):
    """A question: the data. Numbers grow by one on a connection."""

    number: U32
    protocol: Name


class Response(Head, index=6):
    """The answer to the request of this number: the data."""

    number: U32


class Refusal(Head, index=7):
    """Why the request of this number is not answered."""

    number: U32
    reason: Reason


_HEAD: Final = codec_of(Head)


class Frame(NamedTuple):
    """One frame as it came."""

    head: Head
    data: bytes
    size: int
    """Bytes that it took on the connection."""


def encode(head: Head, data: bytes = b"") -> bytes:
    """A frame's bytes."""
    opening = _HEAD.encode(head)
    return (len(opening) + len(data)).to_bytes(SIZE_BYTES, "little") + opening + data


def shortened(reason: str) -> str:
    """A reason that fits into a frame."""
    return reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


class FrameReader:
    """Bytes in, frames out."""

    def __init__(self, data_bytes_max: Callable[[Head], int]) -> None:
        """`data_bytes_max` says how many bytes of data may follow a head."""
        self._data_bytes_max = data_bytes_max
        self._buffer = bytearray()
        self._opened: tuple[Head, int, int] | None = None
        """Head of the frame that is arriving, where its data begin, and where they end."""

    @property
    def waiting(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._buffer)

    def feed(self, received: bytes | bytearray) -> Generator[Frame]:
        """The frames that `received` completes; take them all before feeding again.

        Raises BadFrame, after which the connection cannot be read any further.
        """
        self._buffer += received
        while self._opened is not None or self._open():
            assert self._opened is not None
            head, begin, end = self._opened
            if len(self._buffer) < end:
                return
            data = bytes(memoryview(self._buffer)[begin:end])
            del self._buffer[:end]
            self._opened = None
            yield Frame(head, data, end)

    def _open(self) -> bool:
        """Read the head of the next frame, if enough of it is here."""
        if len(self._buffer) < SIZE_BYTES:
            return False
        size = int.from_bytes(self._buffer[:SIZE_BYTES], "little")
        if size > FRAME_BYTES_MAX:
            raise OversizedFrame("a frame", size, FRAME_BYTES_MAX)
        seen = min(size, HEAD_BYTES_MAX)
        if len(self._buffer) < SIZE_BYTES + seen:
            return False
        try:
            head, length = _HEAD.read(bytes(self._buffer[SIZE_BYTES : SIZE_BYTES + seen]), 0)
        except DecodeError as error:
            raise BadFrame(f"a frame's head is unreadable: {error}") from None
        allowed = self._data_bytes_max(head)
        if size - length > allowed:
            raise OversizedFrame(f"the data of {type(head).__name__}", size - length, allowed)
        self._opened = head, SIZE_BYTES + length, SIZE_BYTES + size
        return True
