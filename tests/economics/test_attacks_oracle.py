"""Attacks on the oracle, each by its name; and what no attack on it can reach: redemption."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any, get_args, get_type_hints

import pytest

from pallets.oracle import Oracle, commitment_of, value
from pallets.oracle import pallet as oracle
from pallets.oracle import types as t
from pallets.redemption import Redemption
from pallets.redemption.types import Service
from runtime.frame.coin import Oracle as OracleInterface
from runtime.frame.pallet import Pallet
from support.coin import ALICE, COIN, CPU_CLASS, ISSUERS, CoinChain
from support.reporters import BOND, REPORTERS, SALT, UNIT, WORK, OracleChain, report, seat

ONE, TWO, *_ = REPORTERS
RICH = {"bond": 15 * BOND}
defended = pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])


def no_caps(weights: Sequence[int], caps: object) -> list[int]:
    return list(weights)


def told(chain: OracleChain, prices: Sequence[int], rounds: int = 5) -> int:
    """What the oracle makes of a price of each reporter, in hundredths of the true one."""
    for _ in range(rounds):
        chain.desk.each(lambda place: (report(UNIT * prices[place] // 100),))
    chain.desk.round()
    return chain.oracle.price.value * 100 // UNIT


# Capture.


@defended
def test_many_seats_of_one_entity(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: whatever it bonds, an entity has a fifth of the weight at most."""
    if not is_defended:
        monkeypatch.setattr(oracle, "capped", no_caps)
    chain = OracleChain([*(seat(place, entity=1, **RICH) for place in range(3)), *map(seat, range(3, 8))])
    assert (told(chain, [97, 97, 97, 100, 100, 101, 101, 102]) >= 100) is is_defended


