"""The books of tickets: the queues in order, the agenda of deadlines, the escrow and the receipts.

`_put` and `_drop` are the only places that write a ticket: queue, agenda and sums follow from what it was and
is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pallets.redemption import types as t
from pallets.redemption.urn import Urns
from runtime.frame import Identity, StorageDoubleMap, StorageMap, StorageNMap, StorageValue, Twox64Concat
from runtime.frame.coin import ClassId, Issuers, Ledger, ProviderState, Region, Standards
from runtime.frame.interfaces import Currency
from runtime.scale import U32, U64
from runtime.types import AccountId, Balance, BlockNumber
from runtime.types.fixed import div_ceil

ESCROW: Final = t.Escrow()
COIN: Final = 10**9
SMALLEST_SHARE: Final = 1 << 20
"""A ticket holds at least this part of the supply, and one coin."""
BACKLOG_HOURS: Final = 24
"""A provider is given at most this much work at once."""
TICKETS_MAX: Final = 64
"""The most tickets that a provider has to do with at once, so that they can go back all together."""
GONE: Final = (ProviderState.Probation, ProviderState.Unbonding, ProviderState.Banned)
"""The states in which nobody serves."""
RECEIPTS_MAX: Final = 4_096
"""How many receipts are kept; then the oldest goes."""
TicketState = t.TicketState


class Tickets(Urns):
    """Every open ticket, where it waits, and when its state ends by itself."""

    hold_reason = t.HoldReason
    coin: Currency
    ledger: Ledger
    issuers: Issuers
    standards: Standards

    tickets = StorageMap[t.TicketId, t.Ticket](hasher=Twox64Concat, doc="Every open ticket.")
    next_ticket = StorageValue[t.TicketId](default=0, doc="The number of the next ticket.")
    escrowed = StorageValue[Balance](default=0, doc="The coins of all open tickets.")
    waiting = StorageValue[t.Waiting](default=t.Waiting(), doc="What waits in all queues.")
    queues = StorageValue[t.Queues](default=(), doc="The wishes of all open tickets.")
    lanes = StorageDoubleMap[ClassId, Region, t.Lane](
        default=t.Lane(), hashers=(Twox64Concat, Twox64Concat), doc="How many tickets have the same wishes."
    )
    queue = StorageNMap[tuple[ClassId, Region, t.Ordinal64, t.Ordinal64], bool](
        hashers=(Identity, Identity, Identity, Identity),
        doc="Waiting tickets by queue, place and number, in order.",
    )
    agenda = StorageDoubleMap[t.Ordinal32, t.Ordinal64, bool](
        hashers=(Identity, Identity),
        doc="Tickets by the block in which their state ends by itself, in order.",
    )
    servers = StorageMap[AccountId, t.Server](
        default=t.Server(), doc="What each provider has matched and not delivered yet."
    )
    serving = StorageDoubleMap[AccountId, t.TicketId, bool](
        hashers=(Twox64Concat, Identity), doc="The tickets that each provider has matched and not delivered."
    )
    base = StorageValue[t.Base](default=t.Base(), doc="The moving part of the fee.")
    receipts = StorageMap[t.TicketId, t.Receipt](
        hasher=Twox64Concat, doc="The last tickets that were served."
    )
    settled = StorageValue[U64](default=0, doc="How many tickets were served so far.")
    receipt_slots = StorageMap[U32, t.TicketId](
        hasher=Twox64Concat, doc="Which receipts are kept, round and round."
    )

    # The only two places that write a ticket. What follows from it is moved by what it was and is.

    def _put(self, number: int, new: t.Ticket) -> None:
        """Write a ticket, and everything that follows from it."""
        old = self.tickets.get(number)
        if old is None:
            self._open_lane(new.queue)
        self.tickets[number] = new
        self._follow(number, old, new)

    def _drop(self, number: int) -> None:
        """End a ticket; what becomes of its coins is the caller's affair."""
        old = self.tickets[number]
        del self.tickets[number]
        self._follow(number, old, None)
        self._close_lane(old.queue)

    def _follow(self, number: int, old: t.Ticket | None, new: t.Ticket | None) -> None:
        self.escrowed += (new.amount if new else 0) - (old.amount if old else 0)
        self._follow_agenda(number, old, new)
        self._follow_queue(number, old, new)
        self._follow_server(number, old, new)

    def _follow_agenda(self, number: int, old: t.Ticket | None, new: t.Ticket | None) -> None:
        before, after = old.deadline if old else 0, new.deadline if new else 0
        if before == after:
            return
        if before:
            del self.agenda[agenda_key(number, before)]
        if after:
            self.agenda[agenda_key(number, after)] = True

    def _follow_queue(self, number: int, old: t.Ticket | None, new: t.Ticket | None) -> None:
        left = old if old is not None and old.is_waiting else None
        entered = new if new is not None and new.is_waiting else None
        if left is entered:
            return
        moved = (entered is not None) - (left is not None)
        if left is not None and moved:
            del self.queue[queue_key(number, left)]
            self._count_lane(left.queue, waiting=-1)
        if entered is not None and moved:
            self.queue[queue_key(number, entered)] = True
            self._count_lane(entered.queue, waiting=1)
        waiting = self.waiting
        self.waiting = t.Waiting(
            waiting.tickets + moved,
            waiting.coins + _amount(entered) - _amount(left),
            waiting.borne + borne(entered) - borne(left),
        )

    def _follow_server(self, number: int, old: t.Ticket | None, new: t.Ticket | None) -> None:
        left = old if old is not None and old.is_served else None
        entered = new if new is not None and new.is_served else None
        if left is not None and entered is not None:
            assert (left.server, left.amount) == (entered.server, entered.amount), "a server keeps its ticket"
        elif left is not None:
            self._count_server(number, server_of(left), -1, -left.amount)
        elif entered is not None:
            self._count_server(number, server_of(entered), 1, entered.amount)

    def _count_server(self, number: int, who: AccountId, tickets: int, work: int) -> None:
        old = self.servers[who]
        count = old.tickets + tickets
        if not count:
            del self.servers[who]
        else:
            since = old.since if old.tickets else 0
            room = self._room_of(who) if tickets > 0 else old.room
            self.servers[who] = t.Server(count, old.work + work, since, room)
        if tickets > 0:
            self.serving[who, number] = True
        else:
            del self.serving[who, number]
        self._reweigh(who)

    # Queues.

    def _open_lane(self, queue: t.Queue) -> None:
        if not self.lanes[queue.class_floor, queue.region].open:
            self.queues = (*self.queues, queue)
        self._count_lane(queue, opened=1)

    def _close_lane(self, queue: t.Queue) -> None:
        self._count_lane(queue, opened=-1)
        if not self.lanes[queue.class_floor, queue.region].open:
            del self.lanes[queue.class_floor, queue.region]
            self.queues = tuple(each for each in self.queues if each != queue)

    def _count_lane(self, queue: t.Queue, *, opened: int = 0, waiting: int = 0) -> None:
        key = queue.class_floor, queue.region
        lane = self.lanes[key]
        self.lanes[key] = t.Lane(lane.open + opened, lane.waiting + waiting)

    def _new_number(self) -> int:
        number = self.next_ticket
        self.next_ticket = number + 1
        return number

    # Servers.

    def _reweigh(self, who: AccountId) -> None:
        """Say anew with what weight the provider is drawn: its debt, if it can take any ticket at all."""
        debt, state = self.ledger.debt_of(who), self.issuers.state_of(who)
        if not debt.owed or state is None or state in GONE:
            self._take_out(who)
            return
        region, _ = self.issuers.domain_of(who)
        is_open = debt.unassigned and self._has_room(who, min(self._smallest(), debt.owed))
        weight = debt.owed if is_open else 0
        self._weigh(who, region, weight, drains=state == ProviderState.Draining)

    def _has_room(self, who: AccountId, piece: Balance) -> bool:
        """Whether a provider may be given so much more: it does nothing now, or does all within a day."""
        server = self.servers[who]
        if not server.tickets:
            return True
        return server.tickets < TICKETS_MAX and server.work + piece <= self._room_of(who)

    def _room_of(self, who: AccountId) -> Balance:
        """What a provider can do in a day."""
        return self.standards.done_in(self.issuers.capacity_of(who), self.standards.blocks_in(BACKLOG_HOURS))

    def _smallest(self) -> Balance:
        """x_min: the least that a ticket may hold."""
        return max(COIN, div_ceil(self.ledger.total_supply(), SMALLEST_SHARE))

    # runtime.frame.coin.DebtObserver

    def debt_moved(self, issuer: AccountId) -> None:
        self._reweigh(issuer)

    # Looking.

    def _in_line(self, queue: t.Queue) -> Iterator[int]:
        """The tickets that wait in a queue, in their order."""
        for (_, _, _, number), _ in self.queue.under(queue.class_floor, queue.region):
            yield int.from_bytes(number, "big")

    def _head(self, queue: t.Queue) -> int | None:
        """The first ticket of a queue."""
        if not self.lanes[queue.class_floor, queue.region].waiting:
            return None
        return next(self._in_line(queue))

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


def server_of(ticket: t.Ticket) -> AccountId:
    """Who serves a ticket that is out of the queue."""
    assert ticket.server is not None, "a ticket that is out of the queue has a server"
    return ticket.server


def _amount(ticket: t.Ticket | None) -> Balance:
    return 0 if ticket is None else ticket.amount


def borne(ticket: t.Ticket | None) -> Balance:
    """The coins of a ticket, if its share of a loss is borne."""
    return 0 if ticket is None or not ticket.has_shared else ticket.amount


def queue_key(number: int, ticket: t.Ticket) -> tuple[ClassId, Region, bytes, bytes]:
    """Where a ticket stands in its queue."""
    return ticket.class_floor, ticket.region, ticket.place.to_bytes(8, "big"), number.to_bytes(8, "big")


def agenda_key(number: int, deadline: BlockNumber) -> tuple[bytes, bytes]:
    """Where a ticket stands on the agenda."""
    return deadline.to_bytes(4, "big"), number.to_bytes(8, "big")
