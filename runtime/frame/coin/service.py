"""Who brings coins and work together, and what a fault costs: what pallets expect of redemption, of rewards
and of slashing.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from runtime.frame.coin.words import Fault
from runtime.types import AccountId, Balance, BlockNumber


@runtime_checkable
class Serving(Protocol):
    """Knows who serves which tickets."""

    def requeue(self, server: AccountId) -> None:
        """Put every ticket of a server that is not delivered back to its place in its queue."""
        ...

    def standing_moved(self, server: AccountId) -> None:
        """The provider's state has changed; the issuers' pallet has the new one already. Who drains serves
        first. May not raise.
        """
        ...

    def serving_since(self, server: AccountId) -> BlockNumber | None:
        """Since when the provider has had a ticket without a break, one that it accepted; None for one that
        has none.
        """
        ...


@runtime_checkable
class TicketQueue(Protocol):
    """Knows how many wait for service."""

    def queue_now(self) -> tuple[int, Balance]:
        """Tickets that wait, and the coins in them."""
        ...


@runtime_checkable
class Rewarded(Protocol):
    """Shares out rewards to those who delivered."""

    def delivered(self, server: AccountId, amount: Balance) -> None:
        """A server delivered so many SCU-h, in coins."""
        ...


@runtime_checkable
class Slasher(Protocol):
    """Takes coins for faults: each is noted at once, and applied after a delay, before which it can be
    cancelled. Victims do not wait.
    """

    def compensate(self, who: AccountId, victim: AccountId, amount: Balance) -> Balance:
        """Give whom a provider harmed so many coins of its bond now, or what there is of them; how much that
        was. Nothing, if the victim could not exist with it. May not raise.
        """
        ...

    def fault(
        self, who: AccountId, fault: Fault, amount: Balance, *, reporter: AccountId | None = None
    ) -> None:
        """A fault that costs so many coins of the bond at most; what its victims got is not part of it. False
        capacity costs everything, at once, whatever the amount. Nothing for a stranger. May not raise.
        """
        ...

    def outage(self, who: AccountId, failed_share_ppb: int) -> None:
        """An outage of more than four windows, while so great a part of all capacity failed in the same
        failure domain. It counts once in 7 days. May not raise.
        """
        ...


@runtime_checkable
class SlashBook(Protocol):
    """Keeps account of the coins that were taken for faults."""

    def slashed_and_given(self) -> tuple[Balance, Balance]:
        """What was ever taken, by those it was taken from; and where all of it went, by those who got it."""
        ...
