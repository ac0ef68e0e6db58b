"""What Trio asks of every stream's methods: one task at a time, and a positive count of bytes."""

from __future__ import annotations

import operator

import trio


class Turns:
    """`with turns:` raises trio.BusyResourceError while another task is inside."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_taken = False

    def __enter__(self) -> None:
        if self._is_taken:
            raise trio.BusyResourceError(f"another task is {self._what} this stream")
        self._is_taken = True

    def __exit__(self, *_: object) -> None:
        self._is_taken = False


def check_max_bytes(max_bytes: int | None) -> None:
    """Raises ValueError when `max_bytes` asks for nothing, TypeError when it is no integer."""
    if max_bytes is not None and operator.index(max_bytes) < 1:
        raise ValueError("max_bytes must be 1 or more")
