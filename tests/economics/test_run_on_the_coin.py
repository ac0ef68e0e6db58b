"""A run on the coin, on the real runtime: everything is redeemed in one block while a part of all capacity is
dead.
"""

from __future__ import annotations

import pytest

from node.economy.run import HOLDERS, RunOutcome, run
from pallets.redemption import Redemption

KNOWN_HOURS = 72
"""Five windows, two that count neither way, and those for which a dead server's ticket excused it."""
EVEN_PPB = 1_000
"""A millionth: fees of the run itself go to the reserve, so the share falls by less than that."""


def told(outcome: RunOutcome) -> None:
    """The table, for whoever reads the test's output."""
    print(f"\n{outcome.dead_percent} % dead, {outcome.mode}, W_max {outcome.wait_hours} h")
    print(
        "place  redeemed          early             borne             served            per coin     waited h"
    )
    for each in outcome.holders:
        print(
            f"{each.place:5}  {each.redeemed:<16}  {each.early:<16}  {each.borne:<16}  {each.served:<16}  "
            f"{each.service_ppb / 10**9:.9f}  {each.last_hours}"
        )


def test_a_fifth_is_dead_and_everybody_is_served_in_time() -> None:
    outcome = run(20)
    told(outcome)
    assert len(outcome.holders) == len(HOLDERS)
    assert outcome.unserved == 0
    for holder in outcome.holders:
        assert holder.served == holder.redeemed > 0
        assert holder.last_hours <= outcome.wait_hours


def test_more_is_dead_and_the_loss_is_shared_evenly() -> None:
    """Nobody gains by being first: who comes first gets least, if by less than a millionth."""
    outcome = run(30)
    told(outcome)
    assert outcome.mode == "Red"
    assert 20 * outcome.orphaned > outcome.supply
    assert outcome.unserved == 0
    rates = [holder.service_ppb for holder in outcome.holders]
    assert all(holder.served + holder.borne == holder.redeemed for holder in outcome.holders)
    assert max(rates) - min(rates) <= EVEN_PPB
    assert rates == sorted(rates)
    assert max(rates) < 10**9
    assert all(holder.last_hours <= outcome.wait_hours for holder in outcome.holders)


@pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])
def test_nobody_gains_by_being_first(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who are left owe less than all holders have. Defence: everybody bears the same share of what
    nobody serves; without it the first are served in full, and the last not at all.
    """
    if not is_defended:
        monkeypatch.setattr(Redemption, "_bear_loss", lambda self, number, ticket: ticket)
    outcome = run(75)
    told(outcome)
    rates = [holder.service_ppb for holder in outcome.holders]
    if is_defended:
        assert outcome.unserved == 0
        assert max(rates) - min(rates) <= EVEN_PPB
    else:
        assert rates[0] == 10**9
        assert rates[-1] == 0


@pytest.mark.parametrize("dead", [30, 60])
def test_who_runs_on_the_very_day_gains_only_what_was_begun_before_anybody_could_know(dead: int) -> None:
    """Until five windows are missed nobody knows: what a server was drawn for by then is served in full. Of
    all the dead it is not known in the same hour; two thirds come later, and bear the same to a millionth.
    """
    outcome = run(dead, at_once=True)
    told(outcome)
    assert outcome.unserved == 0
    assert outcome.known_hours is not None
    assert outcome.known_hours <= KNOWN_HOURS
    late = outcome.holders[len(HOLDERS) // 3 :]
    assert not any(holder.early for holder in late)
    assert max(each.service_ppb for each in late) - min(each.service_ppb for each in late) <= EVEN_PPB
    for holder in outcome.holders:
        even = holder.early + (holder.redeemed - holder.early) * late[0].service_ppb // 10**9
        gained = holder.served - even
        assert -holder.redeemed * EVEN_PPB // 10**9 <= gained <= holder.redeemed // 50
    assert sum(holder.early for holder in outcome.holders) <= 3 * outcome.holders[0].redeemed


def test_a_loss_that_is_small_is_shared_from_the_first_coin_on() -> None:
    """Less than a twentieth of all coins is nobody's debt, and becomes more than that while people redeem."""
    outcome = run(20, at_once=False)
    told(outcome)
    assert outcome.mode == "Orange"
    assert 0 < 20 * outcome.orphaned < outcome.supply
    rates = [holder.service_ppb for holder in outcome.holders]
    assert max(rates) < 10**9
    assert max(rates) - min(rates) <= EVEN_PPB
    assert rates == sorted(rates)
