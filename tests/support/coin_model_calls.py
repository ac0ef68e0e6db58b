"""The coin in plain integers: what people do. Each call says whether it is allowed, and then does it."""

from __future__ import annotations

from support.coin_model import (
    ACTIVE,
    BANNED,
    COUNTED,
    DAY,
    DEFICIENT,
    DRAINING,
    PPB,
    PROBATION,
    TERM,
    UNBONDING,
    Issuer,
    Model,
    Slash,
    Ticket,
    up,
)


class ActingModel(Model):
    """A model in which people act."""

    # Providers.

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

    # Tickets.

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
