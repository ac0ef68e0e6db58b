"""What the states and the chain ask of a database: columns of bytes, ordered, and atomic batches."""

from collections.abc import Iterator
from typing import Any, Protocol

from node.storage.columns import Column


class Batch(Protocol):
    """Puts and deletions that become visible and durable together; `handle` is one of the database's own."""

    def put(self, key: bytes, value: bytes, handle: Any, /) -> None: ...

    def delete(self, key: bytes, handle: Any, /) -> None: ...


class Database(Protocol):
    """Columns of bytes. Every method raises a `StorageError` when the store fails."""

    @property
    def path(self) -> str:
        """Where it is, for messages."""
        ...

    def get(self, column: Column, key: bytes, /) -> bytes | None: ...

    def keys(self, column: Column, prefix: bytes = b"", after: bytes | None = None, /) -> Iterator[bytes]:
        """The keys as they are at the call, in order: those with `prefix` and greater than `after`."""
        ...

    def handle(self, column: Column, /) -> Any:
        """How a batch names the column."""
        ...

    def batch(self) -> Batch: ...

    def write(self, batch: Batch, /, *, sync: bool) -> None:
        """Apply the batch whole; with `sync`, return only when the disk has it and all writes before it."""
        ...

    def flush(self) -> None:
        """Bring everything written so far to its final place."""
        ...

    def close(self) -> None: ...
