"""The audit of the books of tickets: what is checked in every block, and what is summed again once an era.

I9   open tickets = escrow; numbers rise; each queue is served in order; 0 <= q_i <= m_i
I10  a ticket has one server, and a server one ticket, or work for a day at most
"""

from __future__ import annotations

from pallets.redemption import types as t
from pallets.redemption.tickets import ESCROW, GONE, Tickets, agenda_key, borne, queue_key, server_of
from runtime.frame import hookimpl, invariant
from runtime.frame.coin import ProviderState
from runtime.types import AccountId


class Audit(Tickets):
    """Books of tickets that are looked through."""

    @invariant("I9", "open tickets = escrow; numbers rise; each queue is served in order; 0 <= q_i <= m_i")
    def tickets_are_in_order(self) -> str | None:
        escrow = self.coin.on_hold(ESCROW, self.account_id)
        escrowed_before: int = self.before("escrowed")
        numbers_before: int = self.before("next_ticket")
        if self.escrowed != escrow:
            return f"open tickets hold {self.escrowed}, and the escrow {escrow}"
        grown, now = 0, self.host.number
        last_served: dict[t.Queue, int] = {}
        for number, old, new in self.tickets.changes():
            grown += (new.amount if new else 0) - (old.amount if old else 0)
            if new is None:
                continue
            if old is None and not numbers_before <= number < self.next_ticket:
                return f"ticket {number} is new, and numbers went from {numbers_before} to {self.next_ticket}"
            if old is not None and old.place != new.place:
                return f"ticket {number} moved from place {old.place} to {new.place}"
            if not new.is_waiting and (old is None or old.is_waiting):
                last_served[new.queue] = max(new.place, last_served.get(new.queue, 0))
        if grown != self.escrowed - escrowed_before:
            return (
                f"in this block the tickets grew by {grown}, their sum by {self.escrowed - escrowed_before}"
            )
        for queue, place in last_served.items():
            for number in self._in_line(queue):
                ticket = self.tickets[number]
                if now in (ticket.queued_at, ticket.returned_at):
                    continue  # who came after the match was not passed over
                if ticket.place < place:
                    return f"place {place} was served before ticket {number}"
                break
        for who in self.ledger.changed_debts():
            debt = self.ledger.debt_of(who)
            if not 0 <= debt.assigned <= debt.owed:
                return f"of the {debt.owed} that 0x{who.hex()} owes, {debt.assigned} are under tickets"
        return None

    @invariant("I10", "a ticket has one server, and a server one ticket, or work for a day at most")
    def work_is_within_capacity(self) -> str | None:
        for who, _, server in self.servers.changes():
            if server is not None and server.tickets > 1 and server.work > server.room:
                return f"0x{who.hex()} has work of {server.work}, and could do {server.room} in a day"
        for (who, number), _, is_serving in self.serving.changes():
            ticket = self.tickets.get(number)
            serves = ticket is not None and ticket.is_served and ticket.server == who
            if serves != (is_serving is not None):
                return f"ticket {number} is counted to 0x{who.hex()}, and is {ticket}"
        return None

    @hookimpl
    def try_state(self) -> None:
        lanes: dict[t.Queue, t.Lane] = {}
        servers: dict[AccountId, tuple[int, int]] = {}
        assigned: dict[AccountId, int] = {}
        open_coins = deadlines = 0
        waiting = t.Waiting()
        for number, ticket in self.tickets.items():
            open_coins += ticket.amount
            lane = lanes.get(ticket.queue, t.Lane())
            lanes[ticket.queue] = t.Lane(lane.open + 1, lane.waiting + ticket.is_waiting)
            if ticket.is_waiting:
                assert queue_key(number, ticket) in self.queue, f"ticket {number} waits in no queue"
                waiting = t.Waiting(
                    waiting.tickets + 1, waiting.coins + ticket.amount, waiting.borne + borne(ticket)
                )
            else:
                server = server_of(ticket)
                assert ticket.deadline, f"the state of ticket {number} never ends"
                assigned[server] = assigned.get(server, 0) + ticket.amount
            if ticket.is_served:
                server = server_of(ticket)
                tickets, work = servers.get(server, (0, 0))
                servers[server] = tickets + 1, work + ticket.amount
                assert self.serving.get((server, number)), f"ticket {number} is not counted to its server"
            if ticket.deadline:
                deadlines += 1
                key = agenda_key(number, ticket.deadline)
                assert key in self.agenda, f"ticket {number} is not on the agenda"
        assert self.waiting == waiting, f"{self.waiting} is not what waits, {waiting}"
        assert self.escrowed == open_coins, f"open tickets hold {open_coins}, not {self.escrowed}"
        assert len(self.queues) == len(lanes), "the list of queues is not that of the open tickets"
        for queue, lane in lanes.items():
            assert self.lanes[queue.class_floor, queue.region] == lane, f"{queue} has {lane}"
        assert sum(1 for _ in self.queue.items()) == waiting.tickets, "something else stands in the queues"
        assert sum(1 for _ in self.agenda.items()) == deadlines, "the agenda holds more"
        found = {who: (each.tickets, each.work) for who, each in self.servers.items()}
        assert found == servers, f"servers have {servers}, and {found} are counted"
        for who in self.issuers.roster_now():
            debt = self.ledger.debt_of(who)
            assert debt.assigned == assigned.get(who, 0), f"0x{who.hex()} serves {assigned.get(who, 0)}"
        self._try_lots()

    def _try_lots(self) -> None:
        """Whoever owes coins has one lot, of the weight of its debt or, if it was full, of none."""
        owing = [who for who in self.issuers.roster_now() if self.ledger.debt_of(who).owed]
        serving = [who for who in owing if self.issuers.state_of(who) not in GONE]
        assert sorted(self.lots.keys()) == sorted(serving), "the lots are not those of who owes coins"
        weights: dict[t.Urn, dict[int, int]] = {}
        for who, lot in self.lots.items():
            debt = self.ledger.debt_of(who)
            assert lot.drains == (self.issuers.state_of(who) == ProviderState.Draining), (
                f"{lot} drains or not"
            )
            assert lot.region == self.issuers.domain_of(who)[0], f"the lot of 0x{who.hex()} is elsewhere"
            for urn, place in lot.places:
                weight = weights.setdefault(urn, {})[place] = self._weight_at(urn, place)
                assert self.holders[urn, place] == who, f"the lot of 0x{who.hex()} is another's"
                assert weight in (0, debt.owed), f"0x{who.hex()} has the weight {weight}, and {debt}"
                assert weight or not debt.unassigned or self.servers[who].tickets, (
                    f"0x{who.hex()} is left out"
                )
        found = {urn: self.sizes[urn] for urn in self.sizes}
        assert found == {urn: len(each) for urn, each in weights.items()}, f"urns hold {found} lots"
        for urn, each in weights.items():
            assert sorted(each) == list(range(len(each))), f"{urn} has holes"
            for page, summed in enumerate(self.sums[urn]):
                ours = tuple(each.get(page * t.PAGE + at, 0) for at in range(t.PAGE))
                assert self.pages[urn, page] == ours, f"page {page} of {urn} is not {ours}"
                assert summed == sum(ours), f"page {page} of {urn} is {sum(ours)} together"
