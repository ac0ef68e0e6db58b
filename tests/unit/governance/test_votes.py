"""Votes and their books in bytes: Substrate's, as another implementation reads and writes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.conviction import Conviction
from governance.tally import NOBODY, Delegations
from governance.voting.votes import (
    NO_LOCK,
    AccountVote,
    Casting,
    Delegating,
    PriorLock,
    Split,
    SplitAbstain,
    Standard,
    Vote,
    VoteByte,
    Votes,
    contribution,
    locked_in,
    vote_on,
    with_vote,
)
from runtime.crypto import ss58
from runtime.crypto.hashing import twox_64, twox_128
from runtime.frame import RuntimeCall
from runtime.frame.governance import Tally
from runtime.frame.plain import from_plain, to_plain
from runtime.scale import DecodeError, codec_of
from runtime.types.account import Address
from support.oracle import Oracle
from support.polls import PollChain

WHO, OTHER = b"\x01" * 32, b"\x02" * 32
CHAIN = PollChain({WHO: 10**12})
METADATA = CHAIN.runtime.metadata.encode(14)
assert METADATA is not None
ORACLE = Oracle(METADATA)
sides, convictions = st.booleans(), st.sampled_from(Conviction)
amounts = st.integers(0, 2**128 - 1)
account_votes = st.one_of(
    st.builds(Standard, st.builds(Vote, sides, convictions), amounts),
    st.builds(Split, amounts, amounts),
    st.builds(SplitAbstain, amounts, amounts, amounts),
)


def name_of(conviction: Conviction) -> str:
    return conviction.name.rstrip("_")


def told(vote: AccountVote) -> dict[str, Any]:
    """A vote as clients write it."""
    if isinstance(vote, Standard):
        side = {"aye": vote.vote.aye, "conviction": name_of(vote.vote.conviction)}
        return {"Standard": {"vote": side, "balance": vote.balance}}
    if isinstance(vote, Split):
        return {"Split": {"aye": vote.aye, "nay": vote.nay}}
    assert isinstance(vote, SplitAbstain)
    return {"SplitAbstain": {"aye": vote.aye, "nay": vote.nay, "abstain": vote.abstain}}


def test_a_vote_is_one_byte() -> None:
    """`Encode for Vote` in pallet_conviction_voting's vote.rs: conviction, and 0x80 for aye."""
    codec = codec_of(VoteByte)
    good = {
        conviction | 0x80 * aye: Vote(aye, conviction) for aye in (False, True) for conviction in Conviction
    }
    for byte, vote in good.items():
        assert (codec.encode(vote), codec.decode(bytes([byte]))) == (bytes([byte]), vote)
    for byte in sorted({*range(256)} - {*good}):
        with pytest.raises(DecodeError, match=f"^Vote: {byte & 0x7F} is no conviction: it is at most 6"):
            codec.decode(bytes([byte]))
    with pytest.raises(DecodeError, match="needs 1 byte, 0 remain"):
        codec.decode(b"")


@given(account_votes, st.integers(0, 2**32 - 1))
def test_another_implementation_votes_in_the_same_bytes(vote: AccountVote, poll: int) -> None:
    ours = CHAIN.host.codec(RuntimeCall).encode(CHAIN.voting.vote.call(poll, vote))
    theirs = ORACLE.encode_call("ConvictionVoting", "vote", {"poll_index": poll, "vote": told(vote)})
    assert theirs == ours
    assert [each["value"] for each in ORACLE.decode("Call", ours)["call_args"]] == [poll, told(vote)]


@given(convictions, amounts, st.integers(0, 2**16 - 1))
def test_another_implementation_delegates_in_the_same_bytes(
    conviction: Conviction, amount: int, class_: int
) -> None:
    call = CHAIN.voting.delegate.call(class_, Address(OTHER), conviction, amount)
    arguments = {
        "class": class_,
        "to": ss58.encode(OTHER, 42),
        "conviction": name_of(conviction),
        "balance": amount,
    }
    theirs = ORACLE.encode_call("ConvictionVoting", "delegate", arguments)
    assert theirs == CHAIN.host.codec(RuntimeCall).encode(call)


@pytest.mark.parametrize(
    ("name", "arguments", "tail"),
    [
        ("undelegate", {"class": 258}, "0201"),
        ("unlock", {"class": 1, "target": ss58.encode(OTHER, 42)}, "010000" + "02" * 32),
        ("remove_vote", {"class": None, "index": 5}, "0005000000"),
        ("remove_vote", {"class": 2, "index": 5}, "01020005000000"),
        (
            "remove_other_vote",
            {"target": ss58.encode(OTHER, 42), "class": 3, "index": 1},
            "00" + "02" * 32 + "030001000000",
        ),
    ],
)
def test_the_other_calls_have_substrates_numbers_and_arguments(
    name: str, arguments: dict[str, Any], tail: str
) -> None:
    index = ("vote", "delegate", "undelegate", "unlock", "remove_vote", "remove_other_vote").index(name)
    expected = bytes((4, index)) + bytes.fromhex(tail)
    assert ORACLE.encode_call("ConvictionVoting", name, arguments) == expected
    assert CHAIN.host.codec(RuntimeCall).decode(expected).info.name == name


