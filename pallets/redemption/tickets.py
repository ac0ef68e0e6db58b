"""The books of tickets: the queues in order, the agenda of deadlines, the escrow and the receipts.

`_put` and `_drop` are the only places that write a ticket: queue, agenda and sums follow from what it was and
is.
"""

from __future__ import annotations

from typing import Final

from pallets.redemption import types as t
from runtime.frame import (
    Identity,
    Pallet,
    StorageDoubleMap,
    StorageMap,
    StorageNMap,
    StorageValue,
    Twox64Concat,
    hookimpl,
    invariant,
)
from runtime.frame.coin import ClassId, Issuers, Ledger, Region, Standards
from runtime.frame.interfaces import Beacon, Currency
from runtime.scale import U32, U64
from runtime.types import AccountId, Balance, BlockNumber

ESCROW: Final = t.Escrow()
RECEIPTS_MAX: Final = 4_096
"""How many receipts are kept; then the oldest goes."""
TicketState = t.TicketState


class Tickets(Pallet[t.RedemptionEvent, t.RedemptionError]):
    """Every open ticket, where it waits, and when its state ends by itself."""

    hold_reason = t.HoldReason
    coin: Currency
    ledger: Ledger
    issuers: Issuers
    standards: Standards
    beacon: Beacon

    tickets = StorageMap[t.TicketId, t.Ticket](hasher=Twox64Concat, doc="Every open ticket.")
    next_ticket = StorageValue[t.TicketId](default=0, doc="The number of the next ticket.")
    escrowed = StorageValue[Balance](default=0, doc="The coins of all open tickets.")
    waiting = StorageValue[t.Waiting](default=t.Waiting(), doc="What waits in all queues.")
    queues = StorageValue[t.Queues](default=(), doc="The queues in which tickets wait.")
    queue = StorageNMap[tuple[ClassId, Region, t.Ordinal64, t.Ordinal64], bool](
        hashers=(Identity, Identity, Identity, Identity),
        doc="Waiting tickets by queue, place and number, in order.",
    )
    agenda = StorageDoubleMap[t.Ordinal32, t.Ordinal64, bool](
        hashers=(Identity, Identity),
        doc="Tickets by the block in which their state ends by itself, in order.",
    )
    base = StorageValue[t.Base](default=t.Base(), doc="The moving part of the fee.")
    receipts = StorageMap[t.TicketId, t.Receipt](
        hasher=Twox64Concat, doc="The last tickets that were served."
    )
    settled = StorageValue[U64](default=0, doc="How many tickets were served so far.")
    receipt_slots = StorageMap[U32, t.TicketId](
        hasher=Twox64Concat, doc="Which receipts are kept, round and round."
    )

    # The only two places that write a ticket.

    def _put(self, number: int, new: t.Ticket) -> None:
        """Write a ticket, and everything that follows from it."""
        old = self.tickets.get(number)
        self._unlink(number, old)
        self.tickets[number] = new
        self.escrowed += new.amount - (old.amount if old else 0)
        if new.state == TicketState.Queued:
            if new.queue not in self.queues:
                self.queues = (*self.queues, new.queue)
            self.queue[_queue_key(number, new)] = True
            self.waiting = t.Waiting(self.waiting.tickets + 1, self.waiting.coins + new.amount)
        if new.deadline:
            self.agenda[_agenda_key(number, new)] = True

    def _drop(self, number: int) -> None:
        """End a ticket; what becomes of its coins is the caller's affair."""
        old = self.tickets[number]
        self._unlink(number, old)
        del self.tickets[number]
        self.escrowed -= old.amount

    def _unlink(self, number: int, old: t.Ticket | None) -> None:
        if old is None:
            return
        if old.deadline:
            del self.agenda[_agenda_key(number, old)]
        if old.state == TicketState.Queued:
            del self.queue[_queue_key(number, old)]
            self.waiting = t.Waiting(self.waiting.tickets - 1, self.waiting.coins - old.amount)
            if self._head(old.queue) is None:
                self.queues = tuple(each for each in self.queues if each != old.queue)

    def _new_number(self) -> int:
        number = self.next_ticket
        self.next_ticket = number + 1
        return number

    # Looking.

    def _head(self, queue: t.Queue) -> int | None:
        """The first ticket of a queue."""
        for (_, _, _, number), _ in self.queue.under(queue.class_floor, queue.region):
            return int.from_bytes(number, "big")
        return None

    def _due(self, now: BlockNumber, limit: int) -> tuple[int, ...]:
        """At most `limit` tickets whose state ends by itself now, those first whose end is longest ago."""
        due: list[int] = []
        if self.escrowed:
            for deadline, number in self.agenda.keys():  # noqa: SIM118 - a map of storage has no other way
                if int.from_bytes(deadline, "big") > now or len(due) == limit:
                    break
                due.append(int.from_bytes(number, "big"))
        return tuple(due)

    def _keep_receipt(self, number: int, receipt: t.Receipt) -> None:
        slot = self.settled % RECEIPTS_MAX
        oldest = self.receipt_slots.get(slot)
        if oldest is not None:
            self.receipts.discard(oldest)
        self.receipt_slots[slot] = number
        self.receipts[number] = receipt
        self.settled += 1

    # runtime.frame.coin.TicketQueue

    def queue_now(self) -> tuple[int, Balance]:
        waiting = self.waiting
        return waiting.tickets, waiting.coins

    # Invariants.

    @invariant("I9", "open tickets = escrow; numbers rise; each queue is served in order; 0 <= q_i <= m_i")
    def tickets_are_in_order(self) -> str | None:
        escrow = self.coin.on_hold(ESCROW, self.account_id)
        escrowed_before: int = self.before("escrowed")
        numbers_before: int = self.before("next_ticket")
        if self.escrowed != escrow:
            return f"open tickets hold {self.escrowed}, and the escrow {escrow}"
        grown = 0
        last_served: dict[t.Queue, int] = {}
        for number, old, new in self.tickets.changes():
            grown += (new.amount if new else 0) - (old.amount if old else 0)
            if new is None:
                continue
            if old is None and not numbers_before <= number < self.next_ticket:
                return f"ticket {number} is new, and numbers went from {numbers_before} to {self.next_ticket}"
            if old is not None and old.place != new.place:
                return f"ticket {number} moved from place {old.place} to {new.place}"
            if new.state != TicketState.Queued and (old is None or old.state == TicketState.Queued):
                last_served[new.queue] = max(new.place, last_served.get(new.queue, 0))
        if grown != self.escrowed - escrowed_before:
            return (
                f"in this block the tickets grew by {grown}, their sum by {self.escrowed - escrowed_before}"
            )
        for queue, place in last_served.items():
            head = self._head(queue)
            if head is not None and self.tickets[head].place < place:
                return f"place {place} was served before ticket {head}"
        for who in self.ledger.changed_debts():
            debt = self.ledger.debt_of(who)
            if not 0 <= debt.assigned <= debt.owed:
                return f"of the {debt.owed} that 0x{who.hex()} owes, {debt.assigned} are under tickets"
        return None

    @hookimpl
    def try_state(self) -> None:
        coins = tickets = open_coins = deadlines = 0
        assigned: dict[AccountId, int] = {}
        for number, ticket in self.tickets.items():
            open_coins += ticket.amount
            if ticket.state == TicketState.Queued:
                assert _queue_key(number, ticket) in self.queue, f"ticket {number} waits in no queue"
                assert ticket.queue in self.queues, f"the queue of ticket {number} is not listed"
                tickets, coins = tickets + 1, coins + ticket.amount
            else:
                assert ticket.server is not None and ticket.deadline, f"ticket {number} is nobody's"
                assigned[ticket.server] = assigned.get(ticket.server, 0) + ticket.amount
            if ticket.deadline:
                deadlines += 1
                assert _agenda_key(number, ticket) in self.agenda, f"ticket {number} is not on the agenda"
        assert self.waiting == t.Waiting(tickets, coins), f"{self.waiting} is not what waits"
        assert self.escrowed == open_coins, f"open tickets hold {open_coins}, not {self.escrowed}"
        assert len(tuple(self.queue.items())) == tickets, "something else stands in the queues"
        assert len(tuple(self.agenda.items())) == deadlines, "the agenda holds more"
        for who in self.issuers.roster_now():
            debt = self.ledger.debt_of(who)
            assert debt.assigned == assigned.get(who, 0), f"0x{who.hex()} serves {assigned.get(who, 0)}"


def _queue_key(number: int, ticket: t.Ticket) -> tuple[ClassId, Region, bytes, bytes]:
    return ticket.class_floor, ticket.region, ticket.place.to_bytes(8, "big"), number.to_bytes(8, "big")


def _agenda_key(number: int, ticket: t.Ticket) -> tuple[bytes, bytes]:
    return ticket.deadline.to_bytes(4, "big"), number.to_bytes(8, "big")
