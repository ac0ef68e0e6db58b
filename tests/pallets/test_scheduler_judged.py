"""What Root schedules by a call is judged when it runs, as what a referendum enacts: else who may schedule
could do later what nobody may do now.
"""

from __future__ import annotations

from typing import Any

import pytest

from genesis.coin import COIN, Backing, covering_work
from governance import whatif
from governance.preimages import Preimage
from governance.scheduler import Scheduler
from governance.scheduler import types as t
from governance.scheduler.service import AGENDA, SERVICE, SHARE, weight_of_task
from governance.whatif import types as w
from pallets.issuance import Issuance
from pallets.ledger import Ledger
from pallets.providers import Providers
from pallets.system import System
from runtime.frame import Call, Root, Signed
from runtime.frame.coin import Mode
from runtime.frame.governance import INLINE_MAX
from runtime.runtime import Runtime
from runtime.scale import U64, U128, Err, Ok, codec_of
from runtime.testing import TestChain
from runtime.types.dispatch import BadOrigin, OtherError
from support.coin import (
    AUTHOR,
    COIN_PALLETS,
    CONFIG,
    ED,
    ESCROW,
    FEES,
    ISSUERS,
    RESERVE,
    RICH,
    CoinChain,
    coin_parts,
    signed_beacon,
)

ALICE = bytes([1]) * 32
NAME = bytes([7]) * 32
LOADED: dict[str, Runtime] = {}


class TaskChain(CoinChain):
    """A coin that is covered tightly, and tasks."""

    __test__ = False

    def __init__(self) -> None:
        endowed = [(ALICE, RICH), (RESERVE, COIN), (ESCROW, ED), (FEES, ED)]
        backing = Backing(providers=ISSUERS, author=bytes(AUTHOR.verify_key))
        TestChain.__init__(
            self,
            *COIN_PALLETS,
            Preimage,
            Scheduler,
            config={**CONFIG, "Preimage": {"base_deposit": COIN, "byte_deposit": 1}},
            genesis=coin_parts([ALICE], work=covering_work(endowed, backing, 1_300_000_000)),
            logs=signed_beacon,
            runtime=LOADED.get("tasks"),
        )
        LOADED["tasks"] = self.runtime

    @property
    def scheduler(self) -> Scheduler:
        return self[Scheduler]

    def set(self, pallet: type[Any], kind: Any = U64, **values: int) -> Call:
        """A call of Root that writes numbers of a pallet, by the names of its storage."""
        places = self[pallet].__dict__
        items = tuple((places[name].key, codec_of(kind).encode(value)) for name, value in values.items())
        return self[System].set_storage.call(items)

    def outcome(self, call: Call) -> list[t.SchedulerEvent]:
        """What is told of a call that Root schedules for the next block."""
        self.root(self.scheduler.schedule_named.call(NAME, self.number + 1, None, 1, call))
        self.next_block()
        return [event for event in self.events if isinstance(event, t.SchedulerEvent)]


@pytest.fixture
def chain() -> TaskChain:
    return TaskChain()


def test_what_harms_nobody_is_done(chain: TaskChain) -> None:
    kappa = chain.set(Issuance, kappa_ppb=1_290_000_000)
    assert chain.outcome(kappa) == [t.Dispatched((chain.number, 0), NAME, Ok(()))]
    chain.next_block()
    assert chain[Issuance].kappa_ppb == 1_290_000_000
    chain.try_state()


def test_what_leads_to_a_worse_mode_is_undone(chain: TaskChain) -> None:
    looser = chain.set(Issuance, kappa_ppb=1_400_000_000)
    kappa = chain[Issuance].kappa_ppb
    assert chain.outcome(looser) == [
        t.Dispatched((chain.number, 0), NAME, Err(OtherError())),
        t.TaskReverted((chain.number, 0), NAME, w.WorseMode(Mode.Green, Mode.Yellow)),
    ]
    chain.next_block()
    assert chain[Issuance].kappa_ppb == kappa


def test_what_makes_providers_deficient_is_undone(chain: TaskChain) -> None:
    told = chain.outcome(chain.set(Providers, beta_accountable_ppb=400_000_000))
    assert told[1:] == [t.TaskReverted((chain.number, 0), NAME, w.MadeDeficient(5, ISSUERS[0]))]
    chain.next_block()


def test_what_breaks_an_invariant_is_undone_and_the_chain_goes_on(chain: TaskChain) -> None:
    supply = chain.ledger.supply
    told = chain.outcome(chain.set(Ledger, U128, supply=supply + 7))
    what = w.InvariantBroken("I1", "in this block S grew by 7, the debts by 0, the balances by 0")
    assert told[1:] == [t.TaskReverted((chain.number, 0), NAME, what)]
    chain.next_block()
    assert chain.ledger.supply == supply
    chain.try_state()


def test_what_is_refused_is_told_as_ever_and_tried_again(chain: TaskChain) -> None:
    when = chain.number + 1
    burn = chain[Issuance].burn.call(ISSUERS[0], 1)
    chain.root(chain.scheduler.schedule.call(when, None, 1, burn))
    chain.root(chain.scheduler.set_retry.call((when, 0), 1, 1))
    for block in (when, when + 1):
        chain.next_block()
        assert t.Dispatched((block, 0), None, Err(BadOrigin())) in chain.events
    assert not list(chain.scheduler.agenda) and not list(chain.scheduler.retries)


def test_a_second_try_is_judged_like_the_first(chain: TaskChain) -> None:
    when = chain.number + 1
    chain.root(chain.scheduler.schedule.call(when, None, 1, chain.set(Issuance, kappa_ppb=1_400_000_000)))
    chain.root(chain.scheduler.set_retry.call((when, 0), 1, 1))
    chain.next_block(2)
    assert t.TaskReverted((when + 1, 0), None, w.WorseMode(Mode.Green, Mode.Yellow)) in chain.events


def test_a_look_is_in_the_weight(chain: TaskChain) -> None:
    room = SHARE - SERVICE - AGENDA - weight_of_task(INLINE_MAX, 0) - whatif.LOOK
    assert room.fits(SHARE) and room.ref_time > SHARE.ref_time // 4
    before = chain.builder.weight_left
    chain.outcome(chain.set(Issuance, kappa_ppb=1_290_000_000))
    assert before.ref_time - chain.builder.weight_left.ref_time >= whatif.LOOK.ref_time


def test_who_schedules_as_a_pallet_answers_for_it_itself(chain: TaskChain) -> None:
    """As Referenda does, which judges what it enacts."""
    bound = chain[Preimage].bound(chain.set(Issuance, kappa_ppb=1_400_000_000))
    chain._replayable = False
    chain.scheduler.plan(NAME, chain.number + 1, 1, Root(), bound)
    chain.scheduler.plan(ALICE, chain.number + 1, 2, Signed(ALICE), bound)
    chain.next_block()
    assert t.Dispatched((chain.number, 0), NAME, Ok(())) in chain.events
    assert t.Dispatched((chain.number, 1), ALICE, Err(BadOrigin())) in chain.events
    assert chain[Issuance].kappa_ppb == 1_400_000_000
