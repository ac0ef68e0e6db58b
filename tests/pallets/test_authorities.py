"""Authorities: each block says who proposed it, a committee serves an epoch, keys enter proven and once."""

from __future__ import annotations

from typing import Any

import pytest

from pallets.authorities import types as t
from pallets.authorities.types import Keys, KeysProof
from runtime.api import blocks_per_epoch, call, committee_after
from runtime.frame import InvalidBlock, NoError, NoEvent, Pallet, StorageValue
from runtime.frame.plain import to_plain
from runtime.scale import U32, U64, codec_of
from runtime.simplex import Committee, NextCommittee, Validator, authored_of, next_committee_of
from runtime.testing import refuses
from runtime.types.digest import DigestItem
from support.coin import ALICE, BOB
from support.validators import (
    ANSWERED,
    BLOCKS_PER_EPOCH,
    BOND,
    PALLETS,
    VALIDATORS,
    ValidatorChain,
    authored,
    proposed,
    signer,
    validator_parts,
)

L = BLOCKS_PER_EPOCH


def register(chain: ValidatorChain, who: bytes, name: str) -> None:
    keys = signer(name)
    chain.submit_well(chain.authorities.set_keys.call(keys.keys, keys.proof(who, chain.genesis_hash)), who)


def member(account: bytes, name: str) -> Validator:
    return Validator(account, signer(name).keys.bls, signer(name).keys.network, BOND)


FIRST = tuple(member(account, str(place)) for place, account in enumerate(VALIDATORS))


def test_the_first_committee_is_that_of_the_genesis() -> None:
    chain = ValidatorChain()
    assert chain.committee == Committee(0, FIRST)
    assert chain.authorities.committee_root(0) == Committee(0, FIRST).root
    chain.try_state()


def test_the_committee_is_constant_within_an_epoch_and_the_last_header_commits_to_the_next() -> None:
    chain = ValidatorChain()
    for height in range(1, 4 * L + 1):
        assert chain.number == height
        epoch = (height - 1) // L
        assert chain.authorities.epoch_now() == chain.committee.epoch == epoch
        assert chain.authorities.author_now() == FIRST[height % 4]
        chain.next_block()
        said = authored_of(chain.header)
        assert said is not None and (said.epoch, said.view, said.proposer) == (epoch, height, height % 4)
        named = next_committee_of(chain.header)
        if height % L:
            assert named is None
        else:
            assert named == NextCommittee(epoch + 1, Committee(epoch + 1, FIRST).root)
    chain.try_state()


def test_states_tell_who_decides_on_the_next_block() -> None:
    chain = ValidatorChain()
    found: list[tuple[int, int]] = []
    for _ in range(2 * L):
        chain.next_block()
        committee = committee_after(chain.runtime, chain.state)
        epoch = call(chain.runtime, chain.state, chain.header, "SimplexApi_epoch", b"")
        assert committee is not None
        found.append((codec_of(U64).decode(epoch), committee.epoch))
    assert found == [(0, 0)] * (L - 1) + [(0, 1)] + [(1, 1)] * (L - 1) + [(1, 2)]
    assert blocks_per_epoch(chain.runtime, chain.state) == L
    answer = call(chain.runtime, chain.state, chain.header, "SimplexApi_blocks_per_epoch", b"")
    assert codec_of(U32).decode(answer) == L


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ((), "the block does not say, once, who proposed it (digest item SMPX)"),
        (
            (authored(1, 7, 0), authored(1, 7, 0)),
            "the block does not say, once, who proposed it (digest item SMPX)",
        ),
        ((authored(0, 7, 0),), "the block says it is of epoch 0, and block 7 is of epoch 1"),
        ((authored(2, 7, 0),), "the block says it is of epoch 2, and block 7 is of epoch 1"),
        ((authored(1, 7, 4),), "the block names proposer 4 of 4 validators"),
        ((authored(1, 6, 0),), "the block is of view 6, and its parent of view 6"),
    ],
)
def test_a_block_says_truly_who_proposed_it_or_does_not_exist(
    items: tuple[DigestItem, ...], why: str
) -> None:
    chain = ValidatorChain()
    chain.run_to(7)
    with pytest.raises(InvalidBlock) as refused:
        chain.runtime.build(chain.state, chain.header, logs=items)
    assert str(refused.value) == why


