"""The world of an economy: its chain, its market, and how its people are at the moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final, TypeVar

from node.economy.cast import NEWCOMERS, PROVIDERS, ROOT, first_genesis
from node.economy.chain import Chain, coin_runtime
from node.economy.tally import Tally
from node.provider.challenge import Work
from pallets.attestation import Attestation
from pallets.balances import Balances
from pallets.identity import Identity
from pallets.issuance import Issuance
from pallets.ledger import Ledger
from pallets.oracle import Oracle
from pallets.oracle.types import Reports
from pallets.providers import Providers
from pallets.redemption import Redemption
from pallets.redemption.types import Ticket, TicketState
from pallets.rewards import Rewards
from pallets.slashing import Slashing
from pallets.solvency import Solvency
from pallets.standards import Standards
from pallets.sudo import Sudo
from pallets.sudo.types import Sudid
from runtime.frame.coin import ProviderState, UnitId
from runtime.frame.host import Call
from runtime.frame.validity import TransactionValidityError
from runtime.scale import Err
from runtime.types import AccountId
from runtime.types.fixed import PPB

T = TypeVar("T")
Key = tuple[AccountId, UnitId]
LOOKS_MAX: Final = 12
"""How often a random thing is looked for that has some property."""
MILLION: Final = 1_000_000
COST_MIN: Final = PPB // 1_000
COST_MAX: Final = 1_000 * PPB
PROGRESS_MAX: Final = 1_000 * PPB
SIXTEENTHS: Final = (1, 2, 4, 8, 12, 15, 16)


class World:
    """One economy."""

    def __init__(self, hours: int, random: Random, genesis: Mapping[str, Any] | None = None) -> None:
        self.random = random
        self.hours = hours
        self.chain = chain = Chain(coin_runtime(hours), genesis or first_genesis(), ROOT)
        self.tally = Tally()
        self.attestation = chain[Attestation]
        self.balances = chain[Balances]
        self.identity = chain[Identity]
        self.issuance = chain[Issuance]
        self.ledger = chain[Ledger]
        self.oracle = chain[Oracle]
        self.providers = chain[Providers]
        self.redemption = chain[Redemption]
        self.rewards = chain[Rewards]
        self.slashing = chain[Slashing]
        self.solvency = chain[Solvency]
        self.standards = chain[Standards]
        self.cost_ppb = PPB
        """What the work of one SCU-h under standard 1 costs on the market."""
        self.progress_ppb = PPB
        """What the median hour sold does, as a part of what it did in the beginning."""
        self.dead: dict[AccountId, None] = {}
        """Providers that answer nothing and serve nobody."""
        self.dead_units: dict[tuple[AccountId, UnitId], None] = {}
        self.cheats: dict[AccountId, None] = {}
        """Providers that commit to what they did not multiply."""
        self.works: dict[int, dict[Key, Work]] = {}
        """What units have committed to in the last windows, by window."""
        self.frauds: dict[tuple[int, AccountId, UnitId], None] = {}
        """The commitments of cheats, by window, provider and unit."""
        self.diligence = 1.0
        """How likely it is that an honest person does its part in a block."""
        self.liars: dict[AccountId, None] = {}
        """Reporters that are wrong more often than not."""
        self.committed: dict[AccountId, tuple[int, Reports]] = {}
        """What reporters have committed to and not shown, with the round."""
        self._tickets: list[int] = []
        self._ticket_seen = 0

    # The market.

    @property
    def mainstream(self) -> int:
        """What the median hour sold does, by the measure of today."""
        return max(1, self.oracle.origin.mainstream * self.progress_ppb // PPB)

    def move_market(self, drift_ppm: int, shock_ppm: int) -> None:
        """A block passes: what work costs drifts, and jumps about; the mainstream grows as it falls."""
        step = drift_ppm + self.random.randint(-shock_ppm, shock_ppm)
        self.cost_ppb = max(COST_MIN, min(COST_MAX, self.cost_ppb * (MILLION + step) // MILLION))
        if step < 0:
            self.progress_ppb = min(PROGRESS_MAX, self.progress_ppb * (MILLION - step // 2) // MILLION)

    # Acting.

    def perform(self, who: AccountId | None, call: Call) -> str | None:
        """Make a call; the name of what refused it, or None."""
        refusal = self._as_root(call) if who is None else self._signed(who, call)
        self.tally.count(str(call), refusal)
        return refusal

    def _signed(self, who: AccountId, call: Call) -> str | None:
        try:
            applied = self.chain.submit(call, who)
        except TransactionValidityError as refusal:
            return type(refusal).__name__
        return None if applied.refusal is None else type(applied.refusal).__name__

    def _as_root(self, call: Call) -> str | None:
        before = self.chain.events_count()
        refusal = self._signed(ROOT, self.chain[Sudo].sudo.call(call))
        if refusal is not None:
            return refusal
        (told,) = (each for each in self.chain.events(before) if isinstance(each, Sudid))
        return str(told.sudo_result) if isinstance(told.sudo_result, Err) else None

    def be_honest(self) -> None:
        """From now on all are there, and do their part."""
        self.dead, self.dead_units, self.cheats, self.liars = {}, {}, {}, {}
        self.diligence = 1.0

    def watch(self) -> None:
        """See where everybody and everything stands."""
        tally = self.tally
        tally.modes[self.ledger.mode_now().name] += 1
        for who in self.providers.roster_now():
            tally.states[f"provider {self.providers.providers[who].state.name}"] += 1
        for state in self._ticket_states():
            tally.states[f"ticket {state.name}"] += 1
        tally.states[f"oracle {self.oracle.status_of(self.oracle.price).name}"] += 1
        tally.states[f"standard by {self.standards.standards[self.standards.current].reason.name}"] += 1
        held = self.standards.held
        if held is not None:
            tally.states[f"step held: {held.name}"] += 1

    # Looking.

    def pick(self, among: Sequence[T]) -> T | None:
        """One of them by lot, if there is any."""
        return self.random.choice(among) if among else None

    def chance(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.random.random() < probability

    def part(self, whole: int) -> int:
        """Some part of an amount, now and then all of it, and at least 1."""
        return max(1, whole * self.random.choice(SIXTEENTHS) // 16)

    def provider(self, *states: ProviderState) -> AccountId | None:
        """A provider by lot, in one of the states if any are given."""
        roster = self.providers.roster_now()
        if not states:
            return self.pick(roster)
        return self.pick([who for who in roster if self.providers.state_of(who) in states])

    def outsiders(self) -> list[AccountId]:
        """Those who might be providers and are none."""
        return [who for who in (*NEWCOMERS, *PROVIDERS) if self.providers.state_of(who) is None]

    def free(self, who: AccountId) -> int:
        """What somebody can spend and still exist."""
        return self.balances.reducible_balance(who, keep_alive=True)

    def ticket(self, *states: TicketState) -> tuple[int, Ticket] | None:
        """An open ticket by lot, in one of the states."""
        for _ in range(LOOKS_MAX):
            numbers = self.tickets()
            if not numbers:
                return None
            place = self.random.randrange(len(numbers))
            found = self.redemption.tickets.get(numbers[place])
            if found is None:
                numbers[place] = numbers[-1]
                numbers.pop()
            elif found.state in states:
                return numbers[place], found
        return None

    def tickets(self) -> list[int]:
        """The numbers of open tickets, and of some that have come to their end lately."""
        upto = self.redemption.next_ticket
        self._tickets.extend(range(self._ticket_seen, upto))
        self._ticket_seen = upto
        return self._tickets

    def open_tickets(self) -> list[tuple[int, Ticket]]:
        """Every open ticket, in the order of numbers."""
        found = [(number, self.redemption.tickets.get(number)) for number in sorted(self.tickets())]
        self._tickets = [number for number, ticket in found if ticket is not None]
        return [(number, ticket) for number, ticket in found if ticket is not None]

    def _ticket_states(self) -> set[TicketState]:
        """The states of some open tickets."""
        numbers = self.tickets()
        some = self.random.sample(numbers, min(LOOKS_MAX, len(numbers)))
        found = [self.redemption.tickets.get(number) for number in some]
        return {ticket.state for ticket in found if ticket is not None}

    def blocks_in(self, hours: int) -> int:
        """So many hours in blocks."""
        return self.standards.blocks_in(hours)
