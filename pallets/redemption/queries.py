"""Questions about tickets that anybody may ask of a state: where one stands and when it may be served, all
that are open in pages, and the receipts of those that were served.
"""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Final

from pallets.redemption import types as t
from pallets.redemption.outcomes import Outcomes
from pallets.redemption.tickets import server_of
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
    """An open ticket, and when its turn comes."""

    number: t.TicketId
    ticket: t.Ticket
    ahead: Annotated[
        U32 | None,
        Doc("How many tickets stand before it in its queue, if it waits; beyond 1,024, all that wait."),
    ]
    expected: Annotated[
        BlockNumber | None,
        Doc("The block of `eta_of`: an estimate, whatever its wishes; nothing while nobody has capacity."),
    ]
    latest: Annotated[
        BlockNumber | None,
        Doc(
            "W_max from now, by which a ticket that waits without wishes has had its turn; nothing for "
            "others, while W_max is more than the horizon of 720 hours, and while nobody has capacity."
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
        wait, has_wishes = self.issuers.wait_now(), ticket.class_floor or ticket.region
        expected = self.eta_of(number)
        is_promised = ticket.is_waiting and not has_wishes and wait <= TERM_HOURS and expected is not None
        return TicketReport(
            number=number,
            ticket=ticket,
            ahead=self._ahead(number, ticket) if ticket.is_waiting else None,
            expected=expected,
            latest=self.host.number + self.standards.blocks_in(wait) if is_promised else None,
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

    def eta_of(self, ticket: t.TicketId) -> BlockNumber | None:
        """By which block a ticket is served, if all go on as they do now and it comes last of all that are
        open; None for a ticket that there is not, and while nobody has capacity.
        """
        found = self.tickets.get(ticket)
        if found is None or found.state in (t.TicketState.Running, t.TicketState.Delivered):
            return None if found is None else found.deadline
        if found.is_served:
            server = server_of(found)
            work, capacity = self.servers[server].work, self.issuers.capacity_of(server)
        else:
            work, capacity = self.escrowed, self.issuers.effective_total() // TERM_HOURS  # rounded down
        return self.host.number + self.standards.blocks_for(work, capacity) if capacity else None

    def _ahead(self, number: int, ticket: t.Ticket) -> int:
        """How many tickets stand before one that waits."""
        for place, each in enumerate(islice(self._in_line(ticket.queue), AHEAD_MAX)):
            if each == number:
                return place
        return self.waiting.tickets - 1
