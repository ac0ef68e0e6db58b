"""A run on the coin: a part of all capacity dies, and every holder redeems everything in one block.

Twenty providers alike stand behind coins that were minted to the last that kappa allows. The dead answer no
window any more. What is left covers all coins, if no more than a fifth is gone: people run on the very day,
and all are served in full within W_max. Is more gone, the mode is Red as soon as the dead have missed five
windows, and the chain settles with them in the next block: their bonds and the reserve cancel what they
cancel of the dead's debts, the rest is orphan debt, and every ticket that is drawn a server for from then on
bears the same share of it, the first and the last.

What nobody can know yet, nobody bears: who is drawn a server for before those windows are missed is served in
full. Saying `at_once`, or not, shows how much that is.

Those who serve take the time that the work takes at their attested capacity, one piece after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from random import Random
from typing import Any, Final

from genesis.coin import COIN, WORKING_COINS, Backing, coin_genesis, covering_work
from genesis.seats import ESCROW, EXISTENTIAL_DEPOSIT, FEES, RESERVE
from node.economy import agents
from node.economy.cast import ROOT
from node.economy.chain import AUTHOR, accounts, hex_of
from node.economy.serving import RESULT
from node.economy.world import World
from pallets.redemption import types as r
from runtime.frame.coin import TERM_HOURS
from runtime.types import AccountId
from runtime.types.fixed import PPB

PROVIDERS: Final = accounts("server", 20)
HOLDERS: Final = accounts("holder", 12)
HOLDING: Final = 50_000 * COIN
BOND_SHARE_PPB: Final = 550_000_000
RESERVE_PPB: Final = 50_000_000
"""The reserve has its target, of all coins that the run begins with."""
COVERAGE_PPB: Final = 1_250_100_000
SETTLE_HOURS_MAX: Final = 90 * 24
"""The dead are done with long before that."""
RUN_HOURS_MAX: Final = TERM_HOURS
"""Nobody waits longer."""
FEE_PPB_MAX: Final = PPB // 50
CHANGE: Final = COIN
"""What a holder keeps for transactions."""
JOB: Final = bytes(32)


@dataclass(slots=True)
class Holder:
    """What became of one holder's coins; amounts in 10^-9 coins."""

    place: int
    """How many redeemed before."""
    redeemed: int = 0
    fee: int = 0
    early: int = 0
    """For so much of it a server was drawn, and stayed, before anybody bore a share of the loss."""
    borne: int = 0
    """Its share of the loss, cancelled without service."""
    served: int = 0
    """For so much it got work."""
    last_hours: int = 0
    """How long it waited for the last of it."""

    @property
    def service_ppb(self) -> int:
        """Work for a coin redeemed."""
        return self.served * PPB // self.redeemed if self.redeemed else 0


@dataclass(slots=True)
class RunOutcome:
    """What a run came to."""

    dead_percent: int
    mode: str
    """When all redeemed."""
    wait_hours: int
    """W_max in the header before."""
    supply: int
    effective: int
    orphaned: int
    settled_hours: int
    """How long the chain took to be done with the dead, before all redeemed; 0 for at once."""
    holders: list[Holder] = field(default_factory=list[Holder])
    known_hours: int | None = None
    """In which hour after that somebody first bore a share of the loss; None if nobody did."""
    unserved: int = 0
    """Coins in tickets that were not served in time."""

    @property
    def figures(self) -> dict[str, Any]:
        """What is told of it."""
        rates = [each.service_ppb for each in self.holders]
        return {
            "dead_percent": self.dead_percent,
            "mode": self.mode,
            "coverage": round(self.effective / self.supply, 4),
            "orphaned": self.orphaned,
            "supply": self.supply,
            "settled_hours": self.settled_hours,
            "known_hours": self.known_hours,
            "wait_max_hours": self.wait_hours,
            "longest_wait_hours": max(each.last_hours for each in self.holders),
            "unserved": self.unserved,
            "served_per_coin_least": min(rates) / PPB,
            "served_per_coin_most": max(rates) / PPB,
            "holders": [
                {
                    "place": each.place,
                    "redeemed": each.redeemed,
                    "fee": each.fee,
                    "early": each.early,
                    "borne": each.borne,
                    "served": each.served,
                    "served_per_coin": each.service_ppb / PPB,
                    "last_hours": each.last_hours,
                }
                for each in self.holders
            ],
        }


def run(
    dead_percent: int,
    *,
    at_once: bool | None = None,
    seed: int = 0,
    tell: Callable[[str], None] = lambda line: None,
) -> RunOutcome:
    """Let so much of all capacity die, and everybody run: `at_once`, on the very day, or when the chain is
    done with the dead. Unless that is said, at once if the others cover all coins.
    """
    if at_once is None:
        at_once = (100 - dead_percent) * COVERAGE_PPB >= 100 * PPB
    return Run(dead_percent, seed, tell).run(at_once)


