"""The kitchen sink on a chain: each feature of the frame does what the tour says of it."""

from __future__ import annotations

from typing import Any

import pytest

from pallets.balances import Balances
from pallets.kitchensink import KitchenSink
from pallets.kitchensink.pallet import POSTPONED_MAX, TAKE_DOWN, TEMPERATURE
from pallets.kitchensink.types import (
    BellRung,
    Caretaker,
    NoSuchNotice,
    Notice,
    NotTheCaretaker,
    NotYours,
    PinDeposit,
    Pinned,
    PostponedDone,
    TooLate,
    TooMany,
    Unpinned,
)
from pallets.system import System
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from pallets.utility import Utility
from pallets.utility.types import BatchInterrupted
from runtime.executive.validate import Validator
from runtime.frame import BadOrigin, FundsUnavailable, NoError, NoEvent, Pallet, Root, Signed
from runtime.frame.constant import constants_of
from runtime.frame.host import CallFiltered
from runtime.frame.interfaces import Beacon, Fungibles
from runtime.frame.invalid import InvalidBlock, InvariantBroken
from runtime.frame.late import RuntimeCall, RuntimeHoldReason, RuntimeOrigin
from runtime.frame.parameter import OutOfBounds
from runtime.frame.validity import BadMandatory, CallInvalid, CustomInvalid, MandatoryValidation, Stale
from runtime.scale import Err, Ok
from runtime.spec import EXTENSIONS, RuntimeSpec, SeatSpec
from runtime.testing import TestChain, refuses
from runtime.types import Address, Weight
from runtime.types import dispatch as told

ALICE, BOB, EVE, DUST = (bytes([n]) * 32 for n in (1, 2, 3, 9))
FUNDS = 10**12
DEPOSIT = 1_000_000
PALLETS = (System, Timestamp, Balances, TransactionPayment, Utility, KitchenSink)
CONFIG: dict[str, dict[str, Any]] = {
    "Balances": {"existential_deposit": 500, "dust_account": DUST},
    "TransactionPayment": {"fee_account": DUST},
    "KitchenSink": {"lifetime": 3, "notices_per_block_max": 4},
}
GENESIS: dict[str, dict[str, Any]] = {
    "Balances": {"balances": [[ALICE, FUNDS], [BOB, FUNDS], [DUST, FUNDS]]},
    "KitchenSink": {"caretaker": BOB, "stickers": [[ALICE, 7, 10]]},
}


@pytest.fixture
def chain() -> TestChain:
    return TestChain(*PALLETS, config=CONFIG, genesis=GENESIS)


def test_a_notice_holds_a_deposit_and_comes_down_when_it_expires(chain: TestChain) -> None:
    sink, coin = chain[KitchenSink], chain[Balances]
    chain.submit(sink.pin.call(b"hello"), ALICE)
    assert sink.notices[0] == Notice(ALICE, b"hello", DEPOSIT, until=4)
    assert coin.on_hold(PinDeposit(), ALICE) == DEPOSIT
    chain.assert_event(Pinned(0, ALICE))
    chain.try_state()
    chain.run_to(5)
    assert 0 not in sink.notices
    assert coin.on_hold(PinDeposit(), ALICE) == 0
    assert list(sink.expiries.keys()) == []
    assert sink.swept_until == 5


def test_the_owner_takes_a_notice_down_for_free(chain: TestChain) -> None:
    sink, coin = chain[KitchenSink], chain[Balances]
    chain.submit(sink.pin.call(b""), ALICE)
    before = coin.total_balance(ALICE)
    with refuses(chain, NotYours, "NotYours: Somebody else pinned the notice."):
        chain.dispatch(sink.unpin.call(0), Signed(EVE))
    chain.submit(sink.unpin.call(0), ALICE)
    assert coin.total_balance(ALICE) == before
    with refuses(chain, NoSuchNotice):
        chain.dispatch(sink.unpin.call(0), Signed(ALICE))
    with refuses(chain, FundsUnavailable):
        chain.dispatch(sink.pin.call(b""), Signed(EVE))


