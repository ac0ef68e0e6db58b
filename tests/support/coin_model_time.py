"""The coin in plain integers: what time does at the start and at the end of a block, and what lots may be
drawn.
"""

from __future__ import annotations

from decimal import Decimal, getcontext

from support.coin_model import (
    ACTIVE,
    BANNED,
    COUNTED,
    DAY,
    DEFICIENT,
    DEPOSIT,
    DRAINING,
    MODES,
    PPB,
    UNBONDING,
    Issuer,
    NotAllowed,
    Ticket,
    up,
    wilson,
)
from support.coin_model_calls import ActingModel

EXPIRIES_MAX = 64
SLASHES_MAX = 32


class TimedModel(ActingModel):
    """A model whose days pass."""

    # The start of a block: the standard, providers, slashes, fees, the reserve, tickets; matching is told.

    def begin_block(self, market: tuple[int, int] | None) -> None:
        """`market` is U_t and M_t, if the oracle is Fresh."""
        self.now += 1
        self.minted = 0
        self.step_standard(market)
        self.meet_red()
        for who in sorted(self.issuers):
            self.pass_day(who, self.issuers[who])
        self.apply_slashes()
        self.share_fees()
        offset = min(self.orphaned, max(0, self.reserve - self.ed))
        self.orphaned -= offset
        self.supply -= offset
        self.reserve -= offset
        due = sorted(
            (t.deadline, n) for n, t in self.tickets.items() if t.deadline and t.deadline <= self.now
        )
        for _, number in due[:EXPIRIES_MAX]:
            ticket = self.tickets[number]
            if ticket.state == "Delivered":
                self.settle(number)
            elif ticket.state == "Accepted" and ticket.is_ready:
                self.no_show(number)
            else:
                self.fail(number)

    def step_standard(self, market: tuple[int, int] | None) -> None:
        """W' = floor(W min(W*/W, 1.0009)), if it is covered; and whether W lags behind W*."""
        if market is None or self.mode == "WindDown":
            return
        price, mainstream = market
        wanted = min(tenth_root(self.first_work**10 * self.first_price**9 // price**9), mainstream)
        new = min(wanted, self.work * 10_009 // 10_000)
        if new > self.work and self.supply and not self.is_at_least("Orange"):
            if 100 * self.effective_under(new) >= 110 * self.supply:
                self.work = new
        if 100 * wanted <= 125 * self.work:
            self.lag = None
        else:
            self.lag = (self.now if self.lag is None else self.lag[0]), wanted

    def effective_under(self, work: int) -> int:
        """E' as if the standard were another."""
        return sum(
            self.rho_rating(each, work)
            * wilson(sum(each.history), len(each.history))
            // PPB
            * self.term(each)
            for each in self.issuers.values()
        )

    def pass_day(self, who: bytes, issuer: Issuer) -> None:
        if issuer.state in (ACTIVE, DEFICIENT):
            issuer.days = [*issuer.days, issuer.last][-90:]
            if issuer.tier == "Anonymous" and self.now - issuer.clean_since >= 90:
                issuer.tier = "Attested"
            self.take_back(issuer)
        if issuer.state == DEFICIENT:
            self.settle_deficit(issuer)
        elif issuer.state == DRAINING and self.now < issuer.end:
            self.burn_bond(issuer, self.shortfall(issuer))
        elif issuer.state == DRAINING:
            issuer.state, issuer.since = UNBONDING, self.now
            self.end_debt(who)
        elif issuer.state in (UNBONDING, BANNED) and not issuer.is_struck:
            self.go(who, issuer)

    def meet_red(self) -> None:
        """When Red begins, all who would have had their 14 days are settled with before anything else."""
        is_red = self.is_at_least("Red")
        if is_red and not self.was_red:
            for who in sorted(self.issuers):
                if self.issuers[who].state == DEFICIENT:
                    self.settle_deficit(self.issuers[who])
        self.was_red = is_red

    def settle_deficit(self, issuer: Issuer) -> None:
        """Burn and orphan what has been short for long enough."""
        patience = 0 if self.is_at_least("Red") else 14
        if issuer.short_since is not None and self.now - issuer.short_since >= patience:
            short = self.shortfall(issuer)
            self.orphan(issuer, short - self.burn_bond(issuer, short))
        self.judge(issuer)

    def take_back(self, issuer: Issuer) -> None:
        """Whose capacity is back owes again what it left, as far as the capacity line and O reach."""
        spare = self.effective_of(issuer) * 100 // 105 - issuer.owed
        amount = max(0, min(issuer.left_behind, self.orphaned, spare))
        issuer.left_behind -= amount
        issuer.owed += amount
        self.orphaned -= amount

    def go(self, who: bytes, issuer: Issuer) -> None:
        """Out, once nothing is owed and 7 days are over."""
        if issuer.unassigned:
            self.cancel_debt(who)
        if self.now - issuer.since < 7 or issuer.owed:
            return
        if issuer.state == BANNED:
            self.reserve += DEPOSIT + issuer.bond + issuer.leaving
            issuer.bond = issuer.leaving = 0
            issuer.is_struck = True
        else:
            self.gone[who] = issuer.left_behind
            del self.issuers[who]

    def apply_slashes(self) -> None:
        """Own debt until m_i <= E_i / kappa, then the reserve."""
        for _ in range(SLASHES_MAX):
            if not self.slashes or self.slashes[0].due > self.now:
                return
            slash = self.slashes.pop(0)
            issuer = self.issuers.get(slash.who)
            if issuer is None:
                continue
            excess = max(0, min(issuer.owed - self.effective_of(issuer) * 100 // 125, issuer.unassigned))
            burned = min(slash.amount, excess)
            if burned:
                issuer.recall(burned)
                issuer.fault(self.now)
                burned = self.burn_bond(issuer, burned)
            self.reserve += self.compensate(slash.who, slash.amount - burned)

    def share_fees(self) -> None:
        """The reserve until it has 5 % of S; then providers 35 %, and the rest is the reserve's."""
        amount = self.pot - self.promised
        if amount:
            target = up(self.supply * 5, 100)
            kept = 0
            if self.is_at_least("Orange"):
                kept = amount
            elif self.mode == "Yellow":
                kept = up(amount, 2)
            first = min(amount - kept, max(0, target - self.reserve - kept))
            providers = (amount - kept - first) * 35 // 100
            self.pool += providers
            self.promised += providers
            self.pot -= amount - providers
            self.reserve += amount - providers
        whole = sum(own for day, own in self.delivered.values() if day == self.round)
        if whole:
            self.rounds[self.round] = [self.pool, whole, self.pool, whole]
        elif self.pool:
            self.promised -= self.pool
            self.pot -= self.pool
            self.reserve += self.pool
        self.pool = 0
        self.round += 1

    # What lots drew.

    def bear(self, number: int, share: int) -> None:
        """A ticket bears its share of the loss: x O / D, D the coins that will bear what is left of it."""
        ticket = self.tickets[number]
        if ticket.state != "Queued":
            raise NotAllowed(f"ticket {number}, {ticket.state}, bears a loss")
        gone = sum(t.amount for t in self.tickets.values() if t.state != "Queued" or t.shared)
        lost = self.supply - self.orphaned == sum(
            t.amount for t in self.tickets.values() if t.state != "Queued"
        )
        bearing = self.supply - gone
        due = 0
        if not ticket.shared:
            due = min(ticket.amount, self.orphaned, up(ticket.amount * self.orphaned, max(1, bearing)))
        lost = lost and self.now - max(ticket.queued_at, ticket.returned_at) >= 14
        allowed = [due] + [min(ticket.amount, self.orphaned)] * lost
        if not share or share not in allowed:
            raise NotAllowed(f"ticket {number} bears {share} of {ticket.amount}, and its share is {due}")
        self.orphaned -= share
        self.supply -= share
        ticket.amount -= share
        ticket.shared = True
        if not ticket.amount:
            del self.tickets[number]

    def matched(self, number: int, whole_number: int, who: bytes, amount: int, borne: int) -> None:
        """The chain drew `who` for a ticket, or for a piece of it, that bore so much just before."""
        issuer, whole = self.issuers[who], self.tickets[whole_number]
        if self.orphaned and not whole.shared:
            raise NotAllowed(f"ticket {number} bears nothing of {self.orphaned}")
        if issuer.state not in COUNTED or issuer.is_silent:
            raise NotAllowed(f"a provider that is {issuer.state} serves")
        most = max(self.smallest, issuer.owed // 20)
        if amount > min(most, issuer.unassigned):
            raise NotAllowed(f"{amount} are matched: {most} may be, {issuer.unassigned} are free")
        if amount < min(whole.amount, most, issuer.owed) and borne == 0:
            raise NotAllowed(f"{amount} are matched, and {whole.amount} wait")
        work = self.work_of(who)
        if work and work + amount > self.capacity(issuer) * DAY:
            raise NotAllowed(f"more than a day's work: {work} + {amount}")
        ticket = whole
        if number != whole_number:
            whole.amount -= amount
            ticket = self.tickets[number] = Ticket(
                amount,
                queued_at=whole.queued_at,
                returned_at=whole.returned_at,
                shared=whole.shared,
                has_begun=whole.has_begun,
                late=whole.late,
            )
        elif whole.amount != amount:
            raise NotAllowed(f"ticket {number} holds {whole.amount}, and {amount} are matched")
        ticket.state, ticket.server, ticket.deadline = "Matched", who, self.now + 30
        issuer.assigned += amount

    # The end of a block: flags, then the mode.

    def end_block(self) -> None:
        for issuer in self.issuers.values():
            if issuer.state in (ACTIVE, DEFICIENT):
                self.judge(issuer)
            issuer.last = self.effective_of(issuer)
        row = self._row()
        self.broken = [self.now if row > worst else since for worst, since in enumerate(self.broken)]
        old = MODES.index(self.mode)
        if row >= old:
            self.mode = MODES[row]
        elif self.mode != "WindDown":
            held = [worst for worst in range(row, old) if worst < 3 and self.now - self.broken[worst] >= 7]
            self.mode = MODES[min(held)] if held else self.mode
        if self.mode != "Red":
            self.red_since = None
            return
        self.red_since = self.now if self.red_since is None else self.red_since
        if self.now - self.red_since >= (30 if self.voted_at == self.now else 90):
            self.mode, self.red_since = "WindDown", None

    def judge(self, issuer: Issuer) -> None:
        short = 105 * issuer.owed > 100 * self.effective_of(issuer)
        issuer.short_since = (issuer.short_since or self.now) if short else None
        failing = short or issuer.bond < self.needed(issuer) or self.now < issuer.failing_until
        state = DEFICIENT if failing else ACTIVE
        if state != issuer.state:
            issuer.state, issuer.clean_since = state, self.now

    def vote(self) -> bool:
        """To wind down: after 30 days of Red."""
        if self.mode != "Red" or self.red_since is None or self.now - self.red_since < 30:
            return False
        self.voted_at = self.now
        return True

    def _row(self) -> int:
        e, s = self.effective, self.supply
        if e < s:
            return 3
        if 100 * e < 110 * s or 20 * self.orphaned > s:
            return 2
        return 1 if 100 * e < 120 * s or self.margin < 0 else 0


def tenth_root(value: int) -> int:
    """The tenth root of an integer, rounded down, by 300 decimal digits."""
    getcontext().prec = 300
    root = int(Decimal(value) ** (Decimal(1) / 10)) if value else 0
    while (root + 1) ** 10 <= value:
        root += 1
    while root**10 > value:
        root -= 1
    return root
