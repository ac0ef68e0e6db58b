"""A transaction extension: what every signed transaction carries beside its call, and what is checked of it.

A pallet offers it, and a chain's specification lists it: then wallets read from metadata what to sign.
"""

from __future__ import annotations

from typing import Final

from runtime.frame import Call, Host
from runtime.frame.extension import TransactionExtension
from runtime.frame.validity import CustomInvalid, ValidTransaction
from runtime.types import AccountId, BlockNumber

DEADLINE_PASSED: Final = 1
"""What the sender is told, as a number."""


class CheckDeadline(TransactionExtension):
    """The transaction may say until which block it wants in; too late, it stays out and costs nothing."""

    identifier = "CheckDeadline"
    extra_type = BlockNumber | None

    def __init__(self, host: Host) -> None:
        self._host = host

    def validate(self, who: AccountId, call: Call, length: int, extra: int | None) -> ValidTransaction:
        """For the pool: for how many blocks the answer holds."""
        self.prepare(who, call, length, extra)
        if extra is None:
            return ValidTransaction()
        return ValidTransaction(longevity=extra - self._host.number + 1)

    def prepare(self, who: AccountId, call: Call, length: int, extra: int | None) -> None:
        """In the block, before the call."""
        if extra is not None and self._host.number > extra:
            raise CustomInvalid(DEADLINE_PASSED)