def test_the_deposit_moves_within_its_bounds(chain: TestChain) -> None:
    sink = chain[KitchenSink]
    chain.dispatch(sink.set_deposit.call(5), Root())
    assert sink.deposit == 5
    with refuses(chain, OutOfBounds, "Deposit = 0 is outside [1, 1000000000000]"):
        chain.dispatch(sink.set_deposit.call(0), Root())


def test_the_caretaker_acts_on_the_pallets_own_authority_and_on_nothing_else(chain: TestChain) -> None:
    sink = chain[KitchenSink]
    chain.submit(sink.pin.call(b"rude"), ALICE)
    sweep = sink.sweep.call(0)
    for origin in (Signed(BOB), Root()):
        with refuses(chain, BadOrigin):
            chain.dispatch(sweep, origin)
    with refuses(chain, NotTheCaretaker):
        chain.dispatch(sink.as_caretaker.call(sweep), Signed(ALICE))
    for foreign in (chain[System].remark.call(b""), chain[Utility].batch.call((sweep,))):
        with refuses(chain, BadOrigin if foreign.info.pallet == "System" else CallFiltered):
            chain.dispatch(sink.as_caretaker.call(foreign), Signed(BOB))
    applied = chain.submit(sink.as_caretaker.call(sweep), BOB)
    assert applied.failure is None
    assert applied.weight.ref_time < sink.as_caretaker.call(sweep).weight.ref_time + 1
    chain.assert_event(Unpinned(0))


def test_a_stored_call_is_made_at_its_block_and_its_end_is_told(chain: TestChain) -> None:
    sink, coin = chain[KitchenSink], chain[Balances]
    pay = coin.force_transfer.call(Address(ALICE), Address(EVE), 1_000)
    fail = coin.force_transfer.call(Address(EVE), Address(BOB), FUNDS)
    with refuses(chain, TooLate):
        chain.dispatch(sink.postpone.call(1, pay), Root())
    chain.dispatch(sink.postpone.call(3, pay), Root())
    chain.dispatch(sink.postpone.call(3, fail), Root())
    chain.next_block()
    assert sink.postponed[3] == (pay, fail)
    assert chain.host.codec(RuntimeCall).decode(chain.host.codec(RuntimeCall).encode(pay)) == pay
    chain.next_block()
    assert coin.free_balance(EVE) == 1_000
    assert 3 not in sink.postponed
    assert [event for event in chain.events if isinstance(event, PostponedDone)] == [
        PostponedDone(Ok(())),
        PostponedDone(Err(told.Token(told.FundsUnavailable()))),
    ]
    chain.next_block()
    for _ in range(POSTPONED_MAX):
        chain.dispatch(sink.postpone.call(9, pay), Root())
    with refuses(chain, TooMany):
        chain.dispatch(sink.postpone.call(9, pay), Root())


def test_the_bell_needs_no_signature_but_the_right_number(chain: TestChain) -> None:
    sink = chain[KitchenSink]
    with pytest.raises(Stale):
        chain.submit_unsigned(sink.ring.call(2))
    chain.submit_unsigned(sink.ring.call(1))
    chain.assert_event(BellRung(1))
    with pytest.raises(CallInvalid):
        chain.submit_unsigned(sink.promise.call(1))
    with refuses(chain, BadOrigin):
        chain.dispatch(sink.ring.call(2), Signed(ALICE))
    chain.next_block()
    validator = Validator(
        chain.runtime.parts, chain.state, number=chain.number, parent_hash=chain.header.hash
    )
    raw = chain.runtime.parts.codec.bare(sink.ring.call(2))
    valid = validator.validate(chain.runtime.decode(raw))
    assert (valid.provides, valid.longevity) == ((b"bell\2\0\0\0",), 16)


