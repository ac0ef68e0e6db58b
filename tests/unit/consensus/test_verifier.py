"""The verifier tells votes and certificates right from wrong, names the signer, and pays for each once."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
import trio
import trio.testing

from node.consensus import verifier as module
from node.consensus.certificates import BLS, WEIGHT_BITS, BlsKeys, BlsScheme, assemble
from node.consensus.verifier import (
    InlineVerifier,
    Known,
    Overloaded,
    ThreadVerifier,
    UnknownEpoch,
    Verdict,
    Verifier,
    sift,
)
from runtime.crypto import bls
from runtime.simplex import Certificate, Committee, Kind, Statement, Vote, check_certificate, message
from support.committees import GENESIS_HASH, Signers

SEVEN = Signers(3, ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie", "George"])
NOTARIZE = Statement(Kind.Notarize, 3, 9, 7, bytes([5]) * 32)
FINALIZE = NOTARIZE.replace(kind=Kind.Finalize)
NULLIFY = Statement(Kind.Nullify, 3, 9)
VOTES = SEVEN.votes(NOTARIZE)


class Counting(BlsScheme):
    """The scheme, and how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def keys(self, committee: Committee) -> BlsKeys:
        return CountingKeys(committee, self.asked)


class CountingKeys(BlsKeys):
    def __init__(self, committee: Committee, asked: list[str]) -> None:
        super().__init__(committee)
        self.asked = asked

    def vote_holds(self, signer: int, message: bytes, signature: bytes) -> bool:
        self.asked.append("vote")
        return super().vote_holds(signer, message, signature)

    def votes_hold(
        self, signers: Sequence[int], message: bytes, signatures: Sequence[bytes], weights: Sequence[int]
    ) -> bool:
        self.asked.append(f"votes {len(signers)}")
        return super().votes_hold(signers, message, signatures, weights)

    def sum_holds(self, signers: Sequence[int], message: bytes, signature: bytes) -> bool:
        self.asked.append("certificate")
        return super().sum_holds(signers, message, signature)


@pytest.fixture(params=[InlineVerifier, ThreadVerifier])
def scheme_and_verifier(request: pytest.FixtureRequest) -> tuple[list[str], Verifier]:
    scheme = Counting()
    made: InlineVerifier = request.param(GENESIS_HASH, scheme=scheme)
    made.enroll(SEVEN.committee)
    return scheme.asked, made


Both = tuple[list[str], Verifier]


async def test_a_vote_holds_for_its_signer_its_statement_and_its_chain(scheme_and_verifier: Both) -> None:
    _, verifier = scheme_and_verifier
    for statement in (NOTARIZE, FINALIZE, NULLIFY):
        assert await verifier.vote(SEVEN.vote(statement, 2))
    good = SEVEN.vote(NOTARIZE, 2)
    for wrong in (
        good.replace(signer=3),
        good.replace(statement=FINALIZE),
        good.replace(statement=NOTARIZE.replace(view=10)),
        good.replace(statement=NOTARIZE.replace(parent_view=6)),
        good.replace(signature=SEVEN.vote(FINALIZE, 2).signature),
        good.replace(signature=bytes(96)),
        SEVEN.vote(NOTARIZE, 2, genesis_hash=bytes(32)),
    ):
        assert not await verifier.vote(wrong)


async def test_a_signer_or_a_form_that_there_is_not_does_not_hold(scheme_and_verifier: Both) -> None:
    """A nullification signs neither parent nor block: one that names some would be another text of a vote."""
    asked, verifier = scheme_and_verifier
    for wrong in (
        VOTES[0].replace(signer=7),
        SEVEN.vote(NULLIFY, 0).replace(statement=NULLIFY.replace(block=bytes([1]) * 32)),
        SEVEN.vote(NOTARIZE.replace(parent_view=9), 0),
    ):
        assert not await verifier.vote(wrong)
        assert await verifier.votes(wrong.statement, [wrong]) == Verdict((), None, (wrong.signer,))
    assert asked == []


async def test_good_votes_pass_together_and_their_sum_convinces(scheme_and_verifier: Both) -> None:
    asked, verifier = scheme_and_verifier
    verdict = await verifier.votes(NOTARIZE, VOTES[1:6])
    assert verdict.good == (1, 2, 3, 4, 5) and verdict.bad == ()
    assert asked == ["votes 5"]
    assert verdict.aggregate is not None
    certificate = assemble(SEVEN.committee, NOTARIZE, verdict.good, verdict.aggregate)
    check_certificate(GENESIS_HASH, SEVEN.committee, certificate)


