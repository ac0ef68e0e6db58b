"""Whatever is looked at leaves the block as it was; and a band asks what a change does, never where the world
stands.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.whatif import Effect, Figure, enact, look
from governance.whatif.band import FLOOR_HOURS, FLOOR_PPB, allowed, effect, outside
from pallets.issuance import Issuance
from pallets.providers import Providers
from pallets.standards import Standards
from pallets.system import System
from pallets.utility import Utility
from runtime.frame import Call, Root, Signed
from runtime.frame.coin import Mode, Tier
from runtime.frame.governance import Outlook
from runtime.scale import codec_of
from runtime.types.account import Address
from support.coin import ALICE, ISSUERS
from support.whatif import PPB, WhatIfChain

coins = st.integers(0, 1 << 100)
signed = st.integers(-(1 << 100), 1 << 100)
hours = st.integers(0, (1 << 32) - 1)
modes = st.sampled_from(Mode)
outlooks = st.builds(
    Outlook,
    supply=coins,
    effective=coins,
    coverage_ppb=st.integers(0, (1 << 64) - 1),
    margin=signed,
    wait_hours=hours,
    headroom=signed,
    mode=modes,
    deficient=st.integers(0, 1_024),
)
effects = st.builds(Effect, **dict.fromkeys(Effect.__match_args__, signed))


# The band.


@given(outlooks, outlooks)
def test_every_effect_fits_its_type_and_lies_in_its_own_band(before: Outlook, after: Outlook) -> None:
    found = effect(before, after)
    assert codec_of(Effect).decode(codec_of(Effect).encode(found)) == found
    assert outside(found, found) is None
    assert effect(before, before) == Effect(0, 0, 0, 0, 0, 0)


@given(outlooks, signed, signed, signed, st.integers(1, 1_000))
def test_a_world_that_is_larger_or_elsewhere_has_the_same_effects(
    world: Outlook, effective: int, margin: int, headroom: int, times: int
) -> None:
    """The same change in a chain many times as large, whose figures stand elsewhere, is the same effect."""
    small = world.replace(supply=max(1, world.supply))
    large = small.replace(supply=small.supply * times, margin=world.margin + 12_345, mode=Mode.Yellow)
    one = effect(small, _moved(small, effective, margin, headroom))
    other = effect(large, _moved(large, effective * times, margin * times, headroom * times))
    assert one == other


def _moved(world: Outlook, effective: int, margin: int, headroom: int) -> Outlook:
    return world.replace(
        effective=world.effective + effective,
        margin=world.margin + margin,
        headroom=world.headroom + headroom,
    )


@given(effects, effects)
def test_the_band_is_left_where_some_figure_differs_by_more_than_is_allowed(
    recorded: Effect, found: Effect
) -> None:
    """Against the sentence of the module, in rational numbers."""
    wrong: list[Figure] = []
    for figure, name in zip(Figure, Effect.__match_args__, strict=True):
        assert figure.name.lower() == name
        was, now = getattr(recorded, name), getattr(found, name)
        floor = FLOOR_HOURS if figure == Figure.Wait else FLOOR_PPB
        if abs(now - was) > floor and 4 * abs(now - was) > abs(was):
            wrong.append(figure)
    left = outside(recorded, found)
    assert (left is None) == (not wrong)
    if left is not None:
        figure, was, now = left
        assert figure == wrong[0]
        assert (was, now) == (getattr(recorded, figure.name.lower()), getattr(found, figure.name.lower()))


@given(st.sampled_from(Figure), signed)
def test_what_is_allowed_is_the_same_either_way_and_grows_with_what_was_recorded(
    figure: Figure, recorded: int
) -> None:
    assert allowed(figure, recorded) == allowed(figure, -recorded)
    assert 0 < allowed(figure, recorded) <= allowed(figure, 2 * recorded)


# Looks.


@cache
def chain() -> WhatIfChain:
    """One chain for all examples: each leaves it as it was, which is what is tested."""
    return WhatIfChain()


kappas = st.integers(1_000_000_000, 2_200_000_000)
betas = st.integers(0, PPB)
who = st.sampled_from([*ISSUERS, ALICE])
amounts = st.sampled_from([0, 1, 10**9, 10**14, 1 << 127])


def _leaves() -> st.SearchStrategy[Call]:
    here = chain()
    return st.one_of(
        kappas.map(lambda value: here.set(Issuance, kappa_ppb=value)),
        betas.map(lambda value: here.set(Providers, beta_accountable_ppb=value)),
        st.builds(here.providers.set_tier.call, who, st.sampled_from(Tier), st.integers(0, 4)),
        st.builds(here.issuance.burn.call, who, amounts),
        st.builds(here.issuance.mint.call, amounts, amounts),
        st.builds(here.balances.transfer_allow_death.call, who.map(Address), amounts),
        st.builds(here.providers.unbond.call, amounts),
        st.just(here.providers.give_notice.call()),
        st.builds(here[Standards].set_floors.call, st.builds(_floors, st.integers(0, 1))),
        st.builds(here.levers.write.call, st.integers(0, 300)),
        st.sampled_from([here.levers.fault.call(), here.levers.set_trap.call()]),
        st.builds(here[System].remark_with_event.call, st.binary(max_size=4)),
    )


def _floors(memory_gib: int) -> Any:
    return type(chain()[Standards].floors)(memory_gib, 0)


calls = st.deferred(
    lambda: st.recursive(
        _leaves(),
        lambda inner: st.lists(inner, max_size=4).map(
            lambda found: chain()[Utility].batch.call(tuple(found))
        ),
        max_leaves=8,
    )
)
origins = st.one_of(st.just(Root()), who.map(Signed))


@given(st.lists(st.tuples(calls, origins), min_size=1, max_size=4), calls, origins)
@settings(max_examples=60, deadline=None)
def test_looks_leave_a_block_as_it_was_and_see_what_an_enactment_does(
    looked: list[tuple[Call, Any]], call: Call, origin: Any
) -> None:
    """Whatever was looked at before: a look and the enactment behind it say the same; what is refused leaves
    nothing, and what is not makes of the block what was seen.
    """
    here = chain()
    host, judge = here.host, here.solvency
    overlay = host.overlay
    mark = overlay.open()
    try:
        for other, by in looked:
            before = _written(here)
            look(host, judge, other, by)
            assert _written(here) == before
        forecast = look(host, judge, call, origin)
        before = _written(here)
        found = enact(host, judge, call, origin)
        assert found == forecast
        if found.refusal is not None:
            assert _written(here) == before
        assert host.at_end(judge.outlook) == (found.after if found.refusal is None else found.before)
    finally:
        overlay.undo(mark)


def _written(here: WhatIfChain) -> tuple[dict[bytes, Any], list[bytes]]:
    """What stands for every key that the block has written, and its events."""
    overlay = here.host.overlay
    keys = overlay.written(b"")
    return {key: overlay.values.get(key) for key in keys}, list(overlay.events)