def test_views_begin_again_with_each_epoch() -> None:
    chain = ValidatorChain()
    chain.run_to(L + 1)
    (_, beacon) = proposed(chain)
    for view in (0, 1):
        logs = (authored(1, view, (L + 1) % 4), beacon)
        if view:
            chain.runtime.build(chain.state, chain.header, logs=logs)
        else:
            with pytest.raises(InvalidBlock) as refused:
                chain.runtime.build(chain.state, chain.header, logs=logs)
            assert str(refused.value) == "the block is of view 0, and its parent of view 0"


def test_keys_changed_in_an_epoch_count_from_the_next_one_on() -> None:
    chain = ValidatorChain()
    chain.run_to(3)
    register(chain, VALIDATORS[0], "7")
    chain.assert_event(t.KeysSet(VALIDATORS[0], signer("7").keys))
    for _ in range(3, L + 1):
        assert chain.committee.validators[0] == member(VALIDATORS[0], "0")
        chain.next_block()
    assert chain.committee.validators == (member(VALIDATORS[0], "7"), *FIRST[1:])
    chain.next_epoch()  # and its new key signs the beacon of its blocks
    chain.try_state()


def test_keys_that_are_given_up_leave_with_the_epoch() -> None:
    chain = ValidatorChain()
    chain.submit_well(chain.authorities.purge_keys.call(), VALIDATORS[1])
    chain.assert_event(t.KeysPurged(VALIDATORS[1]))
    chain.next_epoch()
    assert chain.committee.validators == (FIRST[0], *FIRST[2:])
    chain.try_state()
    with refuses(chain, t.NoKeys, "NoKeys: The account has no keys registered."):
        chain.by(VALIDATORS[1], chain.authorities.purge_keys.call())


def test_a_committee_in_which_nobody_has_keys_any_more_stays() -> None:
    chain = ValidatorChain()
    for who in VALIDATORS:
        chain.submit_well(chain.authorities.purge_keys.call(), who)
    chain.next_epoch()
    assert chain.committee == Committee(1, FIRST)


def wrong_proofs(chain: ValidatorChain) -> dict[str, tuple[Keys, KeysProof, type[t.AuthoritiesError]]]:
    """Registrations of Alice's, each with one thing wrong."""
    own, other, genesis = signer("6"), signer("7"), chain.genesis_hash
    keys, proof = own.keys, own.proof(ALICE, genesis)
    infinity = b"\xc0" + bytes(47)
    return {
        "infinity": (keys.replace(bls=infinity), proof, t.BadBlsKey),
        "no point": (keys.replace(bls=bytes(48)), proof, t.BadBlsKey),
        "another's possession": (
            keys,
            proof.replace(possession=other.bls.pop_prove()),
            t.NotPossessed,
        ),
        "signed as a message": (
            keys,
            proof.replace(possession=own.bls.sign(own.bls.public)),
            t.NotPossessed,
        ),
        "another's BLS key": (keys.replace(bls=other.bls.public), proof, t.NotPossessed),
        "another account": (keys, own.proof(BOB, genesis), t.NotConsented),
        "another chain": (keys, own.proof(ALICE), t.NotConsented),
        "another network key": (keys.replace(network=other.network.public), proof, t.NotConsented),
    }


@pytest.mark.parametrize("wrong", list(wrong_proofs(ValidatorChain())))
def test_no_key_enters_without_its_proof(wrong: str) -> None:
    chain = ValidatorChain()
    keys, proof, error = wrong_proofs(chain)[wrong]
    with refuses(chain, error):
        chain.by(ALICE, chain.authorities.set_keys.call(keys, proof))


def test_refusals_say_what_to_do() -> None:
    assert str(t.NotPossessed()) == (
        "NotPossessed: The proof of possession is not the BLS key's: make it with the key that is registered."
    )
    assert str(t.KeyTaken()) == (
        "KeyTaken: A key is registered already, or was given up less than 7 days ago: make a new one."
    )


def test_a_key_belongs_to_one_account_until_nobody_answers_for_it() -> None:
    chain = ValidatorChain()
    first, set_keys = signer("0"), chain.authorities.set_keys.call
    with refuses(chain, t.KeyTaken):
        chain.by(ALICE, set_keys(first.keys, first.proof(ALICE, chain.genesis_hash)))
    register(chain, VALIDATORS[0], "6")
    free_at = L + 1 + ANSWERED
    for height in (chain.number, L + 1, free_at - 1):
        chain.run_to(height)
        with refuses(chain, t.KeyTaken):  # not even by the account that had it
            chain.by(VALIDATORS[0], set_keys(first.keys, first.proof(VALIDATORS[0], chain.genesis_hash)))
    chain.run_to(free_at)
    register(chain, VALIDATORS[0], "0")
    assert chain.authorities.next_keys[VALIDATORS[0]] == first.keys
    chain.next_block()
    chain.try_state()


