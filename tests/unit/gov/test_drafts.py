"""Drafts: the track that a move of parameters needs, the origin of each track, and batches that are whole."""

from __future__ import annotations

from functools import cache

import pytest

from genesis.load import load_spec
from governance.origins import track_of
from governance.parameters.types import ParameterInfo
from governance.referenda.status import After
from governance.tracks import TRACKS
from governance.voting.queries import Delegation, LockInfo, OwnVote, Past
from node.cli.faults import Fault
from node.cli.gov_coins import due
from node.cli.gov_propose import value_of
from node.cli.gov_vote import parse
from node.cli.gov_words import summary, tree_lines
from node.cli.remote import local_runtime
from node.cli.words import Words
from node.gov.calls import DEPTH_MAX, Move, moves, tree, walk
from node.gov.drafts import NoTrack, bound, encoded, origin_of, submission, track_for_moves, track_named
from node.gov.pallets import Governance
from node.gov.referenda import Proposal
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call
from runtime.frame.governance import Inline, Lookup

ALICE = b"\x01" * 32
FAR = (
    "Fees.Item may move to 40 at least and 60 at most now: no two values within 14 days are further apart "
    "than 10"
)


@cache
def words() -> Words:
    spec = load_spec("dev")
    return Words(local_runtime(spec), spec.properties)


@cache
def gov() -> Governance:
    return Governance.of(words().runtime)


def info(topic: str, safer: str, value: int = 50, step: int | None = None) -> ParameterInfo:
    least, most = (value - step, value + step) if step else (0, 100)
    return ParameterInfo(
        path=f"{topic.title()}.Item",
        kind="u64",
        doc="",
        value=value,
        default=50,
        low=0,
        high=100,
        step=step,
        least=least,
        most=most,
        topic=topic,
        safer=safer,
        up_track=0,
        down_track=0,
        changes=0,
    )


# Tracks.


def test_each_track_has_its_origin() -> None:
    assert [track_of(origin_of(each.id)) for each in TRACKS] == [each.id for each in TRACKS]


@pytest.mark.parametrize(
    ("moved", "track"),
    [
        ([(info("fees", "up"), 60)], "fees_safer"),
        ([(info("fees", "up"), 40)], "fees_looser"),
        ([(info("fees", ""), 60)], "fees_looser"),
        ([(info("fees", "up"), 60), (info("fees", "down"), 40)], "fees_safer"),
        ([(info("fees", "up"), 60), (info("fees", "down"), 60)], "fees_looser"),
        ([(info("nothing", "up"), 60)], "root"),
        ([(info("nothing", "up"), 60), (info("fees", "up"), 60)], "root"),
    ],
)
def test_the_quickest_track_that_may(moved: list[tuple[ParameterInfo, int]], track: str) -> None:
    assert track_for_moves(moved).name == track


def test_topics_do_not_mix() -> None:
    with pytest.raises(NoTrack) as refused:
        track_for_moves([(info("fees", "up"), 60), (info("reserve", "up"), 60)])
    assert str(refused.value) == (
        "only root decides of fees, reserve together: propose them one by one, or with --track root"
    )


def test_a_track_by_name_or_number() -> None:
    assert track_named("treasury") == track_named("30")
    with pytest.raises(NoTrack, match="no track is named 'x'; there are: root, fees_safer, "):
        track_named("x")


# Values.


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x", "Fees.Item: 'x' is no number"),
        ("50", "Fees.Item is 50 already"),
        ("101", "Fees.Item stands between 0 and 100, and 101 is outside"),
        (
            "61",
            FAR,
        ),
    ],
)
def test_values_that_are_refused(text: str, why: str) -> None:
    with pytest.raises(Fault) as refused:
        value_of(info("fees", "up", step=10), text)
    assert str(refused.value) == why
    assert value_of(info("fees", "up", step=10), "6_0") == 60


# Calls.


def remark(length: int) -> Call:
    return gov().preimages.note_preimage.call(b"\x07" * length)


def test_a_short_call_stands_for_itself_and_a_long_one_is_noted() -> None:
    short, long = remark(10), remark(200)
    assert bound(gov(), short) == (Inline(encoded(gov(), short)), None)
    data = encoded(gov(), long)
    assert bound(gov(), long) == (Lookup(blake2b_256(data), len(data)), data)


