"""Redemption: a coin is exchanged in kind, for an hour of standard compute, and burned. No path here reads a
price.

    Queued -> Matched -> Accepted -> Running -> Delivered -> settled: coins and debt are burned
      ^          |           |          |
      +----------+-----------+----------+  the server failed: back to its place, paid from the server's bond

Coins wait in escrow. One queue for each pair of wishes (class floor, region), first in, first out, the queues
served in turns; the beacon draws the server, with the weight of its debt, so nobody chooses whom. A piece is
at most a twentieth of the server's debt, so a large ticket is served in pieces, each with a number of its own
at the same place of the queue. `begin` is the consumer's word that the inputs can be had, `ready` the
server's that it waits: whoever is missing at the deadline has failed. In Red each ticket first cancels its
share of the orphan debt without service.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from pallets.redemption import types as t
from pallets.redemption.fee import decayed, fee_ppb, grown
from pallets.redemption.tickets import ESCROW, Tickets
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Parameter, Signed, call, hookimpl
from runtime.frame.coin import TERM_HOURS, Cause, ClassId, Mode, ProviderState, Region
from runtime.scale import U64, Struct
from runtime.types import AccountId, Balance, BlockNumber, Hash, Weight, db
from runtime.types.fixed import PPB, div_ceil, mul_div_ceil

COIN: Final = 10**9
SMALLEST_SHARE: Final = 1 << 20
"""A ticket holds at least this part of the supply, and one coin."""
LARGEST_SHARE: Final = 200
"""A ticket holds at most this part of the supply; larger is split."""
PIECES_MAX: Final = 256
"""The most tickets that one call makes."""
PIECE_SHARE: Final = 20
"""A piece is at most this part of the server's debt."""
MATCHES_MAX: Final = 16
"""The most matches of a block."""
EXPIRIES_MAX: Final = 64
"""The most states that end by themselves in one block; the rest wait their turn."""
BACKLOG_HOURS: Final = 24
"""A provider is given at most this much work at once."""
ACCEPT_BLOCKS: Final = 30
BEGIN_HOURS: Final = 6
MARGIN_HOURS: Final = 1
"""On top of the time that the work assigned to the server takes at its capacity."""
SILENCE_HOURS: Final = 24
CANCEL_HOURS: Final = 1
COMPENSATION: Final = 10
"""A failed ticket costs the server one part in this many, at once."""
TicketState = t.TicketState


class Genesis(Struct):
    """Nothing to say: the escrow account is checked to exist."""