def test_one_key_may_stay_when_the_other_changes() -> None:
    chain = ValidatorChain()
    keys = Keys(signer("0").bls.public, signer("6").network.public)
    mixed = signer("0")
    mixed_proof = KeysProof(
        mixed.bls.pop_prove(),
        signer("6").network.sign(_signed(chain.genesis_hash, VALIDATORS[0], keys)),
    )
    chain.submit_well(chain.authorities.set_keys.call(keys, mixed_proof), VALIDATORS[0])
    assert chain.authorities.retired[VALIDATORS[0]] == (
        t.Retired(signer("0").network.public, L + 1 + ANSWERED),
    )
    chain.next_epoch()
    assert chain.committee.validators[0].network == signer("6").network.public
    chain.try_state()


def _signed(genesis_hash: bytes, account: bytes, keys: Keys) -> bytes:
    """What proof.py's page says is signed, written out again."""
    return b"/ballast/keys/1" + genesis_hash + account + keys.bls + keys.network


def test_an_account_changes_keys_so_often_and_no_more() -> None:
    chain = ValidatorChain()
    for number in range(t.RETIRED_MAX // 2):
        register(chain, VALIDATORS[0], f"spare{number}")
    last = signer("last")
    with refuses(chain, t.TooManyChanges):
        chain.by(
            VALIDATORS[0],
            chain.authorities.set_keys.call(last.keys, last.proof(VALIDATORS[0], chain.genesis_hash)),
        )
    with refuses(chain, t.TooManyChanges):
        chain.by(VALIDATORS[0], chain.authorities.purge_keys.call())
    chain.try_state()


def test_roots_are_known_as_long_as_somebody_answers_for_them() -> None:
    chain = ValidatorChain()
    root = chain.committee.root
    chain.run_to(ANSWERED)
    assert chain.authorities.committee_root(0) == root
    chain.next_block()
    assert chain.authorities.committee_root(0) is None
    chain.next_epoch(20)
    kept = list(chain.authorities.roots.keys())
    epoch = chain.authorities.epoch_now()
    assert sorted(kept) == list(range(epoch - (ANSWERED + L - 1) // L + 1, epoch + 1))
    assert chain.authorities.committee_root(epoch + 1) is None


class Paymaster(Pallet[NoEvent, NoError]):
    """Notes what it is told of an epoch."""

    told = StorageValue[tuple[tuple[U64, U64, U64], ...]](default=())

    def epoch_ended(self, epoch: int, authored: tuple[tuple[Validator, int], ...]) -> None:
        for place, (validator, blocks) in enumerate(authored):
            assert validator == FIRST[place]
            self.told = (*self.told, (epoch, place, blocks))


def test_those_who_pay_are_told_who_made_an_epochs_blocks() -> None:
    chain = ValidatorChain(pallets=(*PALLETS, Paymaster))
    chain.next_epoch(2)
    # Heights 1 to 5 and 6 to 10, each proposed by the validator at its place modulo four.
    assert chain[Paymaster].told == (
        *((0, place, blocks) for place, blocks in enumerate((1, 2, 1, 1))),
        *((1, place, blocks) for place, blocks in enumerate((1, 1, 2, 1))),
    )


def genesis_with(**changes: Any) -> dict[str, Any]:
    parts = validator_parts(VALIDATORS)
    parts["Authorities"]["validators"][2] |= changes
    return parts


@pytest.mark.parametrize(
    ("genesis", "error"),
    [
        ({"Authorities": {"validators": []}}, t.NoValidators),
        (genesis_with(weight=0), t.NoWeight),
        (genesis_with(proof=to_plain(signer("0").proof(VALIDATORS[2]))), t.NotPossessed),
        (genesis_with(proof=to_plain(signer("2").proof(VALIDATORS[1]))), t.NotConsented),
        (
            genesis_with(keys=to_plain(signer("0").keys), proof=to_plain(signer("0").proof(VALIDATORS[2]))),
            t.KeyTaken,
        ),
    ],
)
def test_a_genesis_proves_its_keys_too(genesis: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        ValidatorChain(genesis=genesis)


@pytest.mark.parametrize("length", [0, ANSWERED // 2 + 1])
def test_an_epoch_is_neither_empty_nor_longer_than_anybody_answers(length: int) -> None:
    with pytest.raises(t.BadEpoch):
        ValidatorChain(config={"Authorities": {"blocks_per_epoch": length}})
