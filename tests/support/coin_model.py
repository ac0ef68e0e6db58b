"""The coin in plain integers, written from its specification and not from the pallets: what a chain must
agree with at the end of every block.

It knows no storage, no accounts and no beacon; its chain has a block a day. Where the chain draws lots, the
model is told what was drawn and says whether it was allowed. Here are the figures and what people do;
`coin_model_time` is what time does.
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

    @property
    def unassigned(self) -> int:
        return self.owed - self.assigned

    @property
    def mean(self) -> int:
        return sum(self.days[-90:]) // 90

    @property
    def counts_to(self) -> int:
        return 0 if self.tier == "Anonymous" else self.group

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
        if issuer.state not in COUNTED:
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

    # Calls of providers: each says whether it is allowed, and then does it.

    def mint(self, who: bytes, x: int, placed: int) -> bool:
        issuer, fee = self.issuers[who], up(x * 3, 1000)
        if not x or issuer.state != ACTIVE or self.mode != "Green" or placed + fee > x:
            return False
        counted, of = self.lag_now()
        issuer.owed += x
        issuer.bond += placed
        self.supply += x
        holds = (
            125 * of * issuer.owed <= 100 * counted * self.effective_of(issuer)
            and self.needed(issuer) <= issuer.bond
            and 125 * of * self.supply <= 100 * counted * self.effective
            and self.n_minus_one
        )
        if not holds:
            issuer.owed -= x
            issuer.bond -= placed
            self.supply -= x
            return False
        self.pot += fee
        if rest := x - placed - fee:
            issuer.unvested, issuer.left = issuer.unvested + rest, 28
        self.minted += x
        return True

    def lag_now(self) -> tuple[int, int]:
        """By W / W* once the standard has lagged for 180 days."""
        if self.lag is None or self.now - self.lag[0] < 180:
            return 1, 1
        return self.work, self.lag[1]

    def burn(self, who: bytes, y: int) -> bool:
        issuer = self.issuers[who]
        if not 0 < y <= issuer.unassigned:
            return False
        issuer.owed -= y
        self.supply -= y
        return True

    def put_bond(self, who: bytes, y: int) -> bool:
        if self.issuers[who].state in (UNBONDING, BANNED) or not y:
            return False
        self.issuers[who].bond += y
        return True

    def fill_bond(self, issuer: Issuer, amount: int) -> None:
        """What reaches an issuer whose bond is short goes there first."""
        if issuer.state in (ACTIVE, DEFICIENT):
            issuer.bond += max(0, min(amount, self.needed(issuer) - issuer.bond))

    def unbond(self, who: bytes, y: int) -> bool:
        issuer = self.issuers[who]
        if issuer.state != ACTIVE or self.is_at_least("Orange") or not 0 < y <= issuer.bond:
            return False
        issuer.bond -= y
        if self.needed(issuer) <= issuer.bond and self.n_minus_one:
            issuer.leaving, issuer.until = issuer.leaving + y, self.now + 7
            return True
        issuer.bond += y
        return False

    def withdraw(self, who: bytes) -> bool:
        issuer = self.issuers[who]
        if not issuer.leaving or self.now < issuer.until or self.is_at_least("Orange"):
            return False
        issuer.leaving = 0
        return True

    def notice(self, who: bytes) -> bool:
        issuer = self.issuers[who]
        if issuer.state == PROBATION:
            issuer.state, issuer.since = UNBONDING, self.now
            return True
        if issuer.state not in (ACTIVE, DEFICIENT):
            return False
        issuer.state, issuer.end, issuer.short_since = DRAINING, self.now + TERM // DAY, None
        return True

    def novate(self, debtor: bytes, to: bytes, y: int) -> bool:
        """Both agree."""
        source, dest = self.issuers[debtor], self.issuers[to]
        if dest.state != ACTIVE or source.state not in COUNTED or y > source.unassigned:
            return False
        if 125 * (dest.owed + y) > 100 * self.effective_of(dest):
            return False
        if self.needed(dest, dest.owed + y) > dest.bond:
            return False
        before = self.margin
        source.owed, dest.owed = source.owed - y, dest.owed + y
        if self.margin >= min(0, before):
            return True
        source.owed, dest.owed = source.owed + y, dest.owed - y
        return False

    def set_tier(self, who: bytes, tier: str, group: int) -> None:
        issuer = self.issuers[who]
        issuer.tier, issuer.group = tier, group
        if tier == "Anonymous":
            issuer.clean_since = self.now

    def window(self, who: bytes, passed: bool) -> None:
        issuer = self.issuers[who]
        issuer.history = [*issuer.history, passed][-56:]
        if issuer.proven < 28:
            issuer.proven = issuer.proven + 1 if passed else 0
            if issuer.proven == 28 and issuer.state == PROBATION:
                issuer.state, issuer.clean_since = ACTIVE, self.now
        if passed and issuer.left:
            freed = issuer.unvested // issuer.left
            issuer.unvested, issuer.left = issuer.unvested - freed, issuer.left - 1
            self.fill_bond(issuer, freed)

    def ban(self, who: bytes) -> None:
        """Proven fraud: all that it has cancels its debt, and what is left of the bond is the reserve's."""
        issuer = self.issuers[who]
        if issuer.state != BANNED:
            issuer.state, issuer.since = BANNED, self.now
            issuer.recall(issuer.bond + issuer.leaving)
            self.end_debt(who)
        if issuer.bond:
            self.reserve += issuer.bond
            issuer.bond = 0
            issuer.fault(self.now)

    # Calls about tickets.

    def redeem(self, x: int) -> int | None:
        """The fee, or None if it is refused."""
        largest = max(self.smallest, self.supply // 200)
        if x < self.smallest or up(x, largest) > 256:
            return None
        base, at = self.base
        days = self.now - at
        base = 0 if base < 4**days else up(base, 4**days)
        base = min(PPB // 50, base + up(x * PPB, 2 * self.supply))
        self.base = base, self.now
        if self.is_at_least("Orange"):
            return 0
        fee = up(x * min(PPB // 50, 3_000_000 + base), PPB)
        self.pot += fee
        return fee

    def accept(self, number: int) -> None:
        ticket = self.tickets[number]
        ticket.state, ticket.deadline = "Accepted", self.now + 1

    def said(self, number: int, *, begun: bool = False, ready: bool = False) -> None:
        """`begin` or `ready`; when both are said the work runs."""
        ticket = self.tickets[number]
        ticket.has_begun, ticket.is_ready = ticket.has_begun or begun, ticket.is_ready or ready
        if ticket.state == "Accepted" and ticket.is_ready and ticket.has_begun:
            capacity = self.capacity(self.issuers[ticket.server])
            days = up(self.work_of(ticket.server), capacity * DAY) if capacity else TERM // DAY
            ticket.state, ticket.deadline = "Running", self.now + min(TERM // DAY, max(1, days)) + 1

    def work_of(self, who: bytes) -> int:
        """What a provider has matched and not delivered."""
        return sum(
            each.amount
            for each in self.tickets.values()
            if each.server == who and each.state in ("Matched", "Accepted", "Running")
        )

    def deliver(self, number: int) -> None:
        ticket = self.tickets[number]
        self.pay_lateness(ticket)
        ticket.state, ticket.deadline, ticket.late = "Delivered", self.now + 1, None

    def cancel(self, number: int) -> bool:
        ticket = self.tickets[number]
        if self.now - ticket.queued_at < 1:
            return False
        self.pay_lateness(ticket)
        del self.tickets[number]
        return True

    def pay_lateness(self, ticket: Ticket) -> None:
        """2 % for each day since it failed, 20 % at most, from the bond of who failed it."""
        if ticket.late is not None:
            who, since = ticket.late
            percent = min(20, 2 * (self.now - since))
            self.compensate(who, up(ticket.amount * percent, 100))

    def compensate(self, who: bytes, amount: int) -> int:
        issuer = self.issuers.get(who)
        if issuer is None or not amount:
            return 0
        issuer.recall(amount)
        issuer.fault(self.now)
        paid = min(amount, issuer.bond)
        issuer.bond -= paid
        return paid

    def settle(self, number: int) -> None:
        ticket = self.tickets.pop(number)
        issuer = self.issuers[ticket.server]
        issuer.owed -= ticket.amount
        issuer.assigned -= ticket.amount
        self.supply -= ticket.amount
        self.earn(ticket.server, ticket.amount)

    def fail(self, number: int) -> None:
        ticket = self.tickets[number]
        who, amount = ticket.server, ticket.amount
        self.pay_lateness(ticket)
        self.put_back(ticket)
        ticket.late = who, self.now
        paid = self.compensate(who, up(amount, 10))
        self.note_fault(who, up(amount * 11, 10) - paid)
        issuer = self.issuers[who]
        issuer.fault(self.now)
        issuer.failures = [*issuer.failures, self.now][-3:]
        if len(issuer.failures) == 3 and self.now - issuer.failures[0] <= 7:
            issuer.failing_until = self.now + 7

    def note_fault(self, who: bytes, amount: int) -> None:
        """Applied after 3 days; those of one hour are one slash."""
        for slash in self.slashes:
            if slash.who == who and slash.since == self.now:
                slash.amount += amount
                return
        if amount:
            self.slashes.append(Slash(who, amount, self.now, self.now + 3))

    def no_show(self, number: int) -> None:
        ticket = self.tickets.pop(number)
        issuer, burned = self.issuers[ticket.server], up(ticket.amount, 2)
        issuer.assigned -= ticket.amount
        issuer.owed -= burned
        self.supply -= burned

    # Rewards.

    def earn(self, who: bytes, amount: int) -> None:
        day, before = self.delivered.get(who, (self.round, 0))
        if day != self.round:
            self.pay_reward(who)
            before = 0
        self.delivered[who] = self.round, before + amount

    def claim(self, who: bytes) -> bool:
        if who not in self.delivered or self.delivered[who][0] == self.round:
            return False
        self.pay_reward(who)
        return True

    def pay_reward(self, who: bytes) -> None:
        """The provider's part of a day that is over, rounded down; dust is free again with the last."""
        day, own = self.delivered.pop(who)
        entry = self.rounds[day]
        pool, whole, _, _ = entry
        reward = pool * own // whole
        entry[2] -= reward
        entry[3] -= own
        self.promised -= reward
        if not entry[3]:
            self.promised -= entry[2]
            del self.rounds[day]
        if not reward:
            return
        self.pot -= reward
        issuer = self.issuers.get(who)
        if issuer is not None and issuer.state == BANNED:
            self.reserve += reward
        elif issuer is not None:
            self.fill_bond(issuer, reward)
