"""Why the pool does not take a transaction, with the codes and messages that Substrate's clients know."""

from __future__ import annotations

from typing import Final

BAD_FORMAT: Final = 1001
INVALID: Final = 1010
UNKNOWN: Final = 1011
BANNED: Final = 1012
ALREADY_IMPORTED: Final = 1013
TOO_LOW_PRIORITY: Final = 1014
CYCLE: Final = 1015
DROPPED: Final = 1016


class PoolRefusal(Exception):
    """The transaction does not enter, and the pool is as it was: a code, a message, and data saying more."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(code, message, data)
        self.code = code
        self.message = message
        self.data = data

    def __str__(self) -> str:
        """One line for the log."""
        return f"{self.code}: {self.message}" + (f": {self.data}" if self.data else "")


class InvalidTransaction(PoolRefusal):
    """The runtime refuses it in the state of the best block."""

    def __init__(self, reason: str) -> None:
        super().__init__(INVALID, "Invalid Transaction", reason)


class UnknownValidity(PoolRefusal):
    """The runtime cannot tell whether it is valid."""

    def __init__(self, reason: str) -> None:
        super().__init__(UNKNOWN, "Unknown Transaction Validity", reason)


class Banned(PoolRefusal):
    """It was found invalid a short while ago."""

    def __init__(self) -> None:
        super().__init__(BANNED, "Transaction is temporarily banned")


class AlreadyImported(PoolRefusal):
    """The pool holds it."""

    def __init__(self, transaction: bytes) -> None:
        super().__init__(ALREADY_IMPORTED, "Transaction Already Imported", "0x" + transaction.hex())


class TooLowPriority(PoolRefusal):
    """It would replace others, and does not outbid them together."""

    def __init__(self, old: int, new: int) -> None:
        reason = "it provides what others in the pool provide, at no higher priority"
        super().__init__(TOO_LOW_PRIORITY, f"Priority is too low: ({old} vs {new})", reason)
        self.old = old
        self.new = new


class CycleDetected(PoolRefusal):
    """It requires what it provides itself, or what it would drive out."""

    def __init__(self) -> None:
        super().__init__(CYCLE, "Cycle Detected")


class ImmediatelyDropped(PoolRefusal):
    """There is no room for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(DROPPED, "Immediately Dropped", reason)


class BadFormat(PoolRefusal):
    """The bytes are no extrinsic of this runtime."""

    def __init__(self, reason: str) -> None:
        super().__init__(BAD_FORMAT, "Extrinsic has invalid format", reason)
