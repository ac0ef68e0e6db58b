"""The verifier's other half: a process that reads signatures, checks them, and writes back one byte for each.

A frame is a length (u32, little-endian) and that many bytes: inwards a marshalled list of items, outwards a
byte an item. The process ends when its input does, which is also how it learns that the node was killed.
"""

from __future__ import annotations

import marshal
import signal
import sys
from collections.abc import Sequence
from typing import BinaryIO, Final

from runtime.crypto import ed25519, sr25519

Item = tuple[int, bytes, bytes, bytes]
"""Kind, public key, message, signature."""

LENGTH_BYTES: Final = 4
ED25519: Final = 0
SR25519: Final = 1


def check(items: Sequence[Item]) -> list[bool]:
    """Whether each signature holds. Other kinds than ed25519 and sr25519 never do."""
    return [
        ed25519.verify(public, message, signature)
        if kind == ED25519
        else kind == SR25519 and sr25519.verify(public, message, signature)
        for kind, public, message, signature in items
    ]


def pack(body: bytes) -> bytes:
    """A frame."""
    return len(body).to_bytes(LENGTH_BYTES, "little") + body


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer frames until the input ends."""
    while len(head := source.read(LENGTH_BYTES)) == LENGTH_BYTES:
        items: list[Item] = marshal.loads(source.read(int.from_bytes(head, "little")))
        target.write(pack(bytes(check(items))))
        target.flush()


def main() -> None:
    """Be the process. Signals are the node's business: it closes the pipe when it stops."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
