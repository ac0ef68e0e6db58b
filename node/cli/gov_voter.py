"""One account's voice on one referendum, and until when it locks coins."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from governance.conviction import Conviction
from governance.voting.queries import EnrollmentInfo, LockInfo, OwnVote, VoteInfo
from governance.voting.votes import AccountVote, Split, SplitAbstain, Standard
from node.cli.faults import Refused
from node.cli.gov_api import GovApi
from node.cli.words import Words
from node.gov.referenda import Stand, read_stand
from node.gov.timeline import end_block


def vote_words(words: Words, vote: AccountVote) -> str:
    """A vote in words: `aye with 100 CPC at conviction 2`."""
    coin = words.coin.words
    match vote:
        case Standard():
            side = "aye" if vote.vote.aye else "nay"
            return f"{side} with {coin(vote.balance)} at conviction {vote.vote.conviction:d}"
        case Split():
            return f"split: {coin(vote.aye)} aye, {coin(vote.nay)} nay"
        case SplitAbstain():
            return f"split: {coin(vote.aye)} aye, {coin(vote.nay)} nay, {coin(vote.abstain)} abstain"
        case _:
            raise AssertionError(f"{vote} is no vote")


async def own_voice(api: GovApi, stand: Stand, who: bytes) -> dict[str, Any]:
    """How an account's voice is used on a referendum, and what that locks, as plain values."""
    heard: tuple[VoteInfo, ...] = await api.ask(api.gov.voting.votes_of, who)
    voice = next((each for each in heard if each.poll == stand.index), None)
    locks: tuple[LockInfo, ...] = await api.ask(api.gov.voting.locks_of, who)
    reason = OwnVote(stand.index)
    lock = next((each for each in locks if each.class_ == stand.track_id and each.reason == reason), None)
    end = end_block(stand, api.number, api.turnout_max)
    until = None if lock is None else lock.until if lock.until is not None else end + lock.blocks
    return {
        "address": api.words.address(who),
        "vote": None if voice is None else api.words.record(voice.vote),
        "words": None if voice is None else vote_words(api.words, voice.vote),
        "delegate": None if voice is None or voice.delegate is None else api.words.address(voice.delegate),
        "locked": 0 if lock is None else lock.coins,
        "lockedUntil": until,
    }


def own_lines(api: GovApi, mine: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    said = mine["words"] or "no voice on it now"
    by = f", by its delegate {mine['delegate']}" if mine["delegate"] else ""
    yield f"{mine['address']}: {said}{by}"
    if mine["locked"]:
        coins, until = api.words.coin.words(mine["locked"]), mine["lockedUntil"]
        state = (
            f"locked until {api.when(until)}"
            if until > api.number
            else "free: `ballast gov unlock` frees them"
        )
        yield f"  {coins} {state}"


async def check_coins(api: GovApi, who: bytes, coins: int) -> None:
    """Refuse coins that do not count yet, saying until when. Raises `Refused`."""
    info: EnrollmentInfo = await api.ask(api.gov.voting.enrollment_of, who)
    if coins and coins <= info.counting:
        return
    coin = api.words.coin.words
    has = f"{api.words.address(who)} has {coin(info.counting)} that count"
    later = [f"{coin(each.amount)} count from {api.when(each.counts_from)}" for each in info.seasoning]
    advice = "; ".join(later) if later else "`ballast gov enroll` enrolls more, which count a week later"
    wanted = f", and {coin(coins)} are named" if coins else ""
    raise Refused(f"{has}{wanted}: {advice}")


async def counting_of(api: GovApi, who: bytes, coins: str | None) -> int:
    """The coins that were named, or all that count; none that do not. Raises `Refused` and Fault."""
    if coins is None:
        info: EnrollmentInfo = await api.ask(api.gov.voting.enrollment_of, who)
        wanted = info.counting
    else:
        wanted = api.words.coin.parse(coins)
    await check_coins(api, who, wanted)
    return wanted


async def lock_words(api: GovApi, poll: int, conviction: Conviction) -> str:
    """Until when a vote on a referendum locks its coins."""
    stand = await api.view(partial(read_stand, api.gov, poll))
    if stand is None:
        return ""
    end = end_block(stand, api.number, api.turnout_max)
    until = api.gov.voting.lock_end(conviction, end)
    more = f", and if its side wins until {api.when(until)}" if conviction else ""
    return f"coins are locked until the end, about {api.when(end)}{more}"
