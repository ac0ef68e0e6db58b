"""Who votes on a referendum that goes on, with how many coins on each side: what no tally keeps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from governance.tally import NOBODY, Delegations, parted
from governance.voting.votes import (
    AccountVote,
    Casting,
    Delegating,
    Record,
    Split,
    SplitAbstain,
    Standard,
    vote_on,
)
from node.client import ChainClient
from node.client.chain import PAGE
from node.gov.pallets import Governance

RECORDS_MAX: Final = 100_000
"""How many records of votes are read for one answer."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One voter's voice on one referendum, with those who follow it."""

    who: bytes
    vote: AccountVote
    followers: Delegations
    """Coins of others that it moves."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Coins by what they say, without conviction; those of followers with their delegates."""

    ayes: int
    nays: int
    abstained: int
    voters: int
    """Who votes themselves."""


async def voices(
    chain: ChainClient, gov: Governance, at: bytes, class_: int, poll: int
) -> list[Voice] | None:
    """Everybody who votes on a referendum themselves; None if there are more records than are read."""
    found: list[Voice] = []
    after: tuple[bytes, int] | None = None
    for _ in range(RECORDS_MAX // PAGE):
        page = await chain.view(partial(_page, gov, after), at)
        for (who, its_class), record in page:
            vote = vote_on(record.votes, poll) if its_class == class_ else None
            if vote is not None:
                found.append(await _heard(chain, gov, at, poll, Voice(who, vote, record.delegations)))
        if len(page) < PAGE:
            return found
        after, _record = page[-1]
    return None


def _page(gov: Governance, after: tuple[bytes, int] | None) -> list[tuple[tuple[bytes, int], Record]]:
    """The next records of votes, by account and class."""
    entries = islice(gov.voting.voting_for.items(after), PAGE)
    return [(key, record) for key, record in entries if isinstance(record, (Casting, Delegating))]


async def _heard(chain: ChainClient, gov: Governance, at: bytes, poll: int, voice: Voice) -> Voice:
    """A voice without the followers that do not follow it here: they vote themselves, or it takes no side."""
    if voice.followers == NOBODY:
        return voice
    if voice.vote.side is None:
        return Voice(voice.who, voice.vote, NOBODY)
    retracted = await chain.view(lambda: gov.voting.retracted[voice.who, poll], at)
    return Voice(voice.who, voice.vote, parted(voice.followers, retracted))


def sides(found: list[Voice]) -> Sides:
    """The coins of all voices, by what they say."""
    ayes = nays = abstained = 0
    for each in found:
        aye, nay, abstain = parts_of(each.vote)
        ayes, nays, abstained = ayes + aye, nays + nay, abstained + abstain
        if each.vote.side is True:
            ayes += each.followers.capital
        elif each.vote.side is False:
            nays += each.followers.capital
    return Sides(ayes, nays, abstained, len(found))


def parts_of(vote: AccountVote) -> tuple[int, int, int]:
    """A vote's coins that say aye, nay, and neither."""
    match vote:
        case Standard():
            return (vote.balance, 0, 0) if vote.vote.aye else (0, vote.balance, 0)
        case Split():
            return vote.aye, vote.nay, 0
        case SplitAbstain():
            return vote.aye, vote.nay, vote.abstain
        case _:
            raise AssertionError(f"{vote} is no vote")
