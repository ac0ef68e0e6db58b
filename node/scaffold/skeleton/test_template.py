"""Template on a chain in memory: what is remembered, what is told, what is refused."""

from __future__ import annotations

from pallets.system import System
from pallets.template.pallet import AlreadyStored, SomethingStored, Template
from pallets.timestamp import Timestamp
from runtime.frame import BadOrigin, Root, Signed
from runtime.testing import TestChain, refuses

ALICE, BOB = bytes([1]) * 32, bytes([2]) * 32


def chain_with_template() -> TestChain:
    return TestChain(System, Timestamp, Template)


def test_a_number_is_remembered_and_told() -> None:
    chain = chain_with_template()
    template = chain[Template]
    chain.submit(template.do_something.call(7), ALICE)
    assert template.something == 7
    chain.assert_event(SomethingStored(7, ALICE))
    chain.next_block()
    assert template.something == 7


def test_the_same_number_twice_is_refused_and_changes_nothing() -> None:
    chain = chain_with_template()
    template = chain[Template]
    chain.dispatch(template.do_something.call(7), Signed(ALICE))
    with refuses(chain, AlreadyStored, "AlreadyStored: The number is remembered already."):
        chain.dispatch(template.do_something.call(7), Signed(BOB))
    assert template.something == 7


def test_a_number_wants_a_signature() -> None:
    chain = chain_with_template()
    with refuses(chain, BadOrigin):
        chain.dispatch(chain[Template].do_something.call(7), Root())
