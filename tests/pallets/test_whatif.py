"""WhatIf: a look leaves nothing, enactment does what it saw, and everything wrong is refused by name."""

from __future__ import annotations

import pytest

from governance.whatif import LOOK, Effect, Figure, Look, effect_of, simulate
from governance.whatif import types as t
from governance.whatif.band import effect, outside
from pallets.issuance import Issuance
from pallets.ledger import Ledger
from pallets.providers import Providers
from pallets.system import System
from pallets.system.types import Remarked
from pallets.utility import Utility
from runtime.api import call as ask
from runtime.frame import Call, Exhausted, Root, Signed
from runtime.frame.coin import Mode, Tier
from runtime.frame.governance import Outlook
from runtime.frame.late import RuntimeCall, RuntimeOrigin
from runtime.scale import U128, codec_of
from runtime.state.overlay import LAYERS_MAX
from runtime.types import dispatch as d
from runtime.types.account import Address
from runtime.types.block import Header
from support.coin import ALICE, ISSUERS
from support.whatif import PPB, WhatIfChain

TIGHT = 1_300_000_000
STILL = Effect(supply=0, effective=0, coverage=0, margin=0, wait=0, headroom=0)


@pytest.fixture
def chain() -> WhatIfChain:
    return WhatIfChain()


# Looking.


def test_a_look_leaves_neither_state_nor_events_nor_anything_that_the_next_block_sees(
    chain: WhatIfChain,
) -> None:
    """Two chains alike, one of which looks at everything it can: their headers stay the same."""
    headers: list[Header] = []
    for is_looking in (False, True):
        chain = WhatIfChain()
        for _ in range(3):
            chain.submit(chain.balances.transfer_keep_alive.call(Address(ALICE), 5), ISSUERS[0])
            if is_looking:
                before = dict(chain.builder.overlay.values), list(chain.builder.overlay.events)
                for call in _calls(chain):
                    chain.look(call)
                    chain.look(call, Signed(ALICE))
                after = chain.builder.overlay.values
                assert {key: after[key] for key in before[0]} == before[0]
                assert chain.builder.overlay.events == before[1]
            chain.next_block()
        headers.append(chain.header)
    assert headers[0] == headers[1]


def test_a_look_sees_the_end_of_the_block_fees_and_flags_included(chain: WhatIfChain) -> None:
    chain.submit(chain.balances.transfer_keep_alive.call(Address(ALICE), 5), ISSUERS[0])
    found = chain.look(chain.set(Issuance, kappa_ppb=1_300_000_000))
    chain.next_block()
    assert found.before == Outlook(
        supply=chain.solvency.coverage.supply,
        effective=chain.solvency.coverage.effective,
        coverage_ppb=chain.solvency.coverage.ratio_ppb,
        margin=chain.solvency.coverage.margin,
        wait_hours=chain.solvency.coverage.wait_hours,
        headroom=found.before.headroom,
        mode=Mode.Green,
        deficient=0,
    )
    assert found.refusal is None
    assert found.after == found.before.replace(headroom=found.after.headroom)
    assert found.after.headroom < found.before.headroom


