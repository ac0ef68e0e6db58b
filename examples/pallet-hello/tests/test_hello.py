"""Hello on a chain in memory: greetings are kept, told, counted and bounded."""

from __future__ import annotations

from pallet_hello.pallet import AlreadyGreeted, Greeted, Hello, TooCrowded

from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import BadOrigin, Root, Signed
from runtime.testing import TestChain, refuses

ALICE, BOB, EVE = (bytes([number]) * 32 for number in (1, 2, 3))


def chain_for_two() -> TestChain:
    return TestChain(System, Timestamp, Hello, config={"Hello": {"greeters_max": 2}})


def test_greetings_are_kept_told_and_counted() -> None:
    chain = chain_for_two()
    hello = chain[Hello]
    chain.submit(hello.greet.call("hello"), ALICE)
    chain.assert_event(Greeted(ALICE, "hello", 1))
    chain.submit(hello.greet.call("Grüezi"), BOB)
    chain.assert_event(Greeted(BOB, "Grüezi", 2))
    chain.next_block()
    assert dict(hello.greetings.items()) == {ALICE: "hello", BOB: "Grüezi"}


def test_one_greets_once_and_while_there_is_room() -> None:
    chain = chain_for_two()
    greet = chain[Hello].greet
    chain.dispatch(greet.call("hello"), Signed(ALICE))
    with refuses(chain, AlreadyGreeted, "AlreadyGreeted: The account has said hello before."):
        chain.dispatch(greet.call("hello again"), Signed(ALICE))
    chain.dispatch(greet.call("hello"), Signed(BOB))
    with refuses(chain, TooCrowded, "TooCrowded: No more accounts may say hello."):
        chain.dispatch(greet.call("hello"), Signed(EVE))


def test_only_accounts_greet() -> None:
    chain = chain_for_two()
    with refuses(chain, BadOrigin):
        chain.dispatch(chain[Hello].greet.call("hello"), Root())
