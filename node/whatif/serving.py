"""Serving: everybody who is there accepts at once, works as long as the work takes, and delivers; everybody
who waits says at once that the inputs can be had, and is content.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from node.whatif.chain import ForkChain
from pallets.redemption.types import TicketId, TicketState
from runtime.frame import Signed
from runtime.types import AccountId

RESULT: Final = b"\x0b" * 32
TICKETS_MAX: Final = 16_384
"""The most tickets that are looked after in one block."""


class Servers:
    """What all who serve do."""

    def __init__(self, chain: ForkChain, gone: tuple[AccountId, ...]) -> None:
        self._chain = chain
        self._gone = dict.fromkeys(gone)
        self._free_at: dict[AccountId, Fraction] = {}
        """The hour in which each server is done with all that it has."""
        self._done_at: dict[TicketId, Fraction] = {}
        """The hour in which each ticket that runs is done."""

    def act(self) -> None:
        """Do what can be done in the open block."""
        tickets = self._chain.redemption.tickets
        for number in tuple(number for number, _ in zip(tickets.keys(), range(TICKETS_MAX), strict=False)):
            found = tickets.get(number)
            if found is None or found.server is None or found.server in self._gone:
                continue
            if found.state in (TicketState.Matched, TicketState.Accepted):
                self._begin(number, found.server, found.owner, found.amount, found.state)
            elif found.state == TicketState.Running and self._chain.hour >= self._done_at.get(number, 0):
                self._deliver(number, found.server, found.owner)

    def _begin(
        self, number: TicketId, server: AccountId, owner: AccountId, amount: int, state: TicketState
    ) -> None:
        chain, calls = self._chain, self._chain.redemption
        capacity = chain.providers.capacity_of(server)
        if not capacity:
            return
        if state == TicketState.Matched:
            chain.perform(calls.accept.call(number), Signed(server))
        chain.perform(calls.ready.call(number), Signed(server))
        chain.perform(calls.begin.call(number), Signed(owner))
        start = max(Fraction(chain.hour), self._free_at.get(server, Fraction(0)))
        self._free_at[server] = self._done_at[number] = start + Fraction(amount, capacity)

    def _deliver(self, number: TicketId, server: AccountId, owner: AccountId) -> None:
        calls = self._chain.redemption
        if self._chain.perform(calls.deliver.call(number, RESULT), Signed(server)) is None:
            self._chain.perform(calls.confirm.call(number), Signed(owner))
            self._done_at.pop(number, None)
