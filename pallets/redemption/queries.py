"""Questions about tickets that anybody may ask of a state: where one stands and when it may be served, all
that are open in pages, and the receipts of those that were served.
"""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Final

from pallets.redemption import types as t
from pallets.redemption.outcomes import Outcomes
from runtime.frame import runtime_api
from runtime.frame.coin import COIN_API, COIN_API_VERSION, TERM_HOURS
from runtime.scale import U32, Doc, Max, Struct
from runtime.types import BlockNumber

PAGE_MAX: Final = 256
"""The most tickets of one answer."""
AHEAD_MAX: Final = 1_024
"""How far the queue before a ticket is walked; a longer one is taken for all that waits."""


class TicketInfo(Struct):
    """An open ticket with its number."""

    number: t.TicketId
    ticket: t.Ticket


class TicketsPage(Struct):
    """Some open tickets, in the order of their storage keys."""

    items: Annotated[tuple[TicketInfo, ...], Max(PAGE_MAX)]
    following: Annotated[t.TicketId | None, Doc("Behind which ticket the next page starts, if there is one.")]


class TicketReport(Struct):
    """An open ticket, and, while it waits, what is before it."""

    number: t.TicketId
    ticket: t.Ticket
    ahead: Annotated[U32 | None, Doc("How many tickets stand before it in its queue; at most all that wait.")]
    expected: Annotated[
        BlockNumber | None,
        Doc(
            "An estimate: the block by which all that has a server, what is before it in its queue and the "
            "ticket itself would be done by everybody who may serve it; nothing while nobody may."
        ),
    ]
    latest: Annotated[
        BlockNumber | None,
        Doc(
            "W_max from now, by which a ticket without wishes has had its turn; nothing for one with wishes, "
            "and while W_max is more than the horizon of 720 hours."
        ),
    ]


class Queries(Outcomes):
    """Where tickets stand."""

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_ticket(self, number: t.TicketId) -> TicketReport | None:
        """An open ticket; nothing for one that has come to its end or never was."""
        ticket = self.tickets.get(number)
        if ticket is None:
            return None
        if not ticket.is_waiting:
            return TicketReport(number, ticket, None, None, None)
        ahead, coins = self._before(number, ticket)
        served = self.escrowed - self.waiting.coins
        capacity = sum(
            self.issuers.capacity_of(who)
            for who in self.issuers.roster_now()
            if self.issuers.serves(who, ticket.class_floor, ticket.region)
        )
        now, wait, blocks_in = self.host.number, self.issuers.wait_now(), self.standards.blocks_in
        needed = self.standards.blocks_for(served + coins + ticket.amount, capacity) if capacity else 0
        has_wishes = ticket.class_floor or ticket.region
        return TicketReport(
            number=number,
            ticket=ticket,
            ahead=ahead,
            expected=now + needed if 0 < needed <= blocks_in(TERM_HOURS) else None,
            latest=now + blocks_in(wait) if wait <= TERM_HOURS and not has_wishes else None,
        )

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_tickets(self, after: t.TicketId | None, limit: U32) -> TicketsPage:
        """At most `limit` open tickets, and 256 at most, behind one of them or from the first on."""
        count = min(limit, PAGE_MAX)
        found = list(islice(self.tickets.items(after), count + 1))
        items = tuple(TicketInfo(number, ticket) for number, ticket in found[:count])
        return TicketsPage(items, items[-1].number if items and len(found) > count else None)

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_receipt(self, number: t.TicketId) -> t.Receipt | None:
        """The receipt of a ticket that was served; the last 4,096 are kept."""
        return self.receipts.get(number)

    def _before(self, number: int, ticket: t.Ticket) -> tuple[int, int]:
        """The tickets before one that waits, and the coins in them."""
        coins = 0
        for place, each in enumerate(islice(self._in_line(ticket.queue), AHEAD_MAX)):
            if each == number:
                return place, coins
            coins += self.tickets[each].amount
        return self.waiting.tickets - 1, self.waiting.coins - ticket.amount