@pytest.mark.parametrize("bad", [(0,), (6,), (2, 3), (0, 1, 2, 3, 4, 5, 6), (0, 2, 4, 6)])
async def test_bad_votes_are_found_among_good_ones(scheme_and_verifier: Both, bad: tuple[int, ...]) -> None:
    _, verifier = scheme_and_verifier
    forged = SEVEN.vote(FINALIZE, 0).signature
    votes = [vote.replace(signature=forged) if vote.signer in bad else vote for vote in VOTES]
    good = tuple(signer for signer in range(7) if signer not in bad)
    verdict = await verifier.votes(NOTARIZE, votes)
    assert (verdict.good, verdict.bad) == (good, bad)
    expected = BLS.aggregate([VOTES[signer].signature for signer in good]) if good else None
    assert verdict.aggregate == expected


async def test_two_votes_that_are_right_only_as_a_sum_are_both_bad(scheme_and_verifier: Both) -> None:
    """Each is moved by the same point, one there and one back: the plain sum of all holds, and would accuse
    two validators of votes that nobody can show.
    """
    _, verifier = scheme_and_verifier
    curve = bls.get_backend().curve
    shift = curve.hash_to_g2(b"any point", bls.VOTE_DOMAIN)
    there = curve.sum_g2([curve.decode_g2(VOTES[0].signature), shift])
    back = curve.sum_g2([curve.decode_g2(VOTES[1].signature), curve.multiply_g2(shift, bls.ORDER - 1)])
    moved = [
        VOTES[0].replace(signature=curve.encode_g2(there)),
        VOTES[1].replace(signature=curve.encode_g2(back)),
        *VOTES[2:],
    ]
    total = BLS.aggregate([vote.signature for vote in moved])
    check_certificate(GENESIS_HASH, SEVEN.committee, assemble(SEVEN.committee, NOTARIZE, range(7), total))
    verdict = await verifier.votes(NOTARIZE, moved)
    assert (verdict.good, verdict.bad) == ((2, 3, 4, 5, 6), (0, 1))


async def test_nothing_is_verified_twice(scheme_and_verifier: Both) -> None:
    asked, verifier = scheme_and_verifier
    first = await verifier.votes(NOTARIZE, VOTES[:5])
    assert await verifier.votes(NOTARIZE, VOTES[:5]) == first
    assert await verifier.vote(VOTES[4])
    assert asked == ["votes 5"]
    bad = VOTES[6].replace(signature=VOTES[5].signature)
    for _ in range(2):
        assert not await verifier.vote(bad)
        assert (await verifier.votes(NOTARIZE, [*VOTES[:6], bad])).bad == (6,)
    assert asked == ["votes 5", "vote", "vote"]


async def test_a_bad_vote_does_not_spoil_the_good_one_of_its_signer(scheme_and_verifier: Both) -> None:
    _, verifier = scheme_and_verifier
    assert not await verifier.vote(VOTES[0].replace(signature=VOTES[1].signature))
    assert await verifier.vote(VOTES[0])


async def test_certificates_are_told_from_forgeries_once(scheme_and_verifier: Both) -> None:
    asked, verifier = scheme_and_verifier
    good = SEVEN.certificate(FINALIZE, range(5))
    for _ in range(2):
        assert await verifier.certificate(good)
    forged = [
        good.replace(statement=NOTARIZE),
        good.replace(signers=SEVEN.certificate(FINALIZE, range(6)).signers),
        SEVEN.certificate(FINALIZE, genesis_hash=bytes(32)),
        good.replace(signature=bytes(96)),
        good.replace(signature=bytes([0xC0]) + bytes(95)),
    ]
    for each in forged * 2:
        assert not await verifier.certificate(each)
    assert asked == ["certificate"] * 6


async def test_a_certificate_without_a_quorum_or_of_another_form_needs_no_pairing(
    scheme_and_verifier: Both,
) -> None:
    asked, verifier = scheme_and_verifier
    good = SEVEN.certificate(FINALIZE, range(5))
    for each in (
        SEVEN.certificate(FINALIZE, range(4)),
        good.replace(signers=b""),
        good.replace(signers=bytes([0xFF])),
        SEVEN.certificate(FINALIZE.replace(parent_view=9)),
    ):
        assert not await verifier.certificate(each)
    assert asked == []


async def test_a_certificate_of_votes_seen_before_is_known(scheme_and_verifier: Both) -> None:
    asked, verifier = scheme_and_verifier
    await verifier.votes(NOTARIZE, VOTES[:5])
    assert await verifier.certificate(SEVEN.certificate(NOTARIZE, range(5)))
    assert asked == ["votes 5"]


async def test_the_weight_of_a_quorum_is_counted_not_its_heads() -> None:
    heavy = Signers(3, ["Alice", "Bob", "Charlie", "Dave"], weights=[70, 10, 10, 10])
    verifier = InlineVerifier(GENESIS_HASH)
    verifier.enroll(heavy.committee)
    assert await verifier.certificate(heavy.certificate(NULLIFY, [0]))
    assert not await verifier.certificate(heavy.certificate(NULLIFY, [1, 2, 3]))