def test_the_books_stand_where_clients_look() -> None:
    account, class_ = WHO, (3).to_bytes(2, "little")
    prefix = twox_128(b"ConvictionVoting")
    voting = CHAIN.voting
    assert voting.voting_for.key_of((account, 3)) == (
        prefix + twox_128(b"VotingFor") + twox_64(account) + account + twox_64(class_) + class_
    )
    assert voting.class_locks_for.key_of(account) == (
        prefix + twox_128(b"ClassLocksFor") + twox_64(account) + account
    )


def test_another_implementation_reads_the_books() -> None:
    """What it reads has the names that wallets ask for."""
    kind = ORACLE.storage_type("ConvictionVoting", "VotingFor")
    codec = CHAIN.host.codec(type(CHAIN.voting).voting_for.value_type)
    votes: Votes = ((7, Standard(Vote(False, Conviction.None_), 3)),)
    told_votes = [(7, told(votes[0][1]))]
    read = ORACLE.decode(kind, codec.encode(Casting(votes, Delegations(6, 1), PriorLock(9, 2))))
    assert read == {
        "Casting": {"votes": told_votes, "delegations": {"votes": 6, "capital": 1}, "prior": (9, 2)}
    }
    voice = Delegating(5, OTHER, Conviction.Locked2x, NOBODY, NO_LOCK, votes)
    assert ORACLE.decode(kind, codec.encode(voice)) == {
        "Delegating": {
            "balance": 5,
            "target": ss58.encode(OTHER, 42),
            "conviction": "Locked2x",
            "delegations": {"votes": 0, "capital": 0},
            "prior": (0, 0),
            "votes": told_votes,
        }
    }


def test_events_constants_and_types_have_substrates_names() -> None:
    pallet = ORACLE.pallet("ConvictionVoting")
    assert [each.name for each in pallet.events][:5] == [
        "Delegated",
        "Undelegated",
        "Voted",
        "VoteRemoved",
        "VoteUnlocked",
    ]
    constants = {each.name: each.constant_value for each in pallet.constants}
    assert constants["MaxVotes"] is not None and constants["VoteLockingPeriod"] is not None
    paths = ["::".join(each["type"]["path"]) for each in ORACLE.metadata.portable_registry["types"].value]
    for name in ("vote::AccountVote", "vote::Voting", "vote::PriorLock", "types::Delegations"):
        assert paths.count(f"pallet_conviction_voting::{name}") == 1
    assert paths.count("pallet_conviction_voting::vote::Vote") == 1
    assert paths.count("pallet_conviction_voting::conviction::Conviction") == 1


def test_a_vote_in_plain_words() -> None:
    vote = Standard(Vote(True, Conviction.Locked2x), 5)
    plain = {"Standard": {"vote": {"aye": True, "conviction": "Locked2x"}, "balance": 5}}
    assert to_plain(vote) == plain
    assert from_plain(AccountVote, plain) == vote


@given(st.dictionaries(st.integers(0, 20), account_votes), st.integers(0, 20), account_votes)
def test_votes_are_kept_in_order(all_of: dict[int, AccountVote], poll: int, vote: AccountVote) -> None:
    votes: Votes = ()
    for each, said in all_of.items():
        votes = with_vote(votes, each, said)
    assert votes == tuple(sorted(all_of.items()))
    assert vote_on(votes, poll) == all_of.get(poll)
    assert dict(with_vote(votes, poll, vote)) == all_of | {poll: vote}
    without = {each: said for each, said in all_of.items() if each != poll}
    assert dict(with_vote(votes, poll, None)) == without


def test_what_a_record_contributes_and_locks() -> None:
    votes: Votes = ((1, Standard(Vote(True, Conviction.Locked1x), 50)), (2, Split(30, 30)))
    record = Casting(votes, Delegations(700, 100), PriorLock(9, 55))
    assert contribution(record, 1, Delegations(200, 20)) == Tally(550, 0, 130)
    assert contribution(record, 2, NOBODY) == Tally(3, 3, 30)
    assert contribution(record, 3, NOBODY) == Tally(0, 0, 0)
    assert locked_in(record, 8) == 60
    assert locked_in(record.replace(votes=votes[:1]), 8) == 55
    assert locked_in(record.replace(votes=votes[:1]), 9) == 50
    assert locked_in(Delegating(70, OTHER, Conviction.None_, votes=votes), 0) == 70