def test_the_temperature_is_the_authors_to_tell_and_the_importers_to_check(chain: TestChain) -> None:
    sink, builder = chain[KitchenSink], chain.builder
    observed = {TEMPERATURE: (21).to_bytes(4, "little")}
    _, thermometer = builder.inherents(observed | {b"timstap0": (9**15).to_bytes(8, "little")})
    extrinsic = chain.runtime.decode(thermometer)
    assert str(extrinsic.call) == "KitchenSink.set_temperature"
    builder.apply(thermometer)
    assert sink.temperature == 21
    builder.check_inherents({TEMPERATURE: (26).to_bytes(4, "little")}, (extrinsic,))
    with pytest.raises(InvalidBlock) as refusal:
        builder.check_inherents({TEMPERATURE: (27).to_bytes(4, "little")}, (extrinsic,))
    assert str(refusal.value) == "the inherent of KitchenSink is wrong: 21 degrees, and it is 27"
    with pytest.raises(BadMandatory):
        chain.submit(sink.set_temperature.call(1), ALICE)
    validator = Validator(chain.runtime.parts, chain.state, number=1, parent_hash=chain.header.hash)
    with pytest.raises(MandatoryValidation):
        validator.validate(extrinsic)


def test_without_a_caretaker_nobody_pins_not_even_inside_a_batch() -> None:
    chain = TestChain(*PALLETS, config=CONFIG, genesis=GENESIS | {"KitchenSink": {}})
    pin = chain[KitchenSink].pin.call(b"")
    with refuses(chain, CallFiltered):
        chain.dispatch(pin, Signed(ALICE))
    chain.submit(chain[Utility].batch.call((pin,)), ALICE)
    chain.assert_event(BatchInterrupted(0, told.BadOrigin()))
    assert chain[KitchenSink].next_id == 0


def test_a_sweep_takes_what_weight_there_is_and_goes_on_in_the_next_block(chain: TestChain) -> None:
    sink = chain[KitchenSink]
    for _ in range(6):
        chain.submit(sink.pin.call(b""), ALICE)
    chain.run_to(5)
    assert len(list(sink.notices)) == 2
    chain.run_to(6)
    assert len(list(sink.notices)) == 0
    assert sink.on_idle(9, Weight(0, 0)).ref_time < TAKE_DOWN.ref_time


def test_a_block_that_breaks_an_invariant_is_invalid_and_the_refusal_names_it(chain: TestChain) -> None:
    sink = chain[KitchenSink]
    chain.submit(sink.pin.call(b""), ALICE)
    chain.dispatch(sink.promise.call(10), Signed(ALICE))
    sink.coin.release(PinDeposit(), ALICE, 1)
    with pytest.raises(InvariantBroken) as broken:
        chain.builder.finish()
    assert str(broken.value) == (
        "K1 is broken: the deposit of every notice is on hold; notice 0 has 1000000, and 999999 is on hold"
    )


def test_try_state_finds_what_no_block_would(chain: TestChain) -> None:
    sink = chain[KitchenSink]
    sink.notices[0] = Notice(ALICE, b"", 0, 9)
    with pytest.raises(AssertionError, match=r"^notice 0 is from the future$"):
        chain.try_state()
    sink.next_id = 1
    with pytest.raises(AssertionError, match=r"^notice 0 would hang for ever$"):
        chain.try_state()


def test_promised_coins_stay(chain: TestChain) -> None:
    coin = chain[Balances]
    chain.dispatch(chain[KitchenSink].promise.call(FUNDS), Signed(ALICE))
    assert coin.reducible_balance(ALICE, keep_alive=False) == 0
    chain.dispatch(chain[KitchenSink].promise.call(0), Signed(ALICE))
    assert coin.reducible_balance(ALICE, keep_alive=False) == FUNDS


