"""The coin as a machine: honest and hostile steps at random, on the real runtime, beside a model in plain
integers.

Every block is checked by the chain's own invariants; at its end S, O, R, E, n1, W_max, W, the mode, and each
provider's debt, bond, capacity, tier and state equal the model's, and every refusal is one that the model
foresees.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pallets.ledger.types import TakenBack
from pallets.oracle import Oracle
from pallets.oracle.types import Sample, Value
from pallets.providers import types as p
from pallets.redemption import types as r
from pallets.slashing import Slashing
from pallets.standards import Standards
from runtime.frame import Call, DispatchError
from runtime.frame.coin import Fault, ProviderState, Tier
from support.coin import ALICE, BOB, CAROL, COIN, CPU_CLASS, ED, ISSUERS, RESERVE, CoinChain
from support.coin_model import Issuer, Ticket
from support.coin_model_time import TimedModel

PEOPLE = (ALICE, BOB, CAROL)
NEWCOMERS = (b"\x21" * 32, b"\x22" * 32)
STEPS = ["mint"] * 6 + ["window"] * 6 + ["missed"] * 3 + ["redeem"] * 5 + ["serve"] * 10 + ["block"] * 10
STEPS += ["burn"] * 2 + ["bond"] * 2 + ["unbond"] * 4 + ["withdraw"] * 4 + ["novate"] * 2 + ["claim"] * 2
STEPS += ["tier", "outage", "recovery", "wait", "cancel", "give", "donate", "market", "register", "vote"]
RARE = ("notice", "notice", "ban")
"""What ends a provider: one step in `RARE_IN`, or nobody is left."""
RARE_IN = 60


class Machine:
    """A chain and a model that are told the same."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.chain = CoinChain(still="days", rich=(*PEOPLE, *NEWCOMERS))
        providers, ledger = self.chain.providers, self.chain.ledger
        _, work = self.chain[Standards].standard_now()
        first_price, first_work = self.chain[Oracle].origin_now()
        self.rho = self.chain[Standards].classes[CPU_CLASS].work_per_hour
        self.model = TimedModel(
            issuers={
                who: Issuer(
                    rho=self.rho,
                    tier="Accountable",
                    group=number,
                    bond=providers.bond_of(who),
                    owed=ledger.debt_of(who).owed,
                    days=[providers.effective_of(who)] * 90,
                    last=providers.effective_of(who),
                )
                for number, who in enumerate(ISSUERS, start=1)
            },
            reserve=self.chain.balances.free_balance(RESERVE),
            ed=ED,
            supply=ledger.supply,
            work=work,
            first_work=first_work,
            first_price=first_price,
        )
        self.market_now: tuple[int, int] | None = None
        self.places: dict[int, int] = {}
        self.done: Counter[str] = Counter()

    @property
    def everybody(self) -> list[bytes]:
        """Who has a record as a provider."""
        return list(self.model.issuers)

    # Steps.

    def any_step(self) -> None:
        if self.random.randrange(RARE_IN) == 0:
            self.step(self.random.choice(RARE))
        else:
            self.step(self.random.choice(STEPS))

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
        who = self.random.choice(self.everybody)
        issuer = self.model.issuers[who]
        room = self.model.effective_of(issuer) * 100 // 125 - issuer.owed
        x = max(1, self.share(max(1, room)) + self.random.choice((0, 0, 1)))
        placed = min(x, self.random.choice((0, x // 4, x // 2, x * 997 // 1000)))
        self.call("mint", who, self.chain.issuance.mint.call(x, placed), self.model.mint(who, x, placed))

    def burn(self) -> None:
        who, payer = self.random.choice(self.everybody), self.random.choice(PEOPLE)
        issuer, free = self.model.issuers[who], self.chain.balances.free_balance(payer)
        y = min(free - 2 * ED, self.share(issuer.unassigned) + self.random.choice((0, 1)))
        if y > 0:
            self.call("burn", payer, self.chain.issuance.burn.call(who, y), self.model.burn(who, y))

    def bond(self) -> None:
        who = self.random.choice(self.everybody)
        y = self.share(self.chain.balances.free_balance(who) - ED)
        if 0 < y < self.chain.balances.free_balance(who) - ED:
            self.call("bond", who, self.chain.providers.bond.call(y), self.model.put_bond(who, y))

    def unbond(self) -> None:
        who = self.random.choice(self.everybody)
        issuer = self.model.issuers[who]
        spare = issuer.bond - self.model.needed(issuer)
        y = max(1, self.random.choice((spare, issuer.bond // 2, issuer.bond + 1)))
        self.call("unbond", who, self.chain.providers.unbond.call(y), self.model.unbond(who, y))

    def withdraw(self) -> None:
        waiting = [who for who, issuer in self.model.issuers.items() if issuer.leaving]
        who = self.random.choice(waiting or self.everybody)
        call = self.chain.providers.withdraw_unbonded.call()
        self.call("withdraw", who, call, self.model.withdraw(who))

    def novate(self) -> None:
        debtor, to = self.random.sample(self.everybody, 2) if len(self.everybody) > 1 else (b"", b"")
        if not debtor or self.model.issuers[debtor].state not in ("Active", "Deficient", "Draining"):
            return
        y = self.share(self.model.issuers[debtor].unassigned // self.random.choice((1, 4, 16)))
        self.call("offer", debtor, self.chain.providers.offer_novation.call(to, y), True)
        call = self.chain.providers.accept_novation.call(debtor, y)
        allowed = self.model.novate(debtor, to, y)
        self.call("novate", to, call, allowed)
        if not allowed:
            self.call("unoffer", to, self.chain.providers.cancel_novation.call(debtor, to), True)

    def claim(self) -> None:
        who, by = self.random.choice(self.everybody), self.random.choice(PEOPLE)
        self.call("claim", by, self.chain.rewards.claim.call(who), self.model.claim(who))

    def give(self) -> None:
        """People pay providers, so that bonds can grow again."""
        who, y = self.random.choice(PEOPLE), 5_000 * COIN
        if self.chain.balances.free_balance(who) > 2 * y:
            self.chain.balances.transfer(who, self.random.choice(ISSUERS), y)

    def donate(self) -> None:
        """The reserve gets its target, so that fees reach the providers."""
        who = self.random.choice(PEOPLE)
        if self.chain.balances.free_balance(who) > 70_000 * COIN and self.model.reserve < 60_000 * COIN:
            self.chain.balances.transfer(who, RESERVE, 60_000 * COIN)
            self.model.reserve += 60_000 * COIN

    def tier(self) -> None:
        who, tier = self.random.choice(self.everybody), self.random.choice(tuple(Tier))
        group = self.random.randrange(1, 9)
        if not self.model.issuers[who].is_struck:
            self.chain.root(self.chain.providers.set_tier.call(who, tier, group))
            self.model.set_tier(who, tier.name, group)

    def register(self) -> None:
        who = self.random.choice(NEWCOMERS)
        allowed = who not in self.model.issuers
        call = self.chain.providers.register.call(9, p.Domain(1, 1), (CPU_CLASS,))
        self.call("register", who, call, allowed)
        if allowed:
            self.model.issuers[who] = Issuer(
                rho=self.rho,
                tier="Anonymous",
                group=9,
                state="Probation",
                history=[],
                proven=0,
                clean_since=self.model.now,
                left_behind=self.model.gone.get(who, 0),
            )

    def notice(self) -> None:
        who = self.random.choice(self.everybody)
        self.call("notice", who, self.chain.providers.give_notice.call(), self.model.notice(who))

    def ban(self) -> None:
        who = self.random.choice(self.everybody)
        self.chain[Slashing].fault(who, Fault.FalseCapacity, 0)
        self.model.ban(who)
        self.done["ban"] += 1

    def vote(self) -> None:
        allowed = self.model.vote()
        refusal: DispatchError | None = None
        try:
            self.chain.root(self.chain.solvency.wind_down.call())
        except DispatchError as error:
            refusal = error
        assert (refusal is None) == allowed, refusal
        self.done["vote" if allowed else "vote refused"] += 1

    def market(self) -> None:
        """The oracle learns what compute costs, or falls silent."""
        price, mainstream = self.model.first_price, self.model.first_work
        self.market_now = self.random.choice(
            (
                None,
                (
                    price * self.random.randrange(20, 130) // 100,
                    mainstream * self.random.randrange(80, 300) // 100,
                ),
                (max(1, price // 10), mainstream * 5),
            )
        )

    def report(self) -> None:
        """Put what it says into the oracle's storage, as of this block: Fresh in the next."""
        oracle = self.chain[Oracle]
        if self.market_now is not None:
            price, mainstream = self.market_now
            now = self.chain.number
            sample = Sample(price, mainstream)
            oracle.price, oracle.mainstream = Value(price, now), Value(mainstream, now)
            oracle.days, oracle.month = (sample,), sample

    def probe(self, who: bytes, passed: bool) -> None:
        if self.model.issuers[who].state in ("Unbonding", "Banned"):
            return
        self.chain.providers.record_window(who, {0: passed})
        self.chain.issuance.window_counted(who, passed)
        self.model.window(who, passed)

    def window(self) -> None:
        for who in self.everybody:
            self.probe(who, True)

    def missed(self) -> None:
        who = self.random.choice(self.everybody)
        for _ in range(self.random.randint(1, 6)):
            self.probe(who, False)

    def outage(self) -> None:
        some = self.random.randint(1, min(4, len(self.everybody)))
        for who in self.random.sample(self.everybody, some):
            for _ in range(self.random.randint(5, 30)):
                self.probe(who, False)

    def recovery(self) -> None:
        for who in self.everybody:
            for _ in range(40):
                self.probe(who, True)

    def redeem(self) -> None:
        who = self.random.choice(PEOPLE)
        x = self.random.choice((COIN, 100 * COIN, 3_000 * COIN, 20_000 * COIN))
        free, first = self.chain.balances.free_balance(who), self.chain.redemption.next_ticket
        if free < x * 103 // 100 + 2 * ED:
            return
        fee = self.model.redeem(x)
        call = self.chain.redemption.redeem.call(x, r.Service.Train, CPU_CLASS, 0, bytes(32))
        self.call("redeem", who, call, fee is not None)
        if fee is not None:
            assert free - x - self.chain.balances.free_balance(who) == fee
            for number in range(first, self.chain.redemption.next_ticket):
                amount = self.chain.redemption.tickets[number].amount
                self.model.tickets[number] = Ticket(amount, queued_at=self.model.now)

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
            self.model.accept(number)
        elif ticket.state == "Accepted" and not ticket.is_ready:
            self.call("ready", ticket.server, calls.ready.call(number), True)
            self.model.said(number, ready=True)
        elif ticket.state == "Accepted":
            self.call("begin", owner, calls.begin.call(number), True)
            self.model.said(number, begun=True)
        elif ticket.state == "Running":
            self.call("deliver", ticket.server, calls.deliver.call(number, bytes(32)), True)
            self.model.deliver(number)
        elif ticket.state == "Delivered":
            self.call("confirm", owner, calls.confirm.call(number), True)
            self.model.settle(number)

    def cancel(self) -> None:
        waiting = [n for n, ticket in self.model.tickets.items() if ticket.state == "Queued"]
        if waiting:
            number = self.random.choice(waiting)
            found = self.chain.redemption.tickets[number]
            call = self.chain.redemption.cancel.call(number)
            self.call("cancel", found.owner, call, self.model.cancel(number))

    def wait(self) -> None:
        for _ in range(self.random.choice((2, 7, 14, 32))):
            self.block()

    def block(self) -> None:
        """End the block on both sides, compare, and begin the next on both sides."""
        self.report()
        self.chain.run()
        self.model.end_block()
        self.compare_headers()
        self.model.begin_block(self.market_now)
        self.told()
        self.compare_books()

    def told(self) -> None:
        """Tell the model what the beacon drew."""
        borne = 0
        for event in self.chain.events:
            if isinstance(event, r.LossShared):
                self.model.bear(event.ticket, event.amount)
                borne = event.amount
                self.done[f"loss in {self.model.mode}"] += 1
            elif isinstance(event, r.Matched):
                number = event.ticket
                whole = number if number in self.model.tickets else self.whole(event.piece_of, number)
                self.model.matched(number, whole, event.server, event.amount, borne)
                borne = 0
            elif isinstance(event, TakenBack):
                self.done["taken back"] += 1

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
        assert figures.work == model.work
        assert figures.mode.name == model.mode
        waiting = [ticket for ticket in model.tickets.values() if ticket.state == "Queued"]
        assert (figures.queue, figures.queued) == (len(waiting), sum(each.amount for each in waiting))
        self.done[figures.mode.name] += 1
        self.done["standard"] += figures.standard > 1
        self.done["late"] += any(each.late for each in model.tickets.values())
        self.done["slash"] += bool(model.slashes)
        self.done["reward"] += bool(model.promised)

    def compare_books(self) -> None:
        """What the block that opened has made of it: deficits, slashes, fees, the reserve, tickets."""
        chain, model = self.chain, self.model
        assert (chain.ledger.supply, chain.ledger.orphaned) == (model.supply, model.orphaned)
        assert chain.balances.free_balance(RESERVE) == model.reserve
        assert {who for who in (*ISSUERS, *NEWCOMERS) if who in chain.providers.providers} == set(
            model.issuers
        )
        for who, issuer in model.issuers.items():
            provider, debt = chain.providers.providers[who], chain.ledger.debt_of(who)
            assert (debt.owed, debt.assigned) == (issuer.owed, issuer.assigned)
            assert (provider.bond, provider.tier.name) == (issuer.bond, issuer.tier)
            assert provider.state.name == issuer.state
            self.done[issuer.state] += 1
            if provider.state in (ProviderState.Unbonding, ProviderState.Banned):
                continue
            assert (provider.capacity, provider.mean) == (model.capacity(issuer), issuer.mean)
            vesting, waiting = chain.issuance.vesting.get(who), chain.providers.unbonding.get(who)
            assert (vesting.amount if vesting else 0) == issuer.unvested
            assert (waiting.amount if waiting else 0) == issuer.leaving


def walk(seed: int, steps: int) -> Machine:
    """One machine, taken so many random steps, and drained."""
    machine = Machine(seed)
    for _ in range(steps):
        machine.any_step()
    machine.block()
    machine.chain.try_state()
    return machine


@settings(max_examples=12)
@given(st.integers(0, 2**32))
@example(4_000_000_000)  # Red begins when orphan debt of several is there for one to take back
def test_chain_and_model_agree_after_every_block(seed: int) -> None:
    machine = walk(seed, 120)
    machine.drain()


def test_minting_counts_less_once_the_standard_has_lagged_for_half_a_year() -> None:
    machine = Machine(1)
    machine.market_now = machine.model.first_price // 10, machine.model.first_work * 5
    for day in range(185):
        machine.window()
        machine.block()
        if day % 20 == 0:
            machine.mint()
    counted, of = machine.model.lag_now()
    assert 100 * of > 125 * counted
    for _ in range(10):
        machine.mint()
    assert machine.done["mint refused"]
    assert machine.done["standard"]


def test_the_walk_goes_everywhere() -> None:
    """Fixed seeds reach every mode, every kind of step, and success as well as refusal."""
    done: Counter[str] = Counter()
    for seed in range(14):
        done += walk(seed, 150).done
    wanted = ["mint", "mint refused", "burn", "bond", "unbond", "unbond refused", "withdraw", "redeem"]
    wanted += ["accept", "ready", "begin", "deliver", "confirm", "cancel", "steal refused", "claim", "notice"]
    wanted += ["novate", "novate refused", "register", "ban", "vote", "standard"]
    wanted += ["late", "slash", "reward", "taken back"]
    wanted += ["loss in Orange", "loss in Red"]
    wanted += ["Green", "Yellow", "Orange", "Red", "WindDown"]
    wanted += [state.name for state in ProviderState]
    assert [name for name in wanted if not done[name]] == []