def test_the_headroom_is_what_one_issuer_with_bond_enough_could_mint(chain: WhatIfChain) -> None:
    """To the coin: so many are minted, and not one more; and where too many exist, it says how many."""
    room = chain.outlook().headroom
    kappa, effective, supply = 1_250_000_000, chain.providers.effective, chain.ledger.supply
    loss = max(
        100 * chain.providers.effective_of(who)
        - 105 * min(chain.providers.bond_of(who), chain.ledger.debt_of(who).owed)
        for who in ISSUERS
    )
    assert room == min(effective * PPB // kappa, (100 * effective - loss) // 105) - supply
    chain.root(chain.set(Issuance, kappa_ppb=2_000_000_000))
    chain.root(chain.set(Ledger, U128, supply=chain.providers.effective))
    assert chain.outlook().headroom == chain.providers.effective // 2 - chain.providers.effective


def test_a_look_in_a_hook_does_not_miss_what_the_author_has_still_to_say(chain: WhatIfChain) -> None:
    """The time of the block comes in behind the opening hooks; and such a block is executed again alike."""
    call = chain.set(Issuance, kappa_ppb=1_300_000_000)
    plan = chain.levers.__dict__["plan"]
    chain.root(chain[System].set_storage.call(((plan.key, chain.host.codec(RuntimeCall).encode(call)),)))
    chain.run()
    chain.next_block()
    assert chain.issuance.kappa_ppb == 1_300_000_000


def test_a_look_costs_what_it_says(chain: WhatIfChain) -> None:
    call = chain.set(Issuance, kappa_ppb=1_300_000_000)
    assert chain.look(call).weight == simulate.weight_of(call) == LOOK + call.weight
    batch = chain[Utility].batch.call((call,) * 3)
    assert chain.look(batch).weight == LOOK + batch.weight
    refused = chain[Utility].batch.call((chain.levers.fault.call(),))
    assert chain.look(refused).weight == LOOK + refused.weight


def test_a_proposal_is_looked_at_by_the_filters_of_the_chain_whoever_asks_for_the_look(
    chain: WhatIfChain,
) -> None:
    """A proxy that may do nothing else may still submit a proposal that does something."""
    seen: list[Look] = []
    remark = chain[System].remark_with_event.call(b"")

    def only_this(call: Call) -> bool:
        if not seen:
            seen.append(chain.look(remark, Signed(ALICE)))
        return call is not remark

    chain.host.dispatch(chain[System].remark.call(b""), Signed(ALICE), only=only_this)
    assert seen[0].refusal is None


def test_where_layers_nest_too_deep_nothing_is_looked_at(chain: WhatIfChain) -> None:
    overlay = chain.host.overlay
    marks = [overlay.open() for _ in range(LAYERS_MAX)]
    with pytest.raises(Exhausted):
        chain.look(chain.set(Issuance, kappa_ppb=1_300_000_000))
    overlay.undo(marks.pop())
    assert isinstance(chain.look(chain.set(Issuance, kappa_ppb=1_300_000_000)).refusal, t.BlockBroken)
    while marks:
        overlay.undo(marks.pop())
    assert chain.look(chain.set(Issuance, kappa_ppb=1_300_000_000)).refusal is None


# Refusals: each by name, and each leaves as little of an enactment as of a look.


def refusal_of(chain: WhatIfChain, call: Call, band: Effect | None = None) -> t.Refusal | None:
    """Why a call is not enacted; nothing of it remains, and a look that has no band says the same."""
    values, events = dict(chain.host.overlay.values), list(chain.host.overlay.events)
    seen = chain.look(call)
    found = chain.enact(call, band)
    assert found.refusal is not None
    after = chain.host.overlay.values
    assert {key: after[key] for key in values} == values
    assert chain.host.overlay.events == events
    if band is None:
        assert seen == found
    chain.run()
    return found.refusal


def test_a_call_that_is_refused(chain: WhatIfChain) -> None:
    burn = chain.issuance.burn.call(ISSUERS[0], 1)
    assert refusal_of(chain, burn) == t.CallRefused(d.BadOrigin())
    wrong = chain.providers.set_tier.call(ALICE, Tier.Attested, 7)
    refused = refusal_of(chain, wrong)
    assert isinstance(refused, t.CallRefused)
    index = chain.runtime.pallets["Providers"].seat
    assert index is not None
    assert isinstance(refused.error, d.Module)
    assert refused.error.error.index == index.index


def test_a_call_that_is_broken_stops_no_chain(chain: WhatIfChain) -> None:
    assert refusal_of(chain, chain.levers.fault.call()) == t.CallBroken("Levers.fault: ValueError")


def test_what_a_call_writes_fits_where_it_is_kept(chain: WhatIfChain) -> None:
    """Written values are encoded when the outermost layer closes; a look does not wait for that."""
    assert refusal_of(chain, chain.levers.write.call(256)) == t.CallBroken("Levers.write: EncodeError")
    assert chain.enact(chain.levers.write.call(255)).refusal is None


def test_an_invariant_that_would_break(chain: WhatIfChain) -> None:
    beyond = chain.set(Issuance, kappa_ppb=2_000_000_001)
    assert refusal_of(chain, beyond) == t.InvariantBroken(
        "I15", "Issuance.KappaPpb = 2000000001 is outside [1200000000, 2000000000]"
    )
    supply = chain.ledger.supply
    forged = chain.set(Ledger, U128, supply=supply + 7)
    assert refusal_of(chain, forged) == t.InvariantBroken(
        "I1", "in this block S grew by 7, the debts by 0, the balances by 0"
    )


def test_an_end_that_would_fail(chain: WhatIfChain) -> None:
    assert refusal_of(chain, chain.levers.set_trap.call()) == t.EndBroken(
        "Levers.on_finalize failed: ValueError: the trap"
    )


def test_a_worse_mode(chain: WhatIfChain) -> None:
    chain = WhatIfChain(TIGHT)
    looser = chain.set(Issuance, kappa_ppb=1_400_000_000)
    assert refusal_of(chain, looser) == t.WorseMode(Mode.Green, Mode.Yellow)
    assert chain.enact(chain.set(Issuance, kappa_ppb=1_300_000_000)).refusal is None


def test_providers_that_would_become_deficient(chain: WhatIfChain) -> None:
    looser = chain.set(Providers, beta_accountable_ppb=400_000_000)
    found = chain.look(looser)
    assert found.made_deficient == ISSUERS
    assert (found.before.deficient, found.after.deficient) == (0, 5)
    assert refusal_of(chain, looser) == t.MadeDeficient(5, ISSUERS[0])


def test_who_is_deficient_anyhow_is_not_made_so(chain: WhatIfChain) -> None:
    """One falls in the block in which the change is looked at: that is not the change's fault; and in the
    next block it is Deficient, and falls no more.
    """
    burned = chain.providers.bond_of(ISSUERS[0])
    chain.providers.take_bond(ISSUERS[0], ALICE, burned)
    found = chain.look(chain.set(Issuance, kappa_ppb=1_300_000_000))
    assert (found.before.deficient, found.after.deficient, found.refusal) == (1, 1, None)
    all_but_one = chain.look(chain.set(Providers, beta_accountable_ppb=400_000_000))
    assert all_but_one.refusal == t.MadeDeficient(4, ISSUERS[1])
    chain.run()
    assert chain.outlook().deficient == 0
    assert chain.look(chain.set(Issuance, kappa_ppb=1_300_000_000)).refusal is None


@pytest.mark.parametrize(
    ("figure", "recorded", "found"),
    [
        (Figure.Headroom, STILL, None),
        (Figure.Wait, STILL.replace(wait=25), 0),
        (Figure.Supply, STILL.replace(supply=PPB // 99), 0),
        (Figure.Effective, STILL.replace(effective=-PPB // 90), 0),
        (Figure.Coverage, STILL.replace(coverage=PPB // 99), 0),
        (Figure.Margin, STILL.replace(margin=-PPB // 90), 0),
    ],
)
def test_an_effect_outside_the_band(
    chain: WhatIfChain, figure: Figure, recorded: Effect, found: int | None
) -> None:
    """By each figure; kappa moves the headroom alone."""
    call = chain.set(Issuance, kappa_ppb=1_300_000_000)
    seen = effect_of(chain.look(call))
    assert seen is not None
    assert seen == STILL.replace(headroom=seen.headroom)
    name = figure.name.lower()
    recorded = recorded if figure == Figure.Headroom else recorded.replace(headroom=seen.headroom)
    refused = refusal_of(chain, call, recorded)
    now = seen.headroom if found is None else found
    assert refused == t.OutOfBand(figure, getattr(recorded, name), now)


def test_what_is_within_the_band_is_enacted(chain: WhatIfChain) -> None:
    call = chain.set(Issuance, kappa_ppb=1_300_000_000)
    band = effect_of(chain.look(call))
    assert band is not None
    chain.run()
    near = band.replace(headroom=band.headroom * 10 // 9, wait=24, coverage=PPB // 100)
    assert chain.enact(call, near).refusal is None
    chain.run()
    assert chain.issuance.kappa_ppb == 1_300_000_000


def test_a_world_that_moved_is_no_change_of_the_effect(chain: WhatIfChain) -> None:
    """An eighth of all coins is gone, and n1, E / S and the headroom moved further than the band is wide: the
    effect of the same change is within it.
    """
    regroup = chain.providers.set_tier.call(ISSUERS[0], Tier.Accountable, 2)
    recorded, before = effect_of(chain.look(regroup)), chain.outlook()
    assert recorded is not None
    assert recorded.margin < -PPB // 10
    for who in ISSUERS:
        chain.by(ALICE, chain.issuance.burn.call(who, chain.ledger.debt_of(who).unassigned // 8))
    chain.run()
    assert outside(STILL, effect(before, chain.outlook())) is not None
    assert chain.enact(regroup, recorded).refusal is None


def test_a_block_that_could_not_end_anyhow_is_said_to_be_broken_and_nothing_is_run(
    chain: WhatIfChain,
) -> None:
    chain.levers.trap = True
    found = chain.enact(chain[System].remark_with_event.call(b"never"))
    assert isinstance(found.refusal, t.BlockBroken)
    assert "Levers.on_finalize failed: ValueError: the trap" in found.refusal.what
    assert effect_of(found) is None
    assert not [each for each in chain.events if isinstance(each, Remarked)]
    chain.levers.trap = False


def test_what_is_said_of_a_fault_is_bounded(chain: WhatIfChain) -> None:
    found = chain.look(chain.levers.set_trap.call())
    refused = t.EndBroken("é" * t.TEXT_MAX)
    assert simulate._text(refused.what) == "é" * (t.TEXT_MAX // 2)  # pyright: ignore[reportPrivateUsage]
    assert codec_of(Look).decode(codec_of(Look).encode(found)) == found


# Enacting.


def test_what_was_enacted_remains_with_its_events_and_the_block_ends_as_forecast(chain: WhatIfChain) -> None:
    regroup = chain.providers.set_tier.call(ISSUERS[0], Tier.Accountable, 2)
    kappa = chain.set(Issuance, kappa_ppb=1_300_000_000)
    call = chain[Utility].batch_all.call((regroup, kappa))
    count = len(chain.events)
    forecast = chain.look(call)
    assert len(chain.events) == count
    assert chain.enact(call, effect_of(forecast)) == forecast
    assert len(chain.events) > count
    assert chain.outlook() == forecast.after
    chain.run()
    assert chain.issuance.kappa_ppb == 1_300_000_000
    assert chain.solvency.coverage.margin == forecast.after.margin < forecast.before.margin


# Asking a state.


def test_anybody_may_ask_a_state_and_nothing_of_it_remains(chain: WhatIfChain) -> None:
    chain.next_block()
    call = chain.set(Issuance, kappa_ppb=1_300_000_000)
    encode = chain.host.codec
    asked = encode(RuntimeCall).encode(call) + encode(RuntimeOrigin).encode(Root())
    before = dict(chain.builder.overlay.values), chain.host.number, chain.host.phase
    raw = ask(chain.runtime, chain.state, chain.header, "WhatIfApi_look", asked)
    found = codec_of(Look).decode(raw)
    assert (dict(chain.builder.overlay.values), chain.host.number, chain.host.phase) == before
    assert found == chain.look(call)
    raw = ask(chain.runtime, chain.state, chain.header, "WhatIfApi_outlook", b"")
    assert codec_of(Outlook).decode(raw) == found.before
    chain.next_block()


def test_a_call_that_no_block_has_room_for_is_not_run_for_whoever_asks(chain: WhatIfChain) -> None:
    chain.next_block()
    heavy = chain[Utility].batch.call((chain.levers.fault.call(),) * 8_000 + (chain.set(Ledger, supply=1),))
    heavy = chain[Utility].batch.call((heavy,) * 20)
    encode = chain.host.codec
    asked = encode(RuntimeCall).encode(heavy) + encode(RuntimeOrigin).encode(Root())
    found = codec_of(Look).decode(ask(chain.runtime, chain.state, chain.header, "WhatIfApi_look", asked))
    assert found.refusal == t.CallRefused(d.Exhausted())


def _calls(chain: WhatIfChain) -> list[Call]:
    """One call for each way in which a look can end."""
    return [
        chain.set(Issuance, kappa_ppb=1_300_000_000),
        chain.set(Issuance, kappa_ppb=3_000_000_000),
        chain.set(Providers, beta_accountable_ppb=400_000_000),
        chain.providers.set_tier.call(ISSUERS[0], Tier.Accountable, 2),
        chain.levers.fault.call(),
        chain.levers.write.call(256),
        chain.levers.set_trap.call(),
        chain[System].remark_with_event.call(b"heard by nobody"),
    ]
