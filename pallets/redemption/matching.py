"""Matching: who of those that wait is served next, and by whom.

Queues are served in turns, each in its order; a head that nobody can serve now blocks no other queue. Issuers
that drain are drawn first, then the others, with the weight of their debts. A piece is at most a twentieth of
its server's debt, so a large ticket is served in pieces, each with a number of its own at the same place. A
ticket that failed is given to who failed it last only if there is nobody else, and to who drains last, or an
issuer that leaves could refuse it again and again.

As long as there is orphan debt, whatever the mode, a ticket first bears its share of the loss, once: coins
that nobody serves any more cancel orphan debt. The share of x coins is

    ceil(x O / D)        D = S - (coins that a server was drawn for, or that have borne their share)

D is the coins that will bear what is left of O. Each match takes from both in proportion, so that O / D stays
what it was: who comes last loses no more than who came first, however many are under way.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.redemption import types as t
from pallets.redemption.audit import Audit
from pallets.redemption.tickets import ESCROW
from runtime.frame.interfaces import Beacon
from runtime.types import AccountId, Balance, BlockNumber
from runtime.types.fixed import mul_div_ceil

MATCHES_MAX: Final = 8
"""The most matches of a block."""
DRAWS_MAX: Final = 24
"""The most lots drawn for one match; whom they find nobody for waits for the next block."""
DRAWS_PER_BLOCK_MAX: Final = 48
"""The most lots drawn in a block."""
PIECE_SHARE: Final = 20
"""A piece is at most this part of the server's debt."""
ACCEPT_BLOCKS: Final = 30
LOST_HOURS: Final = 14 * 24
"""So long a ticket waits before it is held for lost, if no debt is left that it could be served for."""
TicketState = t.TicketState


class Matching(Audit):
    """Gives those who wait to those who serve."""

    beacon: Beacon

    def _match(self) -> tuple[int, int]:
        """Serve the queues in turns; how many matches were made, and how many lots drawn."""
        if not self.waiting.tickets:
            return 0, 0
        queues = self.queues
        turn = self.host.number % len(queues)
        in_turn = [*queues[turn:], *queues[:turn]]
        matches = draws = 0
        while in_turn and matches < MATCHES_MAX and draws < DRAWS_PER_BLOCK_MAX:
            queue = in_turn.pop(0)
            head = self._head(queue)
            if head is None:
                continue
            ticket = self.tickets[head]
            server, piece, drawn = self._draw(head, ticket)
            draws += drawn
            if server is not None:
                work = partial(self._serve, head, ticket, server, piece)
            elif self._is_lost(ticket):
                work = partial(self._lose, head, ticket)
            else:
                continue
            if self.attempt(work) is None:
                matches += 1
                in_turn.append(queue)
        return matches, draws

    # Drawing.

    def _draw(self, number: int, ticket: t.Ticket) -> tuple[AccountId | None, Balance, int]:
        """Who serves the ticket, the piece that it takes, and how many lots were drawn for that."""
        seed = self.beacon.randomness() + number.to_bytes(8, "little")
        smallest = self._smallest()
        drawn = 0
        failed = ticket.late.server if ticket.late is not None else None
        again = 0
        for who in self._drawn(ticket.region, seed, drain_first=failed is None):
            drawn += 1
            piece = self._piece_for(who, ticket, smallest)
            if who == failed:
                again = piece
            elif piece:
                return who, piece, drawn
            if drawn == DRAWS_MAX:
                break
        return failed if again else None, again, drawn

    def _piece_for(self, who: AccountId, ticket: t.Ticket, smallest: Balance) -> Balance:
        """How much of the ticket a provider may be given now; zero if it cannot serve it."""
        debt = self.ledger.debt_of(who)
        piece = min(ticket.amount, max(smallest, debt.owed // PIECE_SHARE), debt.owed)
        if debt.unassigned < piece or not self._has_room(who, piece):
            return 0
        return piece if self.issuers.serves(who, ticket.class_floor, ticket.region) else 0

    # Serving.

    def _serve(self, number: int, ticket: t.Ticket, server: AccountId, piece: Balance) -> None:
        """Give a piece of the ticket to a server, after its share of a loss is borne."""
        ticket = self._bear_loss(number, ticket)
        if not ticket.amount:
            return
        taken, amount = number, min(piece, ticket.amount)
        if amount < ticket.amount:
            self._put(number, ticket.replace(amount=ticket.amount - amount))
            taken = self._new_number()
        standard, _ = self.standards.standard_now()
        self.ledger.assign(server, amount)
        matched = ticket.replace(
            amount=amount,
            state=TicketState.Matched,
            server=server,
            standard=standard,
            deadline=self.host.number + ACCEPT_BLOCKS,
        )
        self._put(taken, matched)
        self.emit(t.Matched(taken, server, amount, ticket.place))

    def _bear_loss(self, number: int, ticket: t.Ticket) -> t.Ticket:
        """The ticket when its share of the loss is borne, if there is one to bear; of no coins if it was all
        of them.
        """
        orphaned = self.ledger.total_orphaned()
        if ticket.has_shared or not orphaned:
            return ticket
        waiting = self.waiting
        bearing = self.ledger.total_supply() - (self.escrowed - waiting.coins) - waiting.borne
        share = min(ticket.amount, orphaned, mul_div_ceil(ticket.amount, orphaned, bearing))
        return self._cancel_orphaned(number, ticket, share)

    def _lose(self, number: int, ticket: t.Ticket) -> None:
        """What waits can cancel orphan debt alone."""
        self._cancel_orphaned(number, ticket, min(ticket.amount, self.ledger.total_orphaned()))

    def _is_lost(self, ticket: t.Ticket) -> bool:
        """Whether nobody owes a coin that is not under a ticket already, and none of those who might come
        back and take back what they owed has come while the ticket waited.
        """
        waited = self.host.number - max(ticket.queued_at, ticket.returned_at)
        if waited < self.standards.blocks_in(LOST_HOURS):
            return False
        orphaned, assigned = self.ledger.total_orphaned(), self.escrowed - self.waiting.coins
        return bool(orphaned) and self.ledger.total_supply() - orphaned == assigned

    def _cancel_orphaned(self, number: int, ticket: t.Ticket, share: Balance) -> t.Ticket:
        """Burn coins of a waiting ticket against orphan debt."""
        left = ticket.replace(amount=ticket.amount - share, has_shared=True)
        if left.amount:
            self._put(number, left)
        else:
            self._drop(number)
        self.ledger.cancel_orphaned(ESCROW, self.account_id, share)
        self.emit(t.LossShared(number, share))
        return left

    # runtime.frame.coin.Serving

    def requeue(self, server: AccountId) -> None:
        for (_, number), _ in tuple(self.serving.under(server)):
            self._back(number, self.tickets[number])
            self.emit(t.Requeued(number, server))

    def standing_moved(self, server: AccountId) -> None:
        self._reweigh(server)

    def serving_since(self, server: AccountId) -> BlockNumber | None:
        return self.servers[server].since or None

    def _back(self, number: int, ticket: t.Ticket, late: t.Late | None = None) -> None:
        """Put a ticket back to its place in its queue."""
        assert ticket.server is not None, "a ticket that goes back had a server"
        self.ledger.unassign(ticket.server, ticket.amount)
        waiting = ticket.replace(
            state=TicketState.Queued,
            server=None,
            standard=0,
            deadline=0,
            is_ready=False,
            result=None,
            late=late or ticket.late,
            returned_at=self.host.number,
        )
        self._put(number, waiting)
