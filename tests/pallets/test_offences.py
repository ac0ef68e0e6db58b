"""Offences: who signs what no honest validator signs is banned and slashed, and nobody else ever is."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pallets.offences import types as t
from pallets.offences.pallet import PAGE, share_of
from pallets.staking import types as staking
from runtime.crypto import bls
from runtime.executive.builder import Applied
from runtime.frame import Call, Root
from runtime.frame.invalid import InvariantBroken
from runtime.frame.slash import Settled
from runtime.frame.validity import (
    BadProof,
    CallInvalid,
    CustomInvalid,
    Stale,
    TransactionValidityError,
    ValidTransaction,
)
from runtime.simplex import (
    Certificate,
    Committee,
    ConflictingCertificates,
    ConflictingVotes,
    Evidence,
    Fault,
    Kind,
    Statement,
    Vote,
    bitmap_of,
    message,
)
from runtime.testing import refuses
from support.coin import ALICE, BOB, COIN, ISSUERS, RESERVE
from support.validators import ANSWERED, BLOCKS_PER_EPOCH, BOND, VALIDATORS, ValidatorChain

ONE, TWO, THREE, FOUR, FIFTH = ISSUERS
L = BLOCKS_PER_EPOCH
DELAY = 18
"""Blocks in 3 days, on a chain whose blocks last four hours."""
HERE, THERE = b"\1" * 32, b"\2" * 32
LONE = ceil(Fraction(BOND * 9, 16))
"""What one of four validators loses."""


def sign(chain: ValidatorChain, committee: Committee, place: int, statement: Statement) -> bytes:
    keys = chain.signers[committee.validators[place].bls]
    return keys.bls.sign(message(chain.genesis_hash, statement))


def vote(chain: ValidatorChain, committee: Committee, place: int, statement: Statement) -> Vote:
    return Vote(statement, place, sign(chain, committee, place, statement))


def blocks(epoch: int, view: int = 3, kind: Kind = Kind.Notarize) -> tuple[Statement, Statement]:
    """Two statements for two blocks of one view."""
    first, second = (Statement(kind, epoch, view, view - 1, block) for block in (HERE, THERE))
    return first, second


def evidence(chain: ValidatorChain, place: int, view: int = 3) -> ConflictingVotes:
    """That a member of the committee of now notarized two blocks."""
    committee = chain.committee
    first, second = (vote(chain, committee, place, each) for each in blocks(committee.epoch, view))
    return ConflictingVotes(committee, first, second)


def certificates(chain: ValidatorChain, first: Statement, second: Statement) -> ConflictingCertificates:
    """Two certificates: by the members 0, 1, 2, and by 1, 2, 3."""
    found: list[Certificate] = []
    for statement, signers in ((first, (0, 1, 2)), (second, (1, 2, 3))):
        signatures = [sign(chain, chain.committee, place, statement) for place in signers]
        found.append(Certificate(statement, bitmap_of(signers, 4), bls.aggregate(signatures)))
    return ConflictingCertificates(chain.committee, *found)


def report(chain: ValidatorChain, brought: Evidence, reporter: bytes | None = None) -> Applied:
    applied = chain.submit_unsigned(chain.offences.report.call(brought, reporter))
    assert applied.failure is None, applied.refusal
    return applied


def judged(chain: ValidatorChain, call: Call) -> ValidTransaction:
    """What the pool is told of a call that nobody signed, over the last sealed block."""
    raw = chain.runtime.parts.codec.bare(call)
    host = chain.host
    before = host.overlay, host.number, host.phase
    try:
        validator = chain.runtime.validator(chain.state, chain.header)
        return validator.validate(chain.runtime.decode(raw))
    finally:
        host.overlay, host.number, host.phase = before


def refused(chain: ValidatorChain, brought: Evidence) -> TransactionValidityError:
    """Why evidence may not enter the open block; the pool says the same."""
    call = chain.offences.report.call(brought, ALICE)
    with pytest.raises(TransactionValidityError) as by_block:
        chain.submit_unsigned(call)
    with pytest.raises(TransactionValidityError) as by_pool:
        judged(chain, call)
    assert type(by_block.value) is type(by_pool.value)
    assert str(by_block.value) == str(by_pool.value)
    return by_block.value


# From the evidence to the slash.


def test_an_equivocator_is_banned_at_the_next_boundary_and_slashed_after_three_days() -> None:
    chain = ValidatorChain()
    chain.run_to(L + 2)
    report(chain, evidence(chain, 1), ALICE)
    due = chain.number + DELAY
    chain.assert_event(t.Reported(0, TWO, Fault.ConflictingNotarize, 1, ALICE, due))
    chain.assert_event(staking.Banned(TWO))
    assert TWO in [each.account for each in chain.committee.validators]
    chain.next_epoch()
    assert [each.account for each in chain.committee.validators] == [ONE, THREE, FOUR]
    chain.run_to(due - 1)
    assert chain.staking.stake_of(TWO) == BOND
    alice, reserve = (chain.balances.free_balance(each) for each in (ALICE, RESERVE))
    chain.next_block()
    assert chain.staking.stake_of(TWO) == BOND - LONE
    reward = LONE // 5
    chain.assert_event(t.Applied(0, TWO, 0, reward, LONE - reward))
    assert chain.balances.free_balance(ALICE) == alice + reward
    assert chain.balances.free_balance(RESERVE) == reserve + LONE - reward
    assert chain.offences.settled == Settled(0, 0, reward, LONE - reward)
    assert chain.staking.slashed_total() == LONE
    for honest in (ONE, THREE, FOUR):
        assert chain.staking.stake_of(honest) == BOND
    chain.next_block()
    chain.try_state()
    with refuses(chain, staking.IsBanned):
        chain.by(TWO, chain.staking.validate.call())


def test_on_a_network_for_tests_the_slash_comes_with_the_next_block() -> None:
    chain = ValidatorChain(config={"Offences": {"delay_hours": 0}})
    report(chain, evidence(chain, 1))
    chain.next_block()
    chain.assert_event(t.Applied(0, TWO, 0, 0, LONE))
    chain.next_epoch(2)
    chain.try_state()


def test_what_is_on_its_way_out_is_slashed_too_and_nothing_leaves_before() -> None:
    chain = ValidatorChain()
    for call in (chain.staking.chill.call(), chain.staking.unbond.call(BOND)):
        chain.submit_well(call, TWO)
    brought = evidence(chain, 1)
    chain.run_to(ANSWERED)  # the last block that takes evidence of epoch 0
    report(chain, brought)
    chain.next_block()
    with refuses(chain, staking.Accused):
        chain.by(TWO, chain.staking.withdraw_unbonded.call())
    chain.run_to(ANSWERED + DELAY)
    chain.submit_well(chain.staking.withdraw_unbonded.call(), TWO)
    chain.assert_event(staking.Withdrawn(TWO, BOND - LONE))
    chain.next_block()
    chain.try_state()


@pytest.mark.parametrize(
    ("kinds", "fault"),
    [
        ((Kind.Finalize, Kind.Finalize), Fault.ConflictingFinalize),
        ((Kind.Nullify, Kind.Finalize), Fault.NullifyAndFinalize),
    ],
)
def test_two_certificates_convict_whoever_signed_both(kinds: tuple[Kind, Kind], fault: Fault) -> None:
    chain = ValidatorChain()
    first, second = blocks(0, kind=Kind.Finalize)
    if kinds[0] == Kind.Nullify:
        first = Statement(Kind.Nullify, 0, first.view)
    brought = certificates(chain, first, second)
    report(chain, brought)
    due = chain.number + DELAY
    for number, offender in enumerate((TWO, THREE)):
        chain.assert_event(t.Reported(number, offender, fault, 0, None, due))
    chain.run_to(due)
    for offender in (TWO, THREE):  # two of four in one span: all of it
        assert chain.staking.stake_of(offender) == 0
    for honest in (ONE, FOUR):
        assert chain.staking.stake_of(honest) == BOND
    chain.next_block()
    chain.try_state()


def test_a_later_offender_of_the_span_makes_it_dearer_for_all_whose_slash_still_waits() -> None:
    chain = ValidatorChain()
    report(chain, evidence(chain, 0))
    chain.run_to(DELAY)
    report(chain, evidence(chain, 0))  # the committee has three members by now: without the first
    chain.next_block()
    chain.next_block()
    assert chain.staking.stake_of(ONE) == 0
    chain.run_to(2 * DELAY)
    assert chain.staking.stake_of(TWO) == 0


def test_offenders_of_different_spans_do_not_count_together() -> None:
    chain = ValidatorChain()
    report(chain, evidence(chain, 0))
    chain.run_to(ANSWERED + L)  # the epoch of this block begins in the second span
    assert chain.authorities.epoch_start(chain.authorities.epoch_now()) >= ANSWERED
    report(chain, evidence(chain, 0))
    chain.run_to(chain.number + DELAY)
    spans = chain.offences.offenders
    assert (spans[0], spans[1]) == (1, 1)
    assert chain.staking.stake_of(ONE) == BOND - LONE
    assert chain.staking.stake_of(TWO) == 0  # one of three validators


@given(st.integers(0, 10**30), st.integers(0, 200), st.integers(1, 128))
def test_the_share_is_the_square_rounded_up_and_never_more_than_all(stake: int, k: int, n: int) -> None:
    exact = min(Fraction(1), Fraction(3 * k, n) ** 2) * stake
    assert share_of(stake, k, n) == ceil(exact)


# Where it goes.


def test_an_issuers_slash_first_cancels_what_it_owes_beyond_its_capacity() -> None:
    chain = ValidatorChain(config={"Offences": {"delay_hours": 0}})
    debt = chain.ledger.debt_of(TWO)
    provider = chain.providers.providers[TWO]
    excess = COIN
    # Capacity for all but a coin of what kappa asks, rounded down to whole units of capacity.
    kappa = chain.issuance.kappa_now()
    capacity = (debt.owed - excess) * kappa // 10**9 // 720
    chain.providers.providers[TWO] = provider.replace(effective=capacity * 720)
    excess = debt.owed - capacity * 720 * 10**9 // kappa
    report(chain, evidence(chain, 1), ALICE)
    supply = chain.ledger.total_supply()
    chain.offences.on_initialize(chain.number + 1)
    rest = LONE - excess
    chain.assert_event(t.Applied(0, TWO, excess, rest // 5, rest - rest // 5))
    assert chain.ledger.debt_of(TWO).owed == debt.owed - excess
    assert chain.ledger.total_supply() == supply - excess
    assert chain.offences.settled.total == chain.staking.slashed_total() == LONE


def test_debt_under_a_ticket_is_not_touched() -> None:
    chain = ValidatorChain(config={"Offences": {"delay_hours": 0}})
    debt = chain.ledger.debt_of(TWO)
    chain.providers.providers[TWO] = chain.providers.providers[TWO].replace(effective=0)
    chain.ledger.assign(TWO, debt.owed - 7)
    report(chain, evidence(chain, 1))
    chain.offences.on_initialize(chain.number + 1)
    chain.assert_event(t.Applied(0, TWO, 7, 0, LONE - 7))


def test_a_reporter_that_could_not_exist_leaves_its_share_to_the_reserve() -> None:
    genesis = {"Staking": {"minimum_bond": COIN, "validators": [{"account": ONE, "bond": COIN}]}}
    chain = ValidatorChain(genesis=genesis, config={"Offences": {"delay_hours": 0}})
    chain.staking.take_stake(ONE, RESERVE, COIN - 100)
    chain.offences.settled = Settled(reserve=COIN - 100)
    report(chain, evidence(chain, 0), b"\x77" * 32)
    chain.offences.on_initialize(chain.number + 1)
    chain.assert_event(t.Applied(0, ONE, 0, 0, 57))
    assert chain.balances.total_balance(b"\x77" * 32) == 0


def test_who_has_no_stake_any_more_loses_nothing() -> None:
    chain = ValidatorChain(config={"Offences": {"delay_hours": 0}}, genesis={"Staking": {}})
    report(chain, evidence(chain, 0), ALICE)
    chain.next_block()
    chain.assert_event(t.Applied(0, ONE, 0, 0, 0))


# What is no evidence.


def test_the_same_offender_is_convicted_once_a_span_whatever_it_did() -> None:
    chain = ValidatorChain()
    report(chain, evidence(chain, 1))
    assert isinstance(_refused_by_block(chain, evidence(chain, 1)), Stale)
    assert isinstance(_refused_by_block(chain, evidence(chain, 1, view=4)), Stale)
    chain.next_block()
    assert isinstance(refused(chain, evidence(chain, 1)), Stale)
    # Two certificates that also convict somebody who is not yet convicted are still welcome for that one.
    report(chain, certificates(chain, *blocks(0, kind=Kind.Finalize)))
    assert sorted(each.offender for each in chain.offences.pending.values()) == [TWO, THREE]
    assert chain.offences.offenders[0] == 2


def _refused_by_block(chain: ValidatorChain, brought: Evidence) -> TransactionValidityError:
    with pytest.raises(TransactionValidityError) as by_block:
        chain.submit_unsigned(chain.offences.report.call(brought, None))
    return by_block.value


def test_forged_evidence_convicts_nobody() -> None:
    chain = ValidatorChain()
    chain.next_block()
    right = evidence(chain, 1)
    first, second = right.first, right.second
    other = vote(chain, chain.committee, 2, second.statement)
    forged: dict[str, tuple[Evidence, TransactionValidityError]] = {
        "another's signature": (
            right.replace(second=second.replace(signature=other.signature)),
            BadProof(),
        ),
        "another statement": (
            right.replace(second=second.replace(statement=second.statement.replace(block=b"\3" * 32))),
            BadProof(),
        ),
        "no point": (right.replace(second=second.replace(signature=bytes(96))), BadProof()),
        "one statement twice": (right.replace(second=first), CustomInvalid(t.NoOffence.index)),
        "two signers": (right.replace(second=other), CustomInvalid(t.NoOffence.index)),
        "two views": (
            right.replace(second=vote(chain, chain.committee, 1, blocks(0, view=4)[1])),
            CustomInvalid(t.NoOffence.index),
        ),
        "a stranger": (
            ConflictingVotes(chain.committee, first.replace(signer=4), second.replace(signer=4)),
            CustomInvalid(t.NoOffence.index),
        ),
        "a committee of its own": (
            right.replace(
                committee=chain.committee.replace(
                    validators=(chain.committee.validators[1], *chain.committee.validators[1:])
                )
            ),
            CustomInvalid(t.WrongCommittee.index),
        ),
        "an epoch to come": (
            right.replace(committee=chain.committee.replace(epoch=1)),
            CustomInvalid(t.EpochUnknown.index),
        ),
    }
    for what, (brought, why) in forged.items():
        found = refused(chain, brought)
        assert (type(found), str(found)) == (type(why), str(why)), what
    assert not list(chain.offences.pending.values()) and not chain.staking.standings[TWO].accused
    assert str(CustomInvalid(t.WrongCommittee.index)) == "InvalidTransaction custom error 1"


def test_certificates_without_a_quorum_convict_nobody() -> None:
    chain = ValidatorChain()
    chain.next_block()
    right = certificates(chain, *blocks(0, kind=Kind.Finalize))
    second = right.second.statement
    few = Certificate(
        second,
        bitmap_of((2, 3), 4),
        bls.aggregate([sign(chain, chain.committee, place, second) for place in (2, 3)]),
    )
    assert str(refused(chain, right.replace(second=few))) == str(CustomInvalid(t.NoOffence.index))
    more = right.second.replace(signers=bitmap_of((0, 1, 2, 3), 4))
    assert isinstance(refused(chain, right.replace(second=more)), BadProof)


def test_evidence_of_another_chain_convicts_nobody() -> None:
    chain = ValidatorChain()
    chain.next_block()
    committee = chain.committee
    elsewhere = tuple(
        Vote(each, 1, chain.signers[committee.validators[1].bls].bls.sign(message(bytes(32), each)))
        for each in blocks(0)
    )
    assert isinstance(refused(chain, ConflictingVotes(committee, *elsewhere)), BadProof)


def test_evidence_is_too_old_once_the_coins_may_be_free() -> None:
    chain = ValidatorChain()
    brought = evidence(chain, 1)
    chain.run_to(ANSWERED)
    assert judged(chain, chain.offences.report.call(brought, None))
    chain.next_block()
    assert str(refused(chain, brought)) == str(CustomInvalid(t.EpochUnknown.index))


def test_the_pool_keeps_one_piece_of_evidence_an_offender() -> None:
    chain = ValidatorChain()
    chain.next_block()
    report_ = chain.offences.report.call
    first = judged(chain, report_(evidence(chain, 1), ALICE))
    assert first == judged(chain, report_(evidence(chain, 1, view=9), BOB))
    assert first.provides == (b"offence" + bytes(4) + TWO,)
    both = judged(chain, report_(certificates(chain, *blocks(0, kind=Kind.Finalize)), None))
    assert both.provides == tuple(b"offence" + bytes(4) + each for each in (TWO, THREE))


def test_nothing_else_may_come_unsigned() -> None:
    chain = ValidatorChain()
    with pytest.raises(CallInvalid):
        chain.submit_unsigned(chain.offences.cancel.call(0))


# Cancelling, pages, records.


def test_root_may_cancel_a_slash_that_waits() -> None:
    chain = ValidatorChain()
    report(chain, evidence(chain, 1))
    report(chain, evidence(chain, 2))
    chain.dispatch(chain.offences.cancel.call(0), Root())
    chain.assert_event(staking.Pardoned(TWO))
    chain.assert_last_event(t.Cancelled(0, TWO))
    with refuses(chain, t.UnknownOffence, "UnknownOffence: No slash of this number waits."):
        chain.dispatch(chain.offences.cancel.call(0), Root())
    chain.by(TWO, chain.staking.validate.call())
    assert isinstance(_refused_by_block(chain, evidence(chain, 1)), Stale)  # it was judged
    chain.run()
    chain.run_to(1 + DELAY)
    assert chain.staking.stake_of(TWO) == BOND
    assert chain.staking.stake_of(THREE) == BOND - LONE  # and counts alone
    assert TWO in [each.account for each in chain.committee.validators]
    chain.try_state()


def test_a_block_applies_a_page_of_slashes() -> None:
    chain = ValidatorChain(genesis={"Staking": {}})
    offences = chain.offences
    count = PAGE + 3
    for number in range(count):
        who = bytes([0x80 + number]) * 32
        offences.pending[number] = t.Offence(who, 0, 4, None, 2)
        offences.convicted[0, who] = True
        chain.staking.accuse(who)
    offences.next_id, offences.offenders[0] = count, count
    chain.run()
    assert (offences.first_id, len(list(offences.pending.keys()))) == (PAGE, 3)
    chain.next_block()
    assert (offences.first_id, len(list(offences.pending.keys()))) == (count, 0)
    chain.try_state()


def test_a_slash_that_cannot_be_applied_waits_once_more() -> None:
    chain = ValidatorChain(config={"Offences": {"delay_hours": 0}})
    report(chain, evidence(chain, 1))
    held = chain.staking.stakes[TWO]
    chain.staking.stakes[TWO] = held.replace(active=held.active * 2)  # more than is on hold
    chain.offences.on_initialize(chain.number + 1)
    chain.assert_last_event(t.Postponed(1, TWO))
    assert chain.staking.stakes[TWO].active == 2 * BOND
    chain.staking.stakes[TWO] = held
    chain.run()
    chain.next_block()
    assert chain.staking.stake_of(TWO) == BOND - LONE
    chain.try_state()


def test_records_of_old_spans_are_forgotten() -> None:
    chain = ValidatorChain()
    report(chain, evidence(chain, 1))
    chain.run_to(3 * ANSWERED - 1)
    assert chain.offences.convicted[0, TWO] and chain.offences.offenders[0] == 1
    chain.next_block()
    assert not chain.offences.convicted[0, TWO]
    assert 0 not in chain.offences.offenders
    assert chain.staking.standings[TWO].bans == 1  # the ban stays
    chain.next_block()
    chain.try_state()


def test_coins_that_were_slashed_and_not_accounted_for_make_no_block() -> None:
    chain = ValidatorChain()
    chain.staking.take_stake(ONE, ALICE, 5)
    with pytest.raises(InvariantBroken) as broken:
        chain.run()
    assert str(broken.value) == (
        "I13 is broken: slashed = victims + burned + reporters + reserve; "
        "taken from validators are 5, and given 0"
    )


def test_every_validator_of_the_genesis_has_a_stake() -> None:
    chain = ValidatorChain()
    assert {each.account: each.weight for each in chain.committee.validators} == dict.fromkeys(
        VALIDATORS, BOND
    )
    assert [chain.staking.stake_of(each) for each in VALIDATORS] == [BOND] * 4
