"""Redemption: a coin is exchanged in kind, for an hour of standard compute, and burned. No path here reads a
price.

    Queued -> Matched -> Accepted -> Running -> Delivered -> settled: coins and debt are burned
      ^          |           |          |
      +----------+-----------+----------+  the server failed: back to its place, paid from the server's bond

Coins wait in escrow. One queue for each pair of wishes (class floor, region), first in, first out, the queues
served in turns; the beacon draws the server, with the weight of its debt, so nobody chooses whom. `begin`
is the consumer's word that the inputs can be had, `ready` the server's that it waits: whoever is missing at
the deadline has failed. The books are `tickets`, `audit` and `urn`; who serves whom is `matching`, what
becomes of it `outcomes`.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.redemption import types as t
from pallets.redemption import weights
from pallets.redemption.fee import decayed, fee_ppb, grown
from pallets.redemption.queries import Queries
from pallets.redemption.tickets import ESCROW, SMALLEST_SHARE
from runtime.frame import Parameter, PostInfo, Signed, call, hookimpl
from runtime.frame.coin import ClassId, Mode, Region
from runtime.scale import U64, Struct
from runtime.types import AccountId, Balance, BlockNumber, Hash, Weight, db
from runtime.types.fixed import PPB, div_ceil, mul_div_ceil

LARGEST_SHARE: Final = 200
"""A ticket holds at most this part of the supply; larger is split."""
PIECES_MAX: Final = 256
"""The most tickets that one call makes."""
REDEEM: Final = db(reads=22, writes=12)
"""A redemption without its tickets."""
PER_TICKET: Final = db(writes=2)
EXPIRIES_MAX: Final = 64
"""The most states that end by themselves in one block; the rest wait their turn."""
BEGIN_HOURS: Final = 6
SILENCE_HOURS: Final = 24
CANCEL_HOURS: Final = 1
EXPIRY: Final = db(reads=30, writes=24)
MATCH: Final = db(reads=14, writes=12)
DRAW: Final = db(reads=5)
ANYTHING: Final = t.Queue(0, 0)
"""The wishes of who wishes nothing."""
TicketState = t.TicketState

__all__ = ["LARGEST_SHARE", "SMALLEST_SHARE", "Redemption"]


class Genesis(Struct):
    """Nothing to say: the escrow account is checked to exist."""


class Redemption(Queries):
    """Exchanges coins for compute."""

    fee_floor_ppb = Parameter[U64](
        default=3_000_000,
        bounds=(0, 20_000_000),
        track="fees",
        doc="The least redemption fee, while there is one.",
    )

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        if self.coin.free_balance(self.account_id) < self.coin.minimum_balance():
            raise t.NoEscrow
        for who in self.issuers.roster_now():
            self._reweigh(who)

    # Calls: the consumer.

    @call(index=0, weight=REDEEM + PER_TICKET.times(PIECES_MAX))
    def redeem(
        self,
        origin: Signed,
        amount: Balance,
        service: t.Service,
        class_floor: ClassId,
        region: Region,
        job: Hash,
    ) -> PostInfo:
        """Exchange coins for tickets; the fee is paid now, on top, and not returned."""
        owner, queue = origin.who, t.Queue(class_floor, region)
        if not amount:
            raise t.NothingToRedeem
        self._check_wishes(queue)
        supply = self.ledger.total_supply()
        smallest = self._smallest()
        largest = max(smallest, supply // LARGEST_SHARE)
        tickets = div_ceil(amount, largest)
        if tickets > PIECES_MAX:
            raise t.TooLarge
        fee = self._charge(amount, supply)
        left = self.coin.reducible_balance(owner, keep_alive=False) - amount - fee
        if amount < smallest and left >= self.coin.minimum_balance():
            raise t.TooSmall
        if fee:
            self.coin.transfer(owner, self.ledger.fee_account(), fee, keep_alive=False)
        self.coin.transfer(owner, self.account_id, amount, keep_alive=False)
        self.coin.hold(ESCROW, self.account_id, amount)
        first, rest = self.next_ticket, amount
        for _ in range(tickets):
            number, part = self._new_number(), min(rest, largest)
            rest -= part
            self._put(
                number,
                t.Ticket(
                    owner=owner,
                    amount=part,
                    service=service,
                    class_floor=class_floor,
                    region=region,
                    job=job,
                    place=number,
                    state=TicketState.Queued,
                    queued_at=self.host.number,
                ),
            )
        self.emit(t.Redeemed(owner, amount, fee, first, tickets))
        return PostInfo(REDEEM + PER_TICKET.times(tickets))

    @call(index=1, weight=db(reads=24, writes=18))
    def cancel(self, origin: Signed, ticket: t.TicketId) -> None:
        """Take a waiting ticket back, an hour after it was queued; the fee stays paid."""
        found = self._owned(origin.who, ticket, TicketState.Queued)
        if self.host.number - found.queued_at < self.standards.blocks_in(CANCEL_HOURS):
            raise t.TooEarly
        self._pay_lateness(found)
        self._drop(ticket)
        self.coin.transfer_on_hold(ESCROW, self.account_id, found.owner, found.amount)
        self.emit(t.Cancelled(ticket))

    @call(index=2, weight=weights.TRANSFER)
    def transfer(self, origin: Signed, ticket: t.TicketId, dest: AccountId) -> None:
        """Give a ticket to another account."""
        found = self._owned(origin.who, ticket, *TicketState)
        self._put(ticket, found.replace(owner=dest))
        self.emit(t.Transferred(ticket, dest))

    @call(index=4, weight=weights.BEGIN)
    def begin(self, origin: Signed, ticket: t.TicketId) -> None:
        """Say that the inputs can be had; at any time before the work runs."""
        found = self._owned(origin.who, ticket, TicketState.Queued, TicketState.Matched, TicketState.Accepted)
        self.emit(t.Began(ticket))
        self._start(ticket, found.replace(has_begun=True))

    @call(index=7, weight=weights.CONFIRM)
    def confirm(self, origin: Signed, ticket: t.TicketId) -> None:
        """Accept the result at once, instead of by silence."""
        self._settle(ticket, self._owned(origin.who, ticket, TicketState.Delivered))

    # Calls: the server.

    @call(index=3, weight=weights.ACCEPT)
    def accept(self, origin: Signed, ticket: t.TicketId) -> None:
        """Accept a ticket that one was drawn for."""
        found = self._served(origin.who, ticket, TicketState.Matched)
        deadline = self.host.number + self.standards.blocks_in(BEGIN_HOURS)
        self._put(ticket, found.replace(state=TicketState.Accepted, deadline=deadline))
        server = self.servers[origin.who]
        if not server.since:
            self.servers[origin.who] = server.replace(since=self.host.number)
        self.emit(t.Accepted(ticket, origin.who))

    @call(index=5, weight=weights.READY)
    def ready(self, origin: Signed, ticket: t.TicketId) -> None:
        """Say that one waits for the inputs."""
        found = self._served(origin.who, ticket, TicketState.Accepted)
        self.emit(t.Ready(ticket))
        self._start(ticket, found.replace(is_ready=True))

    @call(index=6, weight=weights.DELIVER)
    def deliver(self, origin: Signed, ticket: t.TicketId, result: Hash) -> None:
        """Deliver the digest of the result."""
        found = self._served(origin.who, ticket, TicketState.Running)
        deadline = self.host.number + self.standards.blocks_in(SILENCE_HOURS)
        self._pay_lateness(found)
        done = found.replace(state=TicketState.Delivered, result=result, deadline=deadline, late=None)
        self._put(ticket, done)
        self.emit(t.Delivered(ticket, result, deadline))

    # Hooks.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """End the states whose time is over, then draw servers for who waits."""
        due = self._due(now, EXPIRIES_MAX)
        for ticket in due:
            self.attempt(partial(self._expire, ticket))
        matches, draws = self._match()
        return db(reads=5) + EXPIRY.times(len(due)) + MATCH.times(matches) + DRAW.times(draws)

    # Figures.

    def _charge(self, amount: Balance, supply: Balance) -> Balance:
        """The fee for redeeming `amount`, none in Orange and worse; later redeemers pay more for it."""
        hours = self.standards.hours_in(self.host.number - self.base.at)
        base = grown(decayed(self.base.ppb, hours), min(amount, supply), max(1, supply))
        self.base = t.Base(base, self.base.at + (self.standards.blocks_in(hours) if hours else 0))
        if self.ledger.mode_now() >= Mode.Orange:
            return 0
        return mul_div_ceil(amount, fee_ppb(self.fee_floor_ppb, base), PPB)

    # Permissions.

    def _check_wishes(self, queue: t.Queue) -> None:
        """Refuse wishes that nobody can fulfil, as far as that is seen at once, and one queue too many."""
        if queue in self.queues:
            return
        if queue.class_floor and self.standards.rating_of(queue.class_floor) is None:
            raise t.UnknownClass
        if queue.region and not self._has_issuers(queue.region):
            raise t.NobodyServes
        if len(self.queues) >= t.QUEUES_MAX - (queue != ANYTHING):
            raise t.TooManyQueues

    def _owned(self, who: AccountId, number: int, *states: TicketState) -> t.Ticket:
        ticket = self._in_state(number, states)
        if ticket.owner != who:
            raise t.NotOwner
        return ticket

    def _served(self, who: AccountId, number: int, *states: TicketState) -> t.Ticket:
        ticket = self._in_state(number, states)
        if ticket.server != who:
            raise t.NotServer
        return ticket

    def _in_state(self, number: int, states: tuple[TicketState, ...]) -> t.Ticket:
        ticket = self.tickets.get(number)
        if ticket is None:
            raise t.UnknownTicket
        if ticket.state not in states:
            raise t.WrongState
        return ticket
