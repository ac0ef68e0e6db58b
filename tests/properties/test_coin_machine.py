"""The coin as a machine: honest and hostile steps at random, on the real runtime, beside a model in plain
integers.

Every block is checked by the chain's own invariants; at its end S, O, R, E, n1, W_max, the mode, and each
provider's debt, bond, capacity and state equal the model's, and every refusal is one that the model foresees.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from pallets.redemption import types as r
from runtime.frame import Call
from runtime.frame.coin import Tier
from support.coin import ALICE, BOB, CAROL, COIN, CPU_CLASS, ED, ISSUERS, RESERVE, CoinChain
from support.coin_model import Issuer, Model, Ticket

PEOPLE = (ALICE, BOB, CAROL)
STEPS = ["mint"] * 6 + ["window"] * 6 + ["missed"] * 3 + ["redeem"] * 5 + ["serve"] * 10 + ["block"] * 10
STEPS += (
    ["burn"] * 2 + ["bond"] * 2 + ["unbond"] * 3 + ["tier", "outage", "recovery", "wait", "cancel", "give"]
)


class Machine:
    """A chain and a model that are told the same."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.chain = CoinChain(still="days")
        providers, ledger = self.chain.providers, self.chain.ledger
        self.model = Model(
            issuers={
                who: Issuer(
                    rating=providers.providers[who].rating,
                    tier="Accountable",
                    bond=providers.bond_of(who),
                    owed=ledger.debt_of(who).owed,
                )
                for who in ISSUERS
            },
            reserve=self.chain.balances.free_balance(RESERVE),
            ed=ED,
            supply=ledger.supply,
        )
        self.places: dict[int, int] = {}
        self.done: Counter[str] = Counter()

    # Steps.

    def step(self, name: str) -> None:
        getattr(self, name)()

    def share(self, whole: int) -> int:
        return max(1, whole * self.random.choice((1, 3, 8, 15, 16)) // 16)

    def call(self, name: str, who: bytes, call: Call, allowed: bool) -> None:
        """Make a call, and see that the chain allows exactly what the model allows."""
        applied = self.chain.submit(call, who)
        assert (applied.failure is None) == allowed, f"{call} by 0x{who.hex()}: {applied.refusal}"
        self.done[name if allowed else f"{name} refused"] += 1

    def mint(self) -> None:
        who = self.random.choice(ISSUERS)
        issuer = self.model.issuers[who]
        room = issuer.effective * 100 // 125 - issuer.owed
        x = max(1, self.share(max(1, room)) + self.random.choice((0, 0, 1)))
        placed = min(x, self.random.choice((0, x // 4, x // 2, x * 997 // 1000)))
        self.call("mint", who, self.chain.issuance.mint.call(x, placed), self.model.mint(who, x, placed))

    def burn(self) -> None:
        who, payer = self.random.choice(ISSUERS), self.random.choice(PEOPLE)
        issuer, free = self.model.issuers[who], self.chain.balances.free_balance(payer)
        y = min(free - 2 * ED, self.share(issuer.owed - issuer.assigned) + self.random.choice((0, 1)))
        if y > 0:
            self.call("burn", payer, self.chain.issuance.burn.call(who, y), self.model.burn(who, y))

    def bond(self) -> None:
        who = self.random.choice(ISSUERS)
        y = self.share(self.chain.balances.free_balance(who) - ED)
        if 0 < y < self.chain.balances.free_balance(who) - ED:
            self.call("bond", who, self.chain.providers.bond.call(y), self.model.put_bond(who, y))

    def unbond(self) -> None:
        who = self.random.choice(ISSUERS)
        issuer = self.model.issuers[who]
        y = max(1, self.random.choice((issuer.bond - issuer.needed, issuer.bond // 2, issuer.bond + 1)))
        self.call("unbond", who, self.chain.providers.unbond.call(y), self.model.unbond(who, y))

    def give(self) -> None:
        """People pay providers, so that bonds can grow again."""
        who, y = self.random.choice(PEOPLE), 5_000 * COIN
        if self.chain.balances.free_balance(who) > 2 * y:
            self.chain.balances.transfer(who, self.random.choice(ISSUERS), y)

    def tier(self) -> None:
        who, tier = self.random.choice(ISSUERS), self.random.choice(tuple(Tier))
        group = ISSUERS.index(who) + 1
        self.chain.root(self.chain.providers.set_tier.call(who, tier, group))
        self.model.issuers[who].tier = tier.name

    def probe(self, who: bytes, passed: bool) -> None:
        self.chain.providers.record_window(who, {0: passed})
        self.chain.issuance.window_counted(who, passed)
        self.model.window(who, passed)

    def window(self) -> None:
        for who in ISSUERS:
            self.probe(who, True)

    def missed(self) -> None:
        who = self.random.choice(ISSUERS)
        for _ in range(self.random.randint(1, 6)):
            self.probe(who, False)

    def outage(self) -> None:
        for who in self.random.sample(ISSUERS, self.random.randint(1, 4)):
            for _ in range(self.random.randint(5, 30)):
                self.probe(who, False)

    def recovery(self) -> None:
        for who in ISSUERS:
            for _ in range(40):
                self.probe(who, True)

    def redeem(self) -> None:
        who = self.random.choice(PEOPLE)
        x = self.random.choice((COIN, 100 * COIN, 3_000 * COIN, 20_000 * COIN))
        free, first = self.chain.balances.free_balance(who), self.chain.redemption.next_ticket
        allowed = x >= self.model.smallest and any(i.capacity for i in self.model.issuers.values())
        if self.chain.redemption.queues:
            allowed = x >= self.model.smallest  # the wishes are known: a ticket may wait for capacity
        if free < x * 103 // 100 + 2 * ED:
            return
        job = bytes(32)
        call = self.chain.redemption.redeem.call(x, r.Service.Train, CPU_CLASS, 0, job)
        self.call("redeem", who, call, allowed)
        if allowed:
            self.model.reserve += free - x - self.chain.balances.free_balance(who)
            for number in range(first, self.chain.redemption.next_ticket):
                self.model.tickets[number] = Ticket(self.chain.redemption.tickets[number].amount)

    def serve(self) -> None:
        """Bring some ticket one step further; now and then by the wrong account."""
        moving = [n for n, ticket in self.model.tickets.items() if ticket.state != "Queued"]
        if moving and self.random.random() < 0.1:
            stolen = self.random.choice(moving)
            self.call("steal", BOB, self.chain.redemption.deliver.call(stolen, bytes(32)), False)
        elif moving:
            number = self.random.choice(moving)
            for _ in range(self.random.randint(1, 6)):
                self.serve_one(number)

    def serve_one(self, number: int) -> None:
        """Bring one ticket one step further, by whoever it waits for."""
        ticket, calls = self.model.tickets.get(number), self.chain.redemption
        if ticket is None:
            return
        owner = calls.tickets[number].owner
        if ticket.state == "Matched":
            self.call("accept", ticket.server, calls.accept.call(number), True)
            ticket.state, ticket.deadline = "Accepted", self.model.now + 1
        elif ticket.state == "Accepted" and not ticket.is_ready:
            self.call("ready", ticket.server, calls.ready.call(number), True)
            ticket.is_ready = True
        elif ticket.state == "Accepted":
            self.call("begin", owner, calls.begin.call(number), True)
            ticket.has_begun = True
        elif ticket.state == "Running":
            self.call("deliver", ticket.server, calls.deliver.call(number, bytes(32)), True)
            ticket.state, ticket.deadline = "Delivered", self.model.now + 1
        elif ticket.state == "Delivered":
            self.call("confirm", owner, calls.confirm.call(number), True)
            self.model.settle(number)
        if ticket.state == "Accepted" and ticket.is_ready and ticket.has_begun:
            issuer = self.model.issuers[ticket.server]
            days = -(-issuer.assigned // (issuer.capacity * 24)) if issuer.capacity else 30
            ticket.state, ticket.deadline = "Running", self.model.now + min(30, max(1, days)) + 1

    def cancel(self) -> None:
        waiting = [n for n, ticket in self.model.tickets.items() if ticket.state == "Queued"]
        if waiting:
            number = self.random.choice(waiting)
            found = self.chain.redemption.tickets[number]
            allowed = self.model.now > found.queued_at
            self.call("cancel", found.owner, self.chain.redemption.cancel.call(number), allowed)
            if allowed:
                del self.model.tickets[number]

    def wait(self) -> None:
        for _ in range(self.random.choice((2, 7, 14))):
            self.block()

    def block(self) -> None:
        """End the block on both sides, compare, and begin the next on both sides."""
        self.chain.run()
        self.model.end_block()
        self.compare_headers()
        self.model.begin_block()
        self.told()
        self.compare_books()

    def told(self) -> None:
        """Tell the model what the beacon drew."""
        shared: tuple[int, int] | None = None
        for event in self.chain.events:
            if shared and not (isinstance(event, r.Matched) and event.ticket == shared[0]):
                if isinstance(event, r.RedemptionEvent):
                    self.model.borne(*shared)
                    shared = None
            if isinstance(event, r.LossShared):
                shared = event.ticket, event.amount
            elif isinstance(event, r.Matched):
                self.matched(event, shared[1] if shared else 0)
                shared = None
        if shared:
            self.model.borne(*shared)

    def matched(self, event: r.Matched, share: int) -> None:
        number = event.ticket
        whole = number if number in self.model.tickets else self.whole(event.piece_of, number)
        self.model.matched(number, whole, event.server, event.amount, share)

    def whole(self, place: int, number: int) -> int:
        """The ticket of which `number` is a new piece: the first that waits at the same place."""
        self.places[number] = place
        tickets = self.model.tickets
        return min(n for n in tickets if self.places.get(n, n) == place and tickets[n].state == "Queued")

    def drain(self) -> None:
        """From anywhere, when all act honestly and capacity comes back, every ticket comes to its end."""
        self.recovery()
        self.recovery()
        for _ in range(400):
            if not self.model.tickets:
                break
            for number in list(self.model.tickets):
                for _ in range(5):
                    self.serve_one(number)
            self.block()
        assert not self.model.tickets
        assert self.chain.redemption.escrowed == 0
        self.chain.try_state()

    # Agreement.

    def compare_headers(self) -> None:
        """What the sealed block's header says."""
        model, figures = self.model, self.chain.solvency.coverage
        assert figures.supply == model.supply
        assert figures.orphaned == model.orphaned
        assert figures.reserve == model.reserve
        assert figures.effective == model.effective
        assert figures.margin == model.margin
        assert figures.wait_hours == model.wait
        assert figures.mode.name == model.mode
        waiting = [ticket for ticket in model.tickets.values() if ticket.state == "Queued"]
        assert (figures.queue, figures.queued) == (len(waiting), sum(each.amount for each in waiting))
        self.done[figures.mode.name] += 1

    def compare_books(self) -> None:
        """What the block that opened has made of it: deficits, the reserve, tickets."""
        chain, model = self.chain, self.model
        assert (chain.ledger.supply, chain.ledger.orphaned) == (model.supply, model.orphaned)
        for who, issuer in model.issuers.items():
            provider, debt = chain.providers.providers[who], chain.ledger.debt_of(who)
            assert (debt.owed, debt.assigned) == (issuer.owed, issuer.assigned)
            assert (provider.bond, provider.capacity) == (issuer.bond, issuer.capacity)
            assert provider.state.name == issuer.state
            vesting = chain.issuance.vesting.get(who)
            assert (vesting.amount if vesting else 0) == issuer.unvested


def walk(seed: int, steps: int) -> Machine:
    """One machine, taken so many random steps, and drained."""
    machine = Machine(seed)
    for _ in range(steps):
        machine.step(machine.random.choice(STEPS))
    machine.block()
    machine.chain.try_state()
    return machine


@settings(max_examples=12)
@given(st.integers(0, 2**32))
def test_chain_and_model_agree_after_every_block(seed: int) -> None:
    machine = walk(seed, 120)
    machine.drain()


def test_the_walk_goes_everywhere() -> None:
    """Fixed seeds reach every mode, every kind of step, and success as well as refusal."""
    done: Counter[str] = Counter()
    for seed in range(8):
        done += walk(seed, 150).done
    wanted = ["mint", "mint refused", "burn", "bond", "unbond", "unbond refused", "redeem", "accept", "ready"]
    wanted += ["begin", "deliver", "confirm", "cancel", "steal refused", "Green", "Yellow", "Orange", "Red"]
    assert [name for name in wanted if not done[name]] == []
