"""`ballast gov vote`: one voice on one referendum, or on several at once."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from cyclopts import Parameter
from cyclopts.validators import Number

from governance.conviction import Conviction
from governance.voting.votes import AccountVote, Split, SplitAbstain, Standard, Vote
from node.cli.faults import Fault
from node.cli.gov_api import GovApi, asking_gov
from node.cli.gov_voter import check_coins, counting_of, lock_words, vote_words
from node.cli.sending import Sending, send, tell
from node.gov.drafts import together
from runtime.scale.errors import show

POLLS_MAX: Final = 64
"""How many referenda are voted on at once."""
INDEX_MAX: Final = (1 << 32) - 1
Side = Literal["aye", "nay", "abstain", "split"]
SIDES: Final[tuple[str, ...]] = get_args(Side)
Coins = Annotated[
    str | None, Parameter(help="How many coins, such as 1.5; by default all of the account's that count.")
]
Firmness = Annotated[
    int,
    Parameter(
        name="--conviction",
        validator=Number(gte=0, lte=max(Conviction)),
        help="0: a tenth of a vote a coin, free at the end. 1 to 6: so many votes a coin, locked after the "
        "end for 1, 2, 4 .. 32 weeks if the side wins.",
    ),
]


async def vote(
    *words: Annotated[
        str, Parameter(help="The referenda, by their numbers, and then: aye, nay, abstain or split.")
    ],
    coins: Coins = None,
    conviction: Firmness = 0,
    aye: Annotated[str, Parameter(help="Of a split vote, coins that say aye.")] = "0",
    nay: Annotated[str, Parameter(help="Of a split vote, coins that say nay.")] = "0",
    abstain: Annotated[str, Parameter(help="Of a split vote, coins that take no side.")] = "0",
    sending: Sending,
) -> None:
    """Vote on referenda that go on, or change one's vote; on several at once, all or none."""
    polls, side = parse(words)
    parts = (aye, nay, abstain)
    if side == "split" and (coins is not None or conviction):
        raise Fault("a split vote has no conviction and no --coins: give --aye, --nay and --abstain")
    if side != "split" and parts != ("0", "0", "0"):
        raise Fault("--aye, --nay and --abstain are for `split`: give --coins")
    if side == "abstain" and conviction:
        raise Fault("who abstains has no conviction")
    pair = sending.pair()
    async with asking_gov(sending.rpc, sending.chain) as api:
        for poll in polls:
            if (await api.referendum(poll)).stand.status is None:
                raise Fault(f"referendum {poll} has ended: `ballast gov show {poll}` tells how")
        made = await _made(api, pair.public, side, coins, Conviction(conviction), parts)
        call = together(api.gov, [api.gov.voting.vote.call(poll, made) for poll in polls])
        included = await send(api.remote, call, pair, sending)
        if included is None:
            return
        said = vote_words(api.words, made)
        lines = [
            f"Referendum {poll}: {said}; {await lock_words(api, poll, made.conviction)}" for poll in polls
        ]
        tell(api.remote, call, included, *lines, as_json=sending.json)


async def _made(
    api: GovApi,
    who: bytes,
    side: str,
    coins: str | None,
    conviction: Conviction,
    parts: tuple[str, str, str],
) -> AccountVote:
    """The vote, of coins that count. Raises Fault and `Refused`."""
    if side == "split":
        ayes, nays, abstained = (api.words.coin.parse(each) for each in parts)
        await check_coins(api, who, ayes + nays + abstained)
        return SplitAbstain(ayes, nays, abstained) if abstained else Split(ayes, nays)
    balance = await counting_of(api, who, coins)
    if side == "abstain":
        return SplitAbstain(0, 0, balance)
    return Standard(Vote(side == "aye", conviction), balance)


def parse(words: tuple[str, ...]) -> tuple[list[int], str]:
    """Referenda and a side, from `3 4 aye`. Raises Fault."""
    if len(words) < 2 or words[-1] not in SIDES:
        raise Fault(
            "write the numbers of referenda and then aye, nay, abstain or split, such as: vote 3 4 aye"
        )
    polls: dict[int, None] = {}
    for word in words[:-1]:
        if not (word.isascii() and word.isdecimal()) or int(word) > INDEX_MAX:
            raise Fault(f"{show(word)} is no number of a referendum")
        if int(word) in polls:
            raise Fault(f"referendum {word} is named twice")
        polls[int(word)] = None
    if len(polls) > POLLS_MAX:
        raise Fault(f"{len(polls)} referenda are more than the {POLLS_MAX} that are voted on at once")
    return list(polls), words[-1]
