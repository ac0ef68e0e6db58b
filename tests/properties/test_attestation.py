"""Attestation beside a plain model: whatever units do in a window, it ends as the rules say."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.provider.challenge import Work
from pallets.attestation import types as t
from runtime.types.fixed import PPB
from support.coin import CPU_CLASS, ISSUERS, CoinChain

ABSENT, ROOT, WORK = range(3)
"""Nothing is posted; a root without work; the work is done, and opened when drawn."""
UNITS = tuple((who, unit) for who in ISSUERS for unit in (0, 1))
"""One past its probation and one in it, of each provider."""
deeds = st.lists(st.sampled_from((ABSENT, ROOT, WORK, WORK, WORK)), min_size=10, max_size=10)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(windows=st.lists(deeds, min_size=1, max_size=3), share=st.sampled_from((PPB // 10, PPB // 2, PPB)))
def test_every_window_ends_as_the_rules_say(windows: list[list[int]], share: int) -> None:
    chain = CoinChain(drawn_ppb=share)
    for who in ISSUERS:
        chain.submit_well(chain.providers.add_units.call((CPU_CLASS,)), who)
    chain.next_block()
    waived = 0
    for number, done in enumerate(windows, start=1):
        chain.until_window()
        was_probation = [chain.providers.is_probation(who, unit) for who, unit in UNITS]
        passed_before = [chain.providers.units[who, unit].passed for who, unit in UNITS]
        misses_before = [chain.providers.missed_in_row(who) for who in ISSUERS]
        works = _post(chain, done)
        chain.until_drawn()
        drawn = [deed != ABSENT and chain.is_drawn(*key) for key, deed in zip(UNITS, done, strict=True)]
        for place, work in works.items():
            if drawn[place]:
                who, unit = UNITS[place]
                chain.submit_well(chain.attestation.open.call(unit, chain.leaves(work, who, unit)), who)
        chain.attestation.try_state()
        chain.until_window(False)

        assert all(drawn[place] for place in works if was_probation[place])
        assert share < PPB or all(drawn[place] for place, deed in enumerate(done) if deed != ABSENT)
        proven = [
            None
            if not drawn[place] and was_probation[place] and deed != ABSENT
            else deed == WORK or (deed == ROOT and not drawn[place])
            for place, deed in enumerate(done)
        ]
        missed = proven.count(False)
        is_counted = 3 * missed <= len(UNITS) or waived == t.WAIVED_MAX
        waived += not is_counted
        assert chain.attestation.last == t.Outcome(
            number, len(UNITS), missed, is_counted, excused=0, drawn=sum(drawn)
        )
        for place, (who, unit) in enumerate(UNITS):
            run = chain.providers.units[who, unit].passed
            if not is_counted:
                assert run == passed_before[place]
            elif drawn[place] and done[place] == ROOT:
                assert run == 0
            elif was_probation[place] and proven[place] is not None:
                assert run == (passed_before[place] + 1 if proven[place] else 0)
        for place, who in enumerate(ISSUERS):
            mine = [each for each in (2 * place, 2 * place + 1) if proven[each] is not None]
            judged = [each for each in mine if not was_probation[each]] or mine
            passed = all(proven[each] for each in judged)
            expected = misses_before[place] if not is_counted else 0 if passed else misses_before[place] + 1
            assert chain.providers.missed_in_row(who) == expected
        chain.attestation.try_state()


def _post(chain: CoinChain, done: list[int]) -> dict[int, Work]:
    works: dict[int, Work] = {}
    for place, ((who, unit), deed) in enumerate(zip(UNITS, done, strict=True)):
        if deed == WORK:
            works[place] = chain.work_of(who, unit)
        if deed != ABSENT:
            root = works[place].root if place in works else bytes([place]) * 32
            chain.submit_well(chain.attestation.commit.call(unit, root), who)
    return works
