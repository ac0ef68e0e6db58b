"""The coin in plain integers, written from its specification and not from the pallets: what a chain must
agree with at the end of every block.

It knows no storage, no accounts and no beacon. Where the chain draws lots, the model is told what was drawn
and says whether it was allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, getcontext
from math import ceil

PPB = 10**9
COIN = 10**9
TERM = 720
PROBATION, ACTIVE, DEFICIENT = "Probation", "Active", "Deficient"
MODES = ("Green", "Yellow", "Orange", "Red")
BETA = {"Anonymous": (1, 1), "Attested": (1, 2), "Accountable": (1, 4)}


class NotAllowed(AssertionError):
    """The chain did what the specification forbids."""


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
    """One provider with one unit, from genesis on."""

    rating: int
    tier: str
    bond: int
    owed: int
    state: str = ACTIVE
    history: list[bool] = field(default_factory=lambda: [True] * 56)
    assigned: int = 0
    unvested: int = 0
    left: int = 0
    short_since: int | None = None
    failures: list[int] = field(default_factory=list)
    failing_until: int = 0

    @property
    def capacity(self) -> int:
        return self.rating * wilson(sum(self.history), len(self.history)) // PPB

    @property
    def effective(self) -> int:
        return self.capacity * TERM

    @property
    def needed(self) -> int:
        up, down = BETA[self.tier]
        return -(-self.owed * up // down)

    @property
    def capacity_short(self) -> bool:
        return 105 * self.owed > 100 * self.effective


@dataclass
class Ticket:
    """A claim: what it holds, who serves it, when its state ends."""

    amount: int
    state: str = "Queued"
    server: bytes = b""
    deadline: int = 0
    has_begun: bool = False
    is_ready: bool = False
    shared: bool = False


@dataclass
class Model:
    """All figures of a chain with a block a day."""

    issuers: dict[bytes, Issuer]
    reserve: int
    ed: int
    supply: int
    now: int = 1
    orphaned: int = 0
    mode: str = "Green"
    broken: list[int] = field(default_factory=lambda: [0, 0, 0])
    tickets: dict[int, Ticket] = field(default_factory=dict)
    minted: int = 0

    # Figures.

    @property
    def effective(self) -> int:
        return sum(each.effective for each in self.issuers.values())

    def groups(self) -> list[tuple[int, int, int]]:
        """(E, bond, debt) of each operator group; all anonymous issuers are one."""
        named = [(i.effective, i.bond, i.owed) for i in self.issuers.values() if i.tier != "Anonymous"]
        masked = [i for i in self.issuers.values() if i.tier == "Anonymous"]
        if masked:
            effective = sum(i.effective for i in masked)
            named.append((effective, sum(i.bond for i in masked), sum(i.owed for i in masked)))
        return named

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
            ceil(Decimal(i.owed) / i.capacity) if i.capacity else 2**32 - 1
            for i in self.issuers.values()
            if i.owed
        ]
        return max(waits, default=0)

    # Calls: each says whether it is allowed, and then does it.

    def mint(self, who: bytes, x: int, placed: int) -> bool:
        issuer, fee = self.issuers[who], -(-x * 3 // 1000)
        if not x or issuer.state != ACTIVE or self.mode != "Green" or placed + fee > x:
            return False
        issuer.owed += x
        issuer.bond += placed
        self.supply += x
        holds = (
            125 * issuer.owed <= 100 * issuer.effective
            and issuer.needed <= issuer.bond
            and 125 * self.supply <= 100 * self.effective
            and self.n_minus_one
        )
        if not holds:
            issuer.owed -= x
            issuer.bond -= placed
            self.supply -= x
            return False
        self.reserve += fee
        if rest := x - placed - fee:
            issuer.unvested, issuer.left = issuer.unvested + rest, 28
        self.minted += x
        return True

    def burn(self, who: bytes, y: int) -> bool:
        issuer = self.issuers[who]
        if not 0 < y <= issuer.owed - issuer.assigned:
            return False
        issuer.owed -= y
        self.supply -= y
        return True

    def put_bond(self, who: bytes, y: int) -> bool:
        self.issuers[who].bond += y
        return y > 0

    def unbond(self, who: bytes, y: int) -> bool:
        issuer = self.issuers[who]
        if issuer.state != ACTIVE or self.mode in ("Orange", "Red") or not 0 < y <= issuer.bond:
            return False
        issuer.bond -= y
        if issuer.needed <= issuer.bond and self.n_minus_one:
            return True
        issuer.bond += y
        return False

    def window(self, who: bytes, passed: bool) -> None:
        issuer = self.issuers[who]
        issuer.history = [*issuer.history, passed][-56:]
        if not (passed and issuer.left):
            return
        freed = issuer.unvested // issuer.left
        issuer.unvested, issuer.left = issuer.unvested - freed, issuer.left - 1
        issuer.bond += max(0, min(freed, issuer.needed - issuer.bond))

    # Tickets.

    @property
    def smallest(self) -> int:
        return max(COIN, -(-self.supply // 2**20))

    def matched(self, number: int, piece_of: int, who: bytes, amount: int, share: int) -> None:
        """The chain drew `who` for a ticket, or for a piece of it, after `share` of a loss was borne."""
        issuer, whole, piece = self.issuers[who], self.tickets[piece_of], amount + share
        must_share = self.mode == "Red" and self.orphaned and not whole.shared
        due = -(-piece * self.orphaned // self.supply) if must_share else 0
        if share != due:
            raise NotAllowed(f"ticket {number} bears {share} of {piece}, and its share is {due}")
        if piece > max(self.smallest, issuer.owed // 20):
            raise NotAllowed(f"a piece of {piece} is more than a twentieth of {issuer.owed}")
        self._bear(share)
        if issuer.owed - issuer.assigned < piece:
            raise NotAllowed(f"{piece} are matched, and {issuer.owed - issuer.assigned} are free")
        if issuer.assigned and issuer.assigned + piece > issuer.capacity * 24:
            raise NotAllowed(f"more than a day's work: {issuer.assigned} + {piece}")
        ticket = whole
        if number != piece_of:
            whole.amount -= piece
            ticket = self.tickets[number] = Ticket(piece, shared=whole.shared, has_begun=whole.has_begun)
        elif whole.amount != piece:
            raise NotAllowed(f"ticket {number} holds {whole.amount}, and {piece} are matched")
        ticket.amount, ticket.state, ticket.server = amount, "Matched", who
        ticket.shared = ticket.shared or share > 0
        ticket.deadline = self.now + 30
        issuer.assigned += amount

    def borne(self, number: int, amount: int) -> None:
        """A ticket that was all loss."""
        ticket = self.tickets.pop(number)
        if ticket.amount != amount or self.mode != "Red":
            raise NotAllowed(f"{amount} of {ticket.amount} are borne in {self.mode}")
        self._bear(amount)

    def _bear(self, share: int) -> None:
        self.orphaned -= share
        self.supply -= share

    def settle(self, number: int) -> None:
        ticket = self.tickets.pop(number)
        issuer = self.issuers[ticket.server]
        issuer.owed -= ticket.amount
        issuer.assigned -= ticket.amount
        self.supply -= ticket.amount

    def fail(self, number: int) -> None:
        ticket = self.tickets[number]
        issuer = self.issuers[ticket.server]
        issuer.assigned -= ticket.amount
        issuer.bond -= min(issuer.bond, -(-ticket.amount // 10))
        issuer.failures = [*issuer.failures, self.now][-3:]
        if len(issuer.failures) == 3 and self.now - issuer.failures[0] <= 7:
            issuer.failing_until = self.now + 7
        ticket.state, ticket.server, ticket.deadline, ticket.is_ready = "Queued", b"", 0, False

    def no_show(self, number: int) -> None:
        ticket = self.tickets.pop(number)
        issuer, burned = self.issuers[ticket.server], -(-ticket.amount // 2)
        issuer.assigned -= ticket.amount
        issuer.owed -= burned
        self.supply -= burned

    # The two ends of a block.

    def begin_block(self) -> None:
        """Deficits, then the reserve against orphan debt, then what ends by itself; matching is told."""
        self.now += 1
        self.minted = 0
        for issuer in self.issuers.values():
            if issuer.state == DEFICIENT and issuer.short_since is not None:
                if self.now - issuer.short_since >= 14:
                    self._liquidate(issuer)
        offset = min(self.orphaned, max(0, self.reserve - self.ed))
        self.orphaned -= offset
        self.supply -= offset
        self.reserve -= offset
        due = sorted(
            (t.deadline, n) for n, t in self.tickets.items() if t.deadline and t.deadline <= self.now
        )
        for _, number in due[:64]:
            ticket = self.tickets[number]
            if ticket.state == "Delivered":
                self.settle(number)
            elif ticket.state == "Accepted" and ticket.is_ready:
                self.no_show(number)
            else:
                self.fail(number)

    def _liquidate(self, issuer: Issuer) -> None:
        short = min(issuer.owed - issuer.effective * 100 // 105, issuer.owed - issuer.assigned)
        if short <= 0:
            return
        burned = min(issuer.bond, short)
        issuer.bond -= burned
        issuer.owed -= short
        self.supply -= burned
        self.orphaned += short - burned

    def end_block(self) -> None:
        """Flags, then the mode."""
        for issuer in self.issuers.values():
            short = issuer.capacity_short
            issuer.short_since = (issuer.short_since or self.now) if short else None
            failing = short or issuer.bond < issuer.needed or self.now < issuer.failing_until
            issuer.state = DEFICIENT if failing else ACTIVE
        row = self._row()
        self.broken = [self.now if row > worst else since for worst, since in enumerate(self.broken)]
        old = MODES.index(self.mode)
        if row >= old:
            self.mode = MODES[row]
            return
        held = [worst for worst in range(row, old) if self.now - self.broken[worst] >= 7]
        self.mode = MODES[min(held)] if held else self.mode

    def _row(self) -> int:
        e, s = self.effective, self.supply
        if e < s or 20 * self.orphaned > s:
            return 3
        if 100 * e < 110 * s:
            return 2
        return 1 if 100 * e < 120 * s or self.margin < 0 else 0