def test_stickers_are_fungibles(chain: TestChain) -> None:
    sink: Fungibles = chain[KitchenSink]
    chain.dispatch(chain[KitchenSink].give_stickers.call(7, Address(EVE), 4), Signed(ALICE))
    assert (sink.asset_balance(7, ALICE), sink.asset_balance(7, EVE)) == (6, 4)
    assert (sink.asset_exists(7), sink.asset_exists(8)) == (True, False)
    with refuses(chain, FundsUnavailable):
        chain.dispatch(chain[KitchenSink].give_stickers.call(7, Address(EVE), 7), Signed(ALICE))


def test_constants_reasons_and_origins_reach_clients(chain: TestChain) -> None:
    sink = chain[KitchenSink]
    assert {each.name: each.value for each in constants_of(sink)} == {
        "Lifetime": 3,
        "NoticesPerBlockMax": 4,
        "TextBytesMax": 256,
    }
    assert chain.host.codec(RuntimeHoldReason).encode(PinDeposit()) == bytes([5, 0])
    codec = chain.host.codec(RuntimeOrigin)
    assert codec.encode(Signed(ALICE)) == bytes([0, 1]) + ALICE
    assert codec.decode(bytes([5, 0])) == Caretaker()


class Dice(Pallet[NoEvent, NoError]):
    """A beacon that always says the same."""

    def randomness(self) -> bytes:
        return (1).to_bytes(32, "little")

    def is_biasable(self) -> bool:
        return True


def test_a_beacon_is_given_where_there_is_one() -> None:
    assert issubclass(Dice, Beacon)
    chain = TestChain(*PALLETS, Dice, config=CONFIG, genesis=GENESIS)
    sink = chain[KitchenSink]
    assert sink.notice_of_the_day() is None
    chain.submit(sink.pin.call(b"first"), ALICE)
    chain.submit(sink.pin.call(b"second"), ALICE)
    assert sink.beacons == (chain[Dice],)
    answer = chain.runtime.apis.call("KitchenSinkApi_notice_of_the_day", b"")
    assert answer == chain.host.codec(Notice | None).encode(sink.notices[1])


def test_a_transaction_with_a_deadline_stays_out_when_it_is_late() -> None:
    names = [each.__name__ for each in PALLETS]
    spec = RuntimeSpec(
        spec_version=1,
        pallets=tuple(
            SeatSpec(index=index, pallet=name, config=CONFIG.get(name, {}))
            for index, name in enumerate(names)
        ),
        extensions=(*EXTENSIONS, "CheckDeadline"),
    )
    chain = TestChain(*PALLETS, spec=spec, genesis=GENESIS)
    pin = chain[KitchenSink].pin.call(b"")
    chain.run_to(5)
    for deadline in (None, 5, 9):
        assert chain.submit(pin, ALICE, extras={"CheckDeadline": deadline}).failure is None
    before = chain[Balances].free_balance(ALICE)
    with pytest.raises(CustomInvalid, match=r"^InvalidTransaction custom error 1$"):
        chain.submit(pin, ALICE, extras={"CheckDeadline": 4})
    assert chain[Balances].free_balance(ALICE) == before
    chain.next_block()


def test_expiries_are_listed_a_step_at_a_time_when_an_old_chain_is_upgraded(chain: TestChain) -> None:
    """Version 0 is made by hand: notices, and no expiries."""
    sink = chain[KitchenSink]
    for _ in range(3):
        chain.submit(sink.pin.call(b""), ALICE)
    cursor: bytes | None = b""
    sink.expiries.clear(limit=10)
    steps = 0
    while cursor is not None:
        cursor = sink.list_expiries(cursor)
        steps += 1
    assert steps == 4
    chain.try_state()


def test_an_inherent_behind_a_transaction_makes_a_block_invalid(chain: TestChain) -> None:
    sink = chain[KitchenSink]
    chain.submit_unsigned(sink.ring.call(1))
    with pytest.raises(
        InvalidBlock, match=r"^an inherent stands behind a transaction: inherents come first$"
    ):
        chain.submit_unsigned(sink.set_temperature.call(1))
