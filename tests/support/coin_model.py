"""The coin in plain integers, written from its specification and not from the pallets: what a chain must
agree with at the end of every block.

It knows no storage, no accounts and no beacon; its chain has a block a day. Where the chain draws lots, the
model is told what was drawn and says whether it was allowed. Here are the figures; `coin_model_calls` is what
people do, `coin_model_time` what time does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, getcontext
from functools import cache
from math import ceil

PPB = 10**9
COIN = 10**9
TERM = 720
DAY = 24
DEPOSIT = 100 * COIN
BOUNDLESS = 2**32 - 1
PROBATION, ACTIVE, DEFICIENT, DRAINING, UNBONDING, BANNED = (
    "Probation",
    "Active",
    "Deficient",
    "Draining",
    "Unbonding",
    "Banned",
)
COUNTED = (ACTIVE, DEFICIENT, DRAINING)
MODES = ("Green", "Yellow", "Orange", "Red", "WindDown")
BETA = {"Anonymous": (1, 1), "Attested": (1, 2), "Accountable": (1, 4)}


class NotAllowed(AssertionError):
    """The chain did what the specification forbids."""


def up(numerator: int, denominator: int) -> int:
    """Division, rounded up."""
    return -(-numerator // denominator)


@cache
def wilson(passed: int, seen: int) -> int:
    """Wilson's lower bound in 10^-9, in 50 decimal digits."""
    if not passed:
        return 0
    getcontext().prec = 50
    k, n, z = Decimal(passed), Decimal(seen), Decimal("3.841459")
    bound = (k + z / 2 - (z * (k * (n - k) / n + z / 4)).sqrt()) / (n + z)
    return max(0, int(bound * PPB + Decimal("1e-30")))


@dataclass
class Issuer:
    """One provider with one unit."""

    rho: int
    """Work of its unit in an hour."""
    tier: str
    group: int
    bond: int = 0
    owed: int = 0
    state: str = ACTIVE
    history: list[bool] = field(default_factory=lambda: [True] * 56)
    proven: int = 28
    """Windows that its unit passed in a row, as far as probation wants them."""
    days: list[int] = field(default_factory=list[int])
    """E_i at the end of the last 90 days."""
    last: int = 0
    """E_i at the end of the last block."""
    clean_since: int = 0
    since: int = 0
    end: int = 0
    assigned: int = 0
    unvested: int = 0
    left: int = 0
    leaving: int = 0
    until: int = 0
    short_since: int | None = None
    failures: list[int] = field(default_factory=list[int])
    failing_until: int = 0
    is_struck: bool = False
    left_behind: int = 0
    """Debt that it left to everybody, and has not taken back."""

    @property
    def unassigned(self) -> int:
        return self.owed - self.assigned

    @property
    def mean(self) -> int:
        return sum(self.days[-90:]) // 90

    @property
    def counts_to(self) -> int:
        return 0 if self.tier == "Anonymous" else self.group

    @property
    def is_silent(self) -> bool:
        """More than four windows missed in a row."""
        return len(self.history) > 4 and not any(self.history[-5:])

    def recall(self, amount: int) -> None:
        """Coins on their way out come back for a slash that is larger than the bond."""
        back = max(0, min(self.leaving, amount - self.bond))
        self.bond, self.leaving = self.bond + back, self.leaving - back

    def fault(self, now: int) -> None:
        """The 90 clean days begin again, and what they earned is gone."""
        self.clean_since = now
        if self.tier == "Attested":
            self.tier = "Anonymous"


@dataclass
class Ticket:
    """A claim: what it holds, who serves it, when its state ends."""

    amount: int
    state: str = "Queued"
    server: bytes = b""
    deadline: int = 0
    queued_at: int = 0
    returned_at: int = 0
    has_begun: bool = False
    is_ready: bool = False
    shared: bool = False
    late: tuple[bytes, int] | None = None
    """Who failed it last, and when."""


@dataclass
class Slash:
    """What a provider's faults of one block will cost it."""

    who: bytes
    amount: int
    since: int
    due: int