async def test_callers_at_once_share_one_check() -> None:
    scheme = Counting()
    verifier = ThreadVerifier(GENESIS_HASH, scheme=scheme)
    verifier.enroll(SEVEN.committee)
    certificate = SEVEN.certificate(FINALIZE, range(5))
    answers: list[bool] = []

    async def ask() -> None:
        answers.append(await verifier.certificate(certificate))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(ask)
    assert answers == [True] * 20
    assert scheme.asked == ["certificate"]
    assert 0 < verifier.cpu_seconds < 1


async def test_too_many_callers_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    verifier = ThreadVerifier(GENESIS_HASH)
    verifier.enroll(SEVEN.committee)
    outcomes: list[str] = []

    async def ask(vote: Vote) -> None:
        try:
            outcomes.append(str(await verifier.vote(vote)))
        except Overloaded as error:
            outcomes.append(str(error))

    async with trio.open_nursery() as nursery:
        for vote in VOTES:
            nursery.start_soon(ask, vote)
    refusal = "3 callers wait for the verifier already: bound what is in flight"
    assert sorted(outcomes) == [refusal] * 3 + ["True"] * 4


async def test_an_epoch_must_be_enrolled_and_old_ones_are_forgotten() -> None:
    verifier = InlineVerifier(GENESIS_HASH)
    vote = Signers(0, SEVEN.names).vote(NULLIFY.replace(epoch=0), 1)
    words = "the committee of epoch 0 is not enrolled: enroll it before its votes arrive"
    with pytest.raises(UnknownEpoch) as refusal:
        await verifier.vote(vote)
    assert str(refusal.value) == words
    for epoch in range(module.COMMITTEES_MAX):
        verifier.enroll(Signers(epoch, SEVEN.names).committee)
    assert await verifier.vote(vote)
    verifier.enroll(Signers(module.COMMITTEES_MAX, SEVEN.names).committee)
    with pytest.raises(UnknownEpoch):
        await verifier.vote(vote)


async def test_a_cancelled_caller_harms_no_other() -> None:
    verifier = ThreadVerifier(GENESIS_HASH)
    verifier.enroll(SEVEN.committee)
    for vote in VOTES:
        with trio.move_on_after(0):
            await verifier.vote(vote)
        assert await verifier.vote(vote)


async def test_injected_dice_make_the_inline_verifier_repeatable() -> None:
    """And what is drawn is a fresh weight for each new vote, none of them zero."""
    drawn: list[int] = []

    def dice(bits: int) -> int:
        assert bits == WEIGHT_BITS
        drawn.append(random.Random(len(drawn)).getrandbits(bits))
        return drawn[-1]

    verifier = InlineVerifier(GENESIS_HASH, dice=dice)
    verifier.enroll(SEVEN.committee)
    await verifier.votes(NOTARIZE, VOTES)
    await verifier.votes(NOTARIZE, VOTES)
    assert len(drawn) == len(set(drawn)) == 7
    zeros = InlineVerifier(GENESIS_HASH, dice=lambda _: 0)
    zeros.enroll(SEVEN.committee)
    assert (await zeros.votes(NOTARIZE, VOTES)).bad == ()


def test_sifting_asks_about_halves_that_fail_alone() -> None:
    """One bad vote among eight costs two checks a level at most."""
    asked: list[str] = []
    names = [f"V{number}" for number in range(8)]
    eight = Signers(3, names)
    keys = CountingKeys(eight.committee, asked)
    votes = eight.votes(NULLIFY)
    votes[5] = votes[5].replace(signature=votes[4].signature)
    found = sift(keys, message(GENESIS_HASH, NULLIFY), votes, [1] * 8)
    assert [vote.signer for vote in found] == [0, 1, 2, 3, 4, 6, 7]
    assert asked == ["votes 8", "votes 4", "votes 4", "votes 2", "vote", "vote", "votes 2"]


def test_what_is_known_is_bounded_and_the_newest_stays() -> None:
    known: Known[int] = Known(2)
    for number in (1, 2):
        known.add(number)
    assert 1 in known
    known.add(3)
    assert [number in known for number in (1, 2, 3)] == [True, False, True]
    assert len(known) == 2


def test_a_committee_with_a_key_that_is_none_is_refused() -> None:
    broken = SEVEN.committee.validators[0].replace(bls=bytes(48))
    with pytest.raises(bls.InvalidPublicKey):
        BlsKeys(SEVEN.committee.replace(validators=(broken,)))


def test_an_assembled_certificate_names_its_signers_by_bits() -> None:
    certificate: Certificate = assemble(SEVEN.committee, NULLIFY, [6, 0, 2], bytes(96))
    assert certificate.signers == bytes([0b1000101])
