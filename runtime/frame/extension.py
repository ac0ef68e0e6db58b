"""Transaction extensions: what every signed transaction carries beside its call, and what is checked of it.

An extension may put data into the transaction (`extra_type`), add data to what is signed without sending it
(`implicit_type`), judge the transaction for the pool (`validate`), act before the call (`prepare`) and after
it (`post_dispatch`). The chain spec orders them; clients read the order from metadata.
"""

from __future__ import annotations

from typing import Any, ClassVar

from runtime.frame.host import Call
from runtime.frame.validity import ValidTransaction
from runtime.types.account import AccountId
from runtime.types.weight import Weight

Unit = tuple[()]


class TransactionExtension:
    """One extension; what a subclass does not override is not asked of it."""

    identifier: ClassVar[str]
    """Its name in metadata, by which clients know it."""
    extra_type: ClassVar[Any] = Unit
    """What the transaction carries for it."""
    implicit_type: ClassVar[Any] = Unit
    """What is signed for it without being sent."""

    def implicit(self, extra: Any) -> bytes:
        """The encoded bytes that the signer signed too. They may depend on `extra` and on what the block
        began with: within a block they are asked for once an extra. Raises `InvalidTransaction` when they
        are no longer known.
        """
        return b""

    def validate(self, who: AccountId, call: Call, length: int, extra: Any) -> ValidTransaction:
        """What the pool should know. Raises `InvalidTransaction`."""
        return ValidTransaction()

    def prepare(self, who: AccountId, call: Call, length: int, extra: Any) -> Any:
        """Act before the call; the result comes back in `post_dispatch`. Raises `InvalidTransaction`."""
        return None

    def post_dispatch(self, prepared: Any, call: Call, length: int, used: Weight, pays: bool) -> None:
        """Act after the call, however it ended, knowing what it `used` and whether it still `pays`."""
