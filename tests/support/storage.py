"""A database that forgets: what was not synced is lost when the power goes."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from random import Random
from typing import Any

from node.storage import Column
from node.storage.database import Batch

Rows = dict[tuple[Column, bytes], bytes]


class ForgetfulBatch:
    """Puts and deletions in the order they came."""

    def __init__(self) -> None:
        self.writes: list[tuple[Column, bytes, bytes | None]] = []

    def put(self, key: bytes, value: bytes, handle: Any, /) -> None:
        assert type(key) is bytes and type(value) is bytes
        self.writes.append((handle, key, value))

    def delete(self, key: bytes, handle: Any, /) -> None:
        self.writes.append((handle, key, None))


class ForgetfulDatabase:
    """A `Database` in memory, with a disk behind it that a write without sync does not reach."""

    path = "memory"

    def __init__(self) -> None:
        self.disk: Rows = {}
        self.rows: Rows = {}
        self.is_failing = False
        """Whether the next write raises, as on a full disk."""

    def get(self, column: Column, key: bytes, /) -> bytes | None:
        return self.rows.get((column, key))

    def keys(self, column: Column, prefix: bytes = b"", after: bytes | None = None, /) -> Iterator[bytes]:
        keys = sorted(key for held, key in self.rows if held == column)
        first = bisect_left(keys, prefix)
        if after is not None:
            first = max(first, bisect_right(keys, after))
        return (key for key in keys[first:] if key.startswith(prefix))

    def handle(self, column: Column, /) -> Column:
        return column

    def batch(self) -> Batch:
        return ForgetfulBatch()

    def write(self, batch: Batch, /, *, sync: bool) -> None:
        assert isinstance(batch, ForgetfulBatch)
        if self.is_failing:
            raise OSError("no space left")
        for column, key, value in batch.writes:
            if value is None:
                self.rows.pop((column, key), None)
            else:
                self.rows[column, key] = value
        if sync:
            self.flush()

    def flush(self) -> None:
        self.disk = dict(self.rows)

    def close(self) -> None:
        pass

    def lose_power(self) -> None:
        """Forget every write since the last synced one."""
        self.rows = dict(self.disk)


def numbered_changes(height: int) -> dict[bytes, bytes | None]:
    """What the block at `height` of a made-up chain writes, the same in every process: some keys set, some
    gone.
    """
    random = Random(height)
    keys = [b"account" + random.randrange(400).to_bytes(2, "big") * 16 for _ in range(120)]
    changes: dict[bytes, bytes | None] = {
        key: random.randbytes(random.choice((4, 32, 33, 80))) for key in keys
    }
    return changes | dict.fromkeys(random.sample(keys, 20))