class Redemption(Tickets):
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

    # Calls: the consumer.

    @call(index=0, weight=db(reads=12, writes=8 + 4 * PIECES_MAX))
    def redeem(
        self,
        origin: Signed,
        amount: Balance,
        service: t.Service,
        class_floor: ClassId,
        region: Region,
        job: Hash,
    ) -> None:
        """Exchange coins for tickets; the fee is paid now, on top, and not returned."""
        owner, queue = origin.who, t.Queue(class_floor, region)
        if not amount:
            raise t.NothingToRedeem
        self._check_wishes(queue)
        supply = self.ledger.total_supply()
        smallest = self._smallest(supply)
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

    @call(index=1, weight=db(reads=6, writes=6))
    def cancel(self, origin: Signed, ticket: t.TicketId) -> None:
        """Take a waiting ticket back, an hour after it was queued; the fee stays paid."""
        found = self._owned(origin.who, ticket, TicketState.Queued)
        if self.host.number - found.queued_at < self.standards.blocks_in(CANCEL_HOURS):
            raise t.TooEarly
        self._drop(ticket)
        self.coin.transfer_on_hold(ESCROW, self.account_id, found.owner, found.amount)
        self.emit(t.Cancelled(ticket))

    @call(index=2, weight=db(reads=2, writes=1))
    def transfer(self, origin: Signed, ticket: t.TicketId, dest: AccountId) -> None:
        """Give a ticket to another account."""
        found = self._owned(origin.who, ticket, *TicketState)
        self._put(ticket, found.replace(owner=dest))
        self.emit(t.Transferred(ticket, dest))

    @call(index=4, weight=db(reads=5, writes=4))
    def begin(self, origin: Signed, ticket: t.TicketId) -> None:
        """Say that the inputs can be had; at any time before the work runs."""
        found = self._owned(origin.who, ticket, TicketState.Queued, TicketState.Matched, TicketState.Accepted)
        self.emit(t.Began(ticket))
        self._start(ticket, found.replace(has_begun=True))

    @call(index=7, weight=db(reads=8, writes=9))
    def confirm(self, origin: Signed, ticket: t.TicketId) -> None:
        """Accept the result at once, instead of by silence."""
        self._settle(ticket, self._owned(origin.who, ticket, TicketState.Delivered))

    # Calls: the server.

    @call(index=3, weight=db(reads=3, writes=3))
    def accept(self, origin: Signed, ticket: t.TicketId) -> None:
        """Accept a ticket that one was drawn for."""
        found = self._served(origin.who, ticket, TicketState.Matched)
        deadline = self.host.number + self.standards.blocks_in(BEGIN_HOURS)
        self._put(ticket, found.replace(state=TicketState.Accepted, deadline=deadline))
        self.emit(t.Accepted(ticket, origin.who))

    @call(index=5, weight=db(reads=5, writes=4))
    def ready(self, origin: Signed, ticket: t.TicketId) -> None:
        """Say that one waits for the inputs."""
        found = self._served(origin.who, ticket, TicketState.Accepted)
        self.emit(t.Ready(ticket))
        self._start(ticket, found.replace(is_ready=True))

    @call(index=6, weight=db(reads=3, writes=3))
    def deliver(self, origin: Signed, ticket: t.TicketId, result: Hash) -> None:
        """Deliver the digest of the result."""
        found = self._served(origin.who, ticket, TicketState.Running)
        deadline = self.host.number + self.standards.blocks_in(SILENCE_HOURS)
        self._put(ticket, found.replace(state=TicketState.Delivered, result=result, deadline=deadline))
        self.emit(t.Delivered(ticket, result, deadline))

    # Hooks.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """End the states whose time is over, then draw servers for who waits."""
        due = self._due(now, EXPIRIES_MAX)
        for ticket in due:
            self.attempt(partial(self._expire, ticket))
        matches = self._match()
        return db(reads=3 + 6 * len(due) + 30 * matches, writes=8 * len(due) + 8 * matches)

    # Matching.

    def _match(self) -> int:
        """Serve the queues in turns; a head that nobody can serve now blocks no other queue."""
        queues = self.queues
        if not queues:
            return 0
        turn = self.host.number % len(queues)
        open_queues = [*queues[turn:], *queues[:turn]]
        matches = 0
        while open_queues and matches < MATCHES_MAX:
            queue = open_queues.pop(0)
            head = self._head(queue)
            if head is not None and self._match_head(head):
                matches += 1
                open_queues.append(queue)
        return matches

    def _match_head(self, number: int) -> bool:
        ticket = self.tickets[number]
        candidates = tuple(self._candidates(ticket))
        if not candidates:
            return False
        draining = tuple(
            each for each in candidates if self.issuers.state_of(each[0]) == ProviderState.Draining
        )
        server, piece = self._draw(number, draining or candidates)
        return self.attempt(partial(self._assign, number, ticket, server, piece)) is None

    def _candidates(self, ticket: t.Ticket) -> Iterator[tuple[AccountId, Balance, Balance]]:
        """Who could serve the ticket, the piece that each could take, and each one's weight."""
        smallest = self._smallest(self.ledger.total_supply())
        backlog = self.standards.blocks_in(BACKLOG_HOURS)
        for who in self.issuers.roster_now():
            debt = self.ledger.debt_of(who)
            piece = min(ticket.amount, max(smallest, debt.owed // PIECE_SHARE), debt.owed)
            if not piece or debt.unassigned < piece:
                continue
            if not self.issuers.serves(who, ticket.class_floor, ticket.region):
                continue
            room = self.standards.done_in(self.issuers.capacity_of(who), backlog)
            if not debt.assigned or debt.assigned + piece <= room:
                yield who, piece, debt.owed

    def _draw(
        self, number: int, candidates: tuple[tuple[AccountId, Balance, Balance], ...]
    ) -> tuple[AccountId, Balance]:
        """One candidate by lot, with its weight. The bias of 256 bits against a weight is below 2^-128."""
        lot = int.from_bytes(blake2b_256(self.beacon.randomness() + number.to_bytes(8, "little")), "little")
        lot %= sum(weight for _, _, weight in candidates)
        for who, piece, weight in candidates:
            if lot < weight:
                return who, piece
            lot -= weight
        raise AssertionError("a lot lies below the sum of the weights")

    def _assign(self, number: int, ticket: t.Ticket, server: AccountId, piece: Balance) -> None:
        """Put a ticket, or a piece split off it, into the hands of a server."""
        taken = number
        if piece < ticket.amount:
            taken = self._new_number()
            self._put(number, ticket.replace(amount=ticket.amount - piece))
            self._put(taken, ticket.replace(amount=piece))
        amount = piece - self._share_loss(taken, piece, ticket.has_shared)
        if not amount:
            return
        self.ledger.assign(server, amount)
        standard, _ = self.standards.standard_now()
        matched = self.tickets[taken].replace(
            state=TicketState.Matched,
            server=server,
            standard=standard,
            deadline=self.host.number + ACCEPT_BLOCKS,
        )
        self._put(taken, matched)
        self.emit(t.Matched(taken, server, amount, ticket.place))

    def _share_loss(self, number: int, amount: Balance, has_shared: bool) -> Balance:
        """In Red, cancel the ticket's share of the orphan debt, rounded up, once; how much that was."""
        orphaned = self.ledger.total_orphaned()
        if has_shared or not orphaned or self.ledger.mode_now() != Mode.Red:
            return 0
        share = mul_div_ceil(amount, orphaned, self.ledger.total_supply())
        self.ledger.cancel_orphaned(ESCROW, self.account_id, share)
        self.emit(t.LossShared(number, share))
        if share == amount:
            self._drop(number)
        else:
            self._put(number, self.tickets[number].replace(amount=amount - share, has_shared=True))
        return share

    # What becomes of a ticket.

    def _start(self, number: int, ticket: t.Ticket) -> None:
        """Write the ticket; if both sides are there, the work runs."""
        if not (ticket.state == TicketState.Accepted and ticket.has_begun and ticket.is_ready):
            self._put(number, ticket)
            return
        server = _server_of(ticket)
        capacity, most = self.issuers.capacity_of(server), self.standards.blocks_in(TERM_HOURS)
        work = self.ledger.debt_of(server).assigned
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
        server, result = _server_of(ticket), ticket.result
        assert result is not None, "a delivered ticket has a result"
        self._drop(number)
        self.ledger.unassign(server, ticket.amount)
        self.ledger.cancel_held(server, ESCROW, self.account_id, ticket.amount, Cause.Redeemed)
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
        server = _server_of(ticket)
        self.ledger.unassign(server, ticket.amount)
        self.issuers.take_bond(server, ticket.owner, div_ceil(ticket.amount, COMPENSATION))
        self.issuers.ticket_failed(server)
        waiting = ticket.replace(
            state=TicketState.Queued, server=None, standard=0, deadline=0, is_ready=False, result=None
        )
        self._put(number, waiting)
        self.emit(t.Failed(number, server))

    def _not_shown(self, number: int, ticket: t.Ticket) -> None:
        server = _server_of(ticket)
        burned = div_ceil(ticket.amount, 2)
        self._drop(number)
        self.ledger.unassign(server, ticket.amount)
        self.ledger.cancel_held(server, ESCROW, self.account_id, burned, Cause.Redeemed)
        back = ticket.amount - burned
        pay = self.coin.transfer_on_hold
        if self.attempt(partial(pay, ESCROW, self.account_id, ticket.owner, back)) is not None:
            pay(ESCROW, self.account_id, self.ledger.reserve_account(), back)  # the owner's account is gone
        self.emit(t.NotShown(number, burned))

    # Figures.

    def _smallest(self, supply: Balance) -> Balance:
        """x_min: the least that a ticket may hold."""
        return max(COIN, div_ceil(supply, SMALLEST_SHARE))

    def _charge(self, amount: Balance, supply: Balance) -> Balance:
        """The fee for redeeming `amount`, none in Orange and Red; later redeemers pay more for it."""
        hours = self.standards.hours_in(self.host.number - self.base.at)
        base = grown(decayed(self.base.ppb, hours), min(amount, supply), max(1, supply))
        self.base = t.Base(base, self.base.at + (self.standards.blocks_in(hours) if hours else 0))
        if self.ledger.mode_now() >= Mode.Orange:
            return 0
        return mul_div_ceil(amount, fee_ppb(self.fee_floor_ppb, base), PPB)

    # Permissions.

    def _check_wishes(self, queue: t.Queue) -> None:
        if queue in self.queues:
            return
        if queue.class_floor and self.standards.rating_of(queue.class_floor) is None:
            raise t.UnknownClass
        roster = self.issuers.roster_now()
        if not any(self.issuers.serves(who, queue.class_floor, queue.region) for who in roster):
            raise t.NobodyServes
        if len(self.queues) == t.QUEUES_MAX:
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


def _server_of(ticket: t.Ticket) -> AccountId:
    assert ticket.server is not None, "a ticket that is out of the queue has a server"
    return ticket.server