@defended
def test_many_seats_in_one_building(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: so has a failure domain."""
    if not is_defended:
        monkeypatch.setattr(oracle, "capped", no_caps)
    same = {"region": 1, "operator": 1, **RICH}
    chain = OracleChain([*(seat(place, **same) for place in range(3)), *map(seat, range(3, 8))])
    assert (told(chain, [97, 97, 97, 100, 100, 101, 101, 102]) >= 100) is is_defended


@defended
def test_one_source_is_compromised(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One venue says a hundredth of the price, as one did in June 2011. Defence: its reporters have a third
    of the weight at most, and who is far off does not count.
    """
    if not is_defended:
        monkeypatch.setattr(oracle, "capped", no_caps)
        monkeypatch.setattr("pallets.oracle.statistics.DROP_SPREADS", 1 << 60)
    chain = OracleChain([*(seat(place, source=1, **RICH) for place in range(3)), *map(seat, range(3, 8))])
    assert (told(chain, [1, 1, 1, 100, 100, 101, 101, 102]) >= 100) is is_defended


@defended
def test_buy_the_median_for_half_an_hour(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is deceived for three rounds. Defence: a great move waits for three more that confirm it."""
    if not is_defended:
        monkeypatch.setattr(value, "MOVE_PERCENT", 1 << 60)
    chain = OracleChain()
    told(chain, [100] * 5)
    assert (told(chain, [1] * 5, rounds=3) == 100) is is_defended
    assert told(chain, [100] * 5, rounds=1) == 100


@defended
def test_a_day_of_capture(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: what others use is the median of 30 daily medians; one day does not move it."""
    if not is_defended:
        monkeypatch.setattr(t, "MONTH_DAYS", 1)
    chain = OracleChain()
    days = tuple(t.Sample(UNIT, WORK) for _ in range(20))
    chain.oracle.days = days if is_defended else days[:1]
    chain.run()
    told(chain, [50] * 5, rounds=150)
    assert chain.oracle.price.value == UNIT // 2
    assert (chain.oracle.price_now() == UNIT) is is_defended


# Commit and reveal.


@defended
def test_copy_what_another_commits_to(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Free riding. Defence: what is hashed names the reporter, so another's commitment cannot be opened."""
    if not is_defended:
        monkeypatch.setattr(
            oracle, "commitment_of", lambda round_, who, *shown: commitment_of(round_, ONE, *shown)
        )
    chain = OracleChain()
    reports = (report(),)
    chain.by(ONE, chain.oracle.commit.call(commitment_of(1, ONE, reports, SALT)))
    chain.by(TWO, chain.oracle.commit.call(chain.oracle.commitments[1, ONE]))
    chain.next_block()
    chain.by(ONE, chain.oracle.reveal.call(reports, SALT))
    copied = chain.oracle.reveal.call(reports, SALT)
    if is_defended:
        with pytest.raises(t.NotWhatWasCommitted):
            chain.by(TWO, copied)
    else:
        chain.by(TWO, copied)


@defended
def test_commit_to_everything_and_show_what_suits(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: what was committed to and is not shown is off, and counts towards a slash."""
    if not is_defended:
        judge = oracle.Oracle._judge

        def lenient(self: Oracle, who: bytes, was_off: bool, was_shared: bool, now: int) -> None:
            judge(self, who, was_off and who not in hidden, was_shared, now)

        monkeypatch.setattr(oracle.Oracle, "_judge", lenient)
    hidden = (ONE,)
    chain = OracleChain()
    for number in range(t.JUDGED_ROUNDS):
        chain.desk.round(report())
        if number % 3 == 0:
            del chain.desk.pending[ONE]
    chain.desk.round()
    assert (chain.oracle.reporters[ONE].slash is not None) is is_defended


@defended
def test_leave_before_the_slash(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: coins on their way out answer still, and none leaves while a slash waits."""
    chain = OracleChain()
    slash = t.Slash(100_000_000, chain.number + 3)
    chain.by(ONE, chain.oracle.unbond.call(BOND))
    left = chain.oracle.reporters[ONE].replace(slash=slash, until=chain.number)
    chain.oracle.reporters[ONE] = left if is_defended else left.replace(slash=None)
    withdraw = chain.oracle.withdraw_unbonded.call()
    if is_defended:
        with pytest.raises(t.SlashWaits):
            chain.by(ONE, withdraw)
        chain.run()
        chain.next_block(2)
        assert chain.oracle.slashed == BOND // 10
    else:
        chain.by(ONE, withdraw)
        chain.run()
        chain.next_block(2)
        assert chain.oracle.slashed == 0


def test_all_reporters_are_off_the_net_for_twelve_hours() -> None:
    """As in April 2013: the value is Stale, nothing depends on it, nobody is slashed, and it comes back."""
    chain = OracleChain()
    told(chain, [100] * 5)
    chain.next_block(12 * 6)
    assert chain.oracle.status_of(chain.oracle.price) == t.Status.Stale
    assert chain.oracle.price_now() is None
    assert all(chain.oracle.reporters[who].off == 0 for who in REPORTERS[:5])
    told(chain, [100] * 5, rounds=1)
    assert chain.oracle.price_now() == UNIT
    chain.try_state()


# I14: no path of redemption reads the oracle.


def given_the_oracle(cls: type[Pallet[Any, Any]]) -> bool:
    """Whether a pallet is given an oracle, one or all there are."""
    hints = get_type_hints(cls)
    wanted = [hints[name] for name in cls.given()]
    return any(OracleInterface in (hint, *get_args(hint)) for hint in wanted)


def test_standards_alone_are_given_the_oracle() -> None:
    """I14, by what pallets are given: they know nothing else of one another."""
    modules = [entry.load() for entry in entry_points(group="pallets")]
    classes = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Pallet)
    }
    assert {each.__name__ for each in classes if given_the_oracle(each)} == {"Standards"}
    assert {"Redemption", "Issuance", "Ledger", "Providers"} <= {each.__name__ for each in classes}


def test_redemption_goes_its_way_beside_an_oracle_that_must_not_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """I14, by running it: tickets are queued, matched, served, failed and cancelled, and nobody asks."""

    def read(*_: object) -> None:
        raise AssertionError("the oracle was read")

    for name in ("price_now", "mainstream_now", "origin_now", "status_of"):
        monkeypatch.setattr(Oracle, name, read)
    chain = CoinChain(still="hours")
    calls = chain.redemption
    first = calls.next_ticket
    for _ in range(3):
        chain.by(ALICE, calls.redeem.call(COIN, Service.Infer, CPU_CLASS, 0, bytes(32)))
    chain.run()
    served, failed = chain.redemption.tickets[first], chain.redemption.tickets[first + 1]
    assert served.server in ISSUERS and failed.server in ISSUERS
    for who, call in (
        (served.server, calls.accept),
        (ALICE, calls.begin),
        (served.server, calls.ready),
    ):
        chain.by(who, call.call(first))
    chain.by(served.server, calls.deliver.call(first, bytes(32)))
    chain.by(ALICE, calls.confirm.call(first))
    assert first not in chain.redemption.tickets
    for _ in range(100):  # ten hours: the others fail for want of a server that accepts
        chain.run()
    assert chain[Redemption].tickets.get(first + 1) != failed
