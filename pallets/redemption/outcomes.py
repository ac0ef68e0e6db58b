"""Outcomes: what becomes of a ticket that has a server, and who pays when nothing does.

    served         coins and debt are burned, and the server earned its reward
    server failed  back to its place; the owner gets 10 % of it from the server's bond at once, and 2 % for
                   each day until it is delivered, 30 % at most; slashed besides, and three make deficient
    no-show        half of it is burned, with the server's debt, and half goes back

What is late is counted to the server that failed it last, and paid when the ticket is delivered, fails again
or is cancelled. A slash for a failed piece is 1.1 of it, what was paid at once included.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.redemption import types as t
from pallets.redemption.matching import Matching
from pallets.redemption.tickets import ESCROW, server_of
from runtime.frame.coin import TERM_HOURS, Cause, Fault, Rewarded, Slasher
from runtime.types import Balance
from runtime.types.fixed import div_ceil, mul_div_ceil

MARGIN_HOURS: Final = 1
"""On top of the time that the work assigned to the server takes at its capacity."""
COMPENSATION: Final = 10
"""Percent of a failed ticket that its owner gets at once."""
LATE_PERCENT: Final = 2
"""The same for each day that it is late."""
LATE_PERCENT_MAX: Final = 20
"""At most so much for all days: 30 % with what came at once."""
SLASH_PERCENT: Final = 110
"""What a failed piece costs its server, with what its owner got at once."""
DAY_HOURS: Final = 24
TicketState = t.TicketState


class Outcomes(Matching):
    """Ends what was begun."""

    slasher: Slasher
    rewards: tuple[Rewarded, ...]

    def _start(self, number: int, ticket: t.Ticket) -> None:
        """Write the ticket; if both sides are there, the work runs."""
        if not (ticket.state == TicketState.Accepted and ticket.has_begun and ticket.is_ready):
            self._put(number, ticket)
            return
        server = server_of(ticket)
        capacity, most = self.issuers.capacity_of(server), self.standards.blocks_in(TERM_HOURS)
        work = self.servers[server].work
        needed = min(most, self.standards.blocks_for(work, capacity)) if capacity else most
        deadline = self.host.number + needed + self.standards.blocks_in(MARGIN_HOURS)
        self._put(number, ticket.replace(state=TicketState.Running, deadline=deadline))
        self.emit(t.Started(number, deadline))

    def _expire(self, number: int) -> None:
        """The ticket's state ends by itself: say whose fault that is, or that silence accepts."""
        ticket = self.tickets[number]
        if ticket.state == TicketState.Delivered:
            self._settle(number, ticket)
        elif ticket.state == TicketState.Accepted and ticket.is_ready:
            self._not_shown(number, ticket)
        else:
            self._fail(number, ticket)

    def _settle(self, number: int, ticket: t.Ticket) -> None:
        server, result = server_of(ticket), ticket.result
        assert result is not None, "a delivered ticket has a result"
        self._drop(number)
        self.ledger.unassign(server, ticket.amount)
        self.ledger.cancel_held(server, ESCROW, self.account_id, ticket.amount, Cause.Redeemed)
        for each in self.rewards:
            each.delivered(server, ticket.amount)
        receipt = t.Receipt(
            owner=ticket.owner,
            server=server,
            amount=ticket.amount,
            service=ticket.service,
            job=ticket.job,
            result=result,
            standard=ticket.standard,
            settled_at=self.host.number,
        )
        self._keep_receipt(number, receipt)
        self.emit(t.Settled(number, server, ticket.amount, result))

    def _fail(self, number: int, ticket: t.Ticket) -> None:
        server = server_of(ticket)
        self._pay_lateness(ticket)
        self._back(number, ticket, t.Late(server, self.host.number))
        paid = self.slasher.compensate(server, ticket.owner, mul_div_ceil(ticket.amount, COMPENSATION, 100))
        self.slasher.fault(server, Fault.FailedPiece, mul_div_ceil(ticket.amount, SLASH_PERCENT, 100) - paid)
        self.issuers.ticket_failed(server)
        self.ledger.note_failure(server, ticket.amount)
        self.emit(t.Failed(number, server))

    def _not_shown(self, number: int, ticket: t.Ticket) -> None:
        server = server_of(ticket)
        burned = div_ceil(ticket.amount, 2)
        self._drop(number)
        self.ledger.unassign(server, ticket.amount)
        self.ledger.cancel_held(server, ESCROW, self.account_id, burned, Cause.Redeemed)
        back = ticket.amount - burned
        pay = self.coin.transfer_on_hold
        if self.attempt(partial(pay, ESCROW, self.account_id, ticket.owner, back)) is not None:
            pay(ESCROW, self.account_id, self.ledger.reserve_account(), back)  # the owner's account is gone
        self.emit(t.NotShown(number, burned))

    def _pay_lateness(self, ticket: t.Ticket) -> Balance:
        """Let the server that failed the ticket last pay for the days since then; how much that was."""
        late = ticket.late
        if late is None:
            return 0
        days = self.standards.hours_in(self.host.number - late.since) // DAY_HOURS
        percent = min(LATE_PERCENT_MAX, LATE_PERCENT * days)
        return self.slasher.compensate(late.server, ticket.owner, mul_div_ceil(ticket.amount, percent, 100))