class Run:
    """One run."""

    def __init__(self, dead_percent: int, seed: int, tell: Callable[[str], None]) -> None:
        self.world = World(1, Random(seed), _genesis())
        self.dead_percent = dead_percent
        self.tell = tell
        self.holders = {who: Holder(place) for place, who in enumerate(HOLDERS)}
        self.owner: dict[int, AccountId] = {}
        """Of every ticket."""
        self.early: dict[int, int] = {}
        """Tickets for which a server was drawn before anybody bore a share, and their coins."""
        self.known: int | None = None
        """The hour in which somebody first did."""
        self.done_at: dict[int, Fraction] = {}
        """The hour in which the server of a running ticket is done with it."""
        self.free_at: dict[AccountId, Fraction] = {}
        """The hour in which each server is done with all that it has."""

    def run(self, at_once: bool) -> RunOutcome:
        """Die, settle, run."""
        world = self.world
        dead = PROVIDERS[: len(PROVIDERS) * self.dead_percent // 100]
        world.dead = dict.fromkeys(dead)
        hours = 0
        while not at_once and any(world.ledger.debt_of(who).owed for who in dead):
            if hours >= SETTLE_HOURS_MAX:
                raise RuntimeError(f"the chain has not settled with the dead in {hours} hours")
            self._pass_hour()
            hours += 1
        self._pass_hour()
        figures = world.solvency.coverage
        outcome = RunOutcome(
            self.dead_percent,
            figures.mode.name,
            figures.wait_hours,
            figures.supply,
            figures.effective,
            figures.orphaned,
            hours,
        )
        self.tell(f"{hours} hours after the death: {figures.mode.name}, everybody redeems")
        self._redeem_all()
        for hour in range(1, RUN_HOURS_MAX + 1):
            self._pass_hour()
            self._look(hour)
            self._serve(hour)
            if not world.redemption.escrowed:
                break
            if hour % 48 == 0:
                self.tell(f"{hour} hours later {world.redemption.escrowed // COIN:,} coins wait")
        if self.known is not None:
            for number, amount in self.early.items():
                self.holders[self.owner[number]].early += amount
        outcome.known_hours = self.known
        outcome.holders = list(self.holders.values())
        outcome.unserved = world.redemption.escrowed
        world.chain.try_state()
        return outcome

    def _pass_hour(self) -> None:
        agents.act(self.world)
        self.world.chain.seal()

    def _redeem_all(self) -> None:
        world = self.world
        for who, holder in self.holders.items():
            first, before = world.redemption.next_ticket, world.free(who)
            most = (before - CHANGE) * PPB // (PPB + FEE_PPB_MAX)
            amount = before - CHANGE if world.ledger.mode_now().name not in ("Green", "Yellow") else most
            call = world.redemption.redeem.call(amount, r.Service.Infer, 0, 0, JOB)
            refusal = world.perform(who, call)
            assert refusal is None, f"a holder cannot redeem: {refusal}"
            holder.redeemed = amount
            holder.fee = before - amount - world.free(who)
            self.owner |= dict.fromkeys(range(first, world.redemption.next_ticket), who)

    def _look(self, hour: int) -> None:
        """See what the block that opened has matched, and what it took from whom."""
        for event in self.world.chain.events():
            if isinstance(event, r.Matched):
                self.owner[event.ticket] = self.world.redemption.tickets[event.ticket].owner
                if self.known is None:
                    self.early[event.ticket] = event.amount
            elif isinstance(event, r.Failed | r.Requeued):
                self.early.pop(event.ticket, None)
            elif isinstance(event, r.LossShared):
                self.known = hour if self.known is None else self.known
                whole = self.world.redemption.tickets.get(event.ticket)
                owner = whole.owner if whole is not None else self.owner[event.ticket]
                self.holders[owner].borne += event.amount

    def _serve(self, hour: int) -> None:
        """Whoever has something to do does it, and delivers when the work is done."""
        world, calls = self.world, self.world.redemption
        for number, ticket in world.open_tickets():
            server = ticket.server
            if server is None or server in world.dead:
                continue
            if ticket.state == r.TicketState.Matched:
                world.perform(server, calls.accept.call(number))
                world.perform(server, calls.ready.call(number))
                world.perform(ticket.owner, calls.begin.call(number))
                start = max(Fraction(hour), self.free_at.get(server, Fraction(0)))
                work = Fraction(ticket.amount, world.providers.capacity_of(server))
                self.free_at[server] = self.done_at[number] = start + work
            elif ticket.state == r.TicketState.Running and hour >= self.done_at[number]:
                world.perform(server, calls.deliver.call(number, RESULT))
                world.perform(ticket.owner, calls.confirm.call(number))
                holder = self.holders[ticket.owner]
                holder.served += ticket.amount
                holder.last_hours = hour


def _genesis() -> dict[str, Any]:
    """Twenty providers alike, who owe all that kappa allows, and a reserve that has its target."""
    free = len(HOLDERS) * HOLDING + len(PROVIDERS) * WORKING_COINS
    supply = free * PPB // (PPB - BOND_SHARE_PPB - RESERVE_PPB)
    endowed: list[tuple[bytes | str, int]] = [(who, HOLDING) for who in HOLDERS]
    endowed += [(RESERVE, supply * RESERVE_PPB // PPB), (ESCROW, EXISTENTIAL_DEPOSIT)]
    endowed += [(FEES, EXISTENTIAL_DEPOSIT), (ROOT, COIN)]
    backing = Backing(
        providers=PROVIDERS, author=bytes(AUTHOR.verify_key), bond_share_ppb=BOND_SHARE_PPB, windows_a_day=12
    )
    work = covering_work(endowed, backing, COVERAGE_PPB)
    parts = coin_genesis(endowed, replace(backing, work=work))
    parts["Sudo"] = {"key": hex_of(ROOT)}
    return parts