@dataclass
class Model:
    """All figures of a chain with a block a day."""

    issuers: dict[bytes, Issuer]
    reserve: int
    ed: int
    supply: int
    work: int
    """W."""
    first_work: int
    first_price: int
    now: int = 1
    orphaned: int = 0
    mode: str = "Green"
    was_red: bool = False
    """Whether Red had begun at the start of the block before."""
    broken: list[int] = field(default_factory=lambda: [0, 0, 0])
    red_since: int | None = None
    voted_at: int = -1
    tickets: dict[int, Ticket] = field(default_factory=dict[int, Ticket])
    minted: int = 0
    base: tuple[int, int] = (0, 0)
    """The moving part of the fee in 10^-9, as of a block."""
    pot: int = 0
    """What the fee account can spend."""
    promised: int = 0
    """Of it, what providers have earned and not got."""
    pool: int = 0
    """The providers' part of the fees of this day."""
    delivered: dict[bytes, tuple[int, int]] = field(default_factory=dict[bytes, tuple[int, int]])
    """By provider: the last day on which it delivered and is not paid for, and how much."""
    rounds: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    """Days that are over and not paid out: pool, delivered by all, pool left, delivered and not paid for."""
    round: int = 0
    slashes: list[Slash] = field(default_factory=list[Slash])
    gone: dict[bytes, int] = field(default_factory=dict[bytes, int])
    """What those who are out left behind: they take it back if they come again."""
    lag: tuple[int, int] | None = None
    """Since when the standard lags, and its target."""

    # Figures.

    def capacity(self, issuer: Issuer) -> int:
        rating = self.rho_rating(issuer, self.work)
        return rating * wilson(sum(issuer.history), len(issuer.history)) // PPB

    @staticmethod
    def rho_rating(issuer: Issuer, work: int) -> int:
        return issuer.rho * PPB // work if issuer.proven == 28 else 0

    def term(self, issuer: Issuer) -> int:
        if issuer.state not in COUNTED or issuer.is_silent:
            return 0
        return min(TERM, max(0, issuer.end - self.now) * DAY) if issuer.end else TERM

    def effective_of(self, issuer: Issuer) -> int:
        return self.capacity(issuer) * self.term(issuer)

    @property
    def effective(self) -> int:
        return sum(self.effective_of(each) for each in self.issuers.values())

    def needed(self, issuer: Issuer, owed: int | None = None) -> int:
        """beta m up to the debt that 90 days' mean of E_i carries, and 1 above it."""
        owed = issuer.owed if owed is None else owed
        proven = issuer.mean * 100 // 125
        numerator, denominator = BETA[issuer.tier]
        whole = numerator * min(owed, proven) + denominator * max(0, owed - proven)
        return up(whole, denominator)

    def groups(self) -> list[tuple[int, int, int]]:
        """(E, bond, debt) of each operator group; all anonymous issuers are one."""
        found: dict[int, list[int]] = {}
        for each in self.issuers.values():
            if not each.is_struck:
                sums = found.setdefault(each.counts_to, [0, 0, 0])
                sums[0] += self.effective_of(each)
                sums[1] += each.bond
                sums[2] += each.owed
        return [(e, b, m) for e, b, m in found.values()]

    @property
    def margin(self) -> int:
        total = self.effective
        return min((total - e) - (self.supply - min(b, m)) for e, b, m in self.groups())

    @property
    def n_minus_one(self) -> bool:
        total = self.effective
        return all(105 * (self.supply - min(b, m)) <= 100 * (total - e) for e, b, m in self.groups())

    @property
    def wait(self) -> int:
        waits = [
            ceil(Decimal(each.owed) / self.capacity(each)) if self.capacity(each) else BOUNDLESS
            for each in self.issuers.values()
            if each.owed and each.state in COUNTED
        ]
        return max(waits, default=0)

    @property
    def smallest(self) -> int:
        return max(COIN, up(self.supply, 2**20))

    def is_at_least(self, mode: str) -> bool:
        """Whether the mode is so bad, or worse."""
        return MODES.index(self.mode) >= MODES.index(mode)

    def shortfall(self, issuer: Issuer) -> int:
        """What is owed beyond E_i / 1.05, as far as no ticket holds it."""
        return max(0, min(issuer.owed - self.effective_of(issuer) * 100 // 105, issuer.unassigned))

    # Coins end.

    def burn_bond(self, issuer: Issuer, amount: int) -> int:
        """Bond against unassigned debt, as far as all reach."""
        burned = min(amount, issuer.bond, issuer.unassigned)
        issuer.bond -= burned
        issuer.owed -= burned
        self.supply -= burned
        return burned

    def orphan(self, issuer: Issuer, amount: int) -> None:
        issuer.owed -= amount
        issuer.left_behind += amount
        self.orphaned += amount

    def end_debt(self, who: bytes) -> None:
        """Tickets go back; unvested coins, then the bond cancel the debt; the rest becomes O."""
        for ticket in self.tickets.values():
            if ticket.server == who and ticket.state in ("Matched", "Accepted", "Running"):
                self.put_back(ticket)
        self.cancel_debt(who)

    def cancel_debt(self, who: bytes) -> None:
        issuer = self.issuers[who]
        burned = min(issuer.unvested, issuer.unassigned)
        rest, issuer.unvested, issuer.left = issuer.unvested - burned, 0, 0
        issuer.owed -= burned
        self.supply -= burned
        if issuer.state == BANNED:
            self.reserve += rest
        self.burn_bond(issuer, issuer.unassigned)
        self.orphan(issuer, issuer.unassigned)

    def put_back(self, ticket: Ticket) -> None:
        """To its place in its queue."""
        self.issuers[ticket.server].assigned -= ticket.amount
        ticket.state, ticket.server, ticket.deadline, ticket.is_ready = "Queued", b"", 0, False
        ticket.returned_at = self.now