def test_a_submission_is_one_batch_whose_deposit_is_for_no_other_referendum() -> None:
    def names(call: Call) -> list[str]:
        return [str(each) for each in walk(call)]

    def drafted(call: Call, *, is_noted: bool = False, index: int | None = None) -> Call:
        return submission(gov(), call, 10, After(0), is_noted=is_noted, index=index)

    assert names(drafted(remark(10))) == ["Referenda.submit"]
    assert names(drafted(remark(200), is_noted=True)) == ["Referenda.submit"]
    assert names(drafted(remark(200), index=4)) == [
        "Utility.batch_all",
        "Preimage.note_preimage",
        "Referenda.submit",
        "Referenda.set_metadata",
        "Referenda.place_decision_deposit",
    ]
    batch = drafted(remark(10), index=4)
    assert [each.args for each in batch.args[0][1:]] == [(4, None), (4,)]


def test_a_tree_finds_moves_however_deep_and_ends() -> None:
    move = gov().parameters.set_parameter.call("Fees.Item", 7)
    call = move
    for _ in range(3):
        call = gov().utility.batch.call((remark(1), call))
    assert moves(gov(), call) == [Move("Fees.Item", 7)]
    for _ in range(DEPTH_MAX):
        call = gov().utility.batch.call((call,))
    found = tree(call)
    for _ in range(DEPTH_MAX - 1):
        (found,) = found.inner
    assert (found.inner, found.cut) == ((), 1)
    assert moves(gov(), call) == []


def test_what_a_proposer_writes_steers_no_terminal() -> None:
    call = gov().parameters.set_parameter.call("Fees\x1b[2J\u202e", 7)
    said = [summary(gov(), words(), Proposal(call, ""), {}), *tree_lines(words(), tree(call))]
    mark = "\N{REPLACEMENT CHARACTER}"
    assert said == [
        f"Fees{mark}[2J{mark} -> 7",
        f"  Parameters.set_parameter  path Fees{mark}[2J{mark}, value 7",
    ]


# Locks.


def test_only_what_is_over_is_freed() -> None:
    voting = gov().voting
    locks = (
        LockInfo(10, 100, OwnVote(1), 50, 0),
        LockInfo(10, 80, OwnVote(2), None, 0),
        LockInfo(11, 30, Past(), 40, 0),
        LockInfo(12, 60, OwnVote(3), 51, 0),
        LockInfo(13, 10, Delegation(ALICE), None, 5),
    )
    held = {10: 100, 11: 30, 12: 60, 13: 10}
    calls = due(voting, ALICE, 50, locks, held, is_owner=True)
    assert [str(each) for each in calls] == [
        "ConvictionVoting.remove_vote",
        "ConvictionVoting.unlock",
        "ConvictionVoting.unlock",
    ]
    assert calls[0].args == (10, 1)
    assert [each.args[0] for each in calls[1:]] == [10, 11]
    other = due(voting, ALICE, 50, locks, held, is_owner=False)
    assert str(other[0]) == "ConvictionVoting.remove_other_vote"
    assert due(voting, ALICE, 39, locks, held, is_owner=True) == []


# Words.


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (
            ("aye",),
            "write the numbers of referenda and then aye, nay, abstain or split, such as: vote 3 4 aye",
        ),
        (
            ("3", "yes"),
            "write the numbers of referenda and then aye, nay, abstain or split, such as: vote 3 4 aye",
        ),
        (("3", "3", "aye"), "referendum 3 is named twice"),
        (("x", "aye"), "'x' is no number of a referendum"),
        (("4294967296", "aye"), "'4294967296' is no number of a referendum"),
        (
            (*map(str, range(65)), "aye"),
            "65 referenda are more than the 64 that are voted on at once",
        ),
    ],
)
def test_votes_that_are_not_understood(given: tuple[str, ...], why: str) -> None:
    with pytest.raises(Fault) as refused:
        parse(given)
    assert str(refused.value) == why


def test_votes_that_are() -> None:
    assert parse(("3", "14", "split")) == ([3, 14], "split")
