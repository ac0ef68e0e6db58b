"""`ballast gov enroll | withdraw | unlock`: the coins that may vote, and their way back."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import Parameter

from governance.voting import ConvictionVoting
from governance.voting.queries import EnrollmentInfo, LockInfo, OwnVote
from node.cli.faults import Fault, Refused
from node.cli.gov_api import GovApi, asking_gov
from node.cli.sending import Sending, send, tell
from node.gov.drafts import together
from runtime.frame import Call
from runtime.types.account import Address

CALLS_MAX: Final = 64
"""How many calls of one unlock go into one transaction."""
Amount = Annotated[str, Parameter(help="How much: 1.5 are coins, 1500000000units are smallest units.")]


async def enroll(amount: Amount, /, *, sending: Sending) -> None:
    """Let coins stand still: they may vote from a week later on, and cannot be spent until withdrawn."""
    pair = sending.pair()
    async with asking_gov(sending.rpc, sending.chain) as api:
        coins = api.words.coin.parse(amount)
        call = api.gov.voting.enroll.call(coins)
        included = await send(api.remote, call, pair, sending)
        if included is None:
            return
        counts_from = included.block_number + api.gov.voting.seasoning_period()
        line = f"{api.words.coin.words(coins)} count from {api.when(counts_from)}"
        tell(api.remote, call, included, line, as_json=sending.json, countsFrom=counts_from)


async def withdraw(amount: Amount, /, *, sending: Sending) -> None:
    """Let enrolled coins move again that no vote and no lock needs."""
    pair = sending.pair()
    async with asking_gov(sending.rpc, sending.chain) as api:
        coins = api.words.coin.parse(amount)
        info: EnrollmentInfo = await api.ask(api.gov.voting.enrollment_of, pair.public)
        enrolled = info.counting + sum(each.amount for each in info.seasoning)
        if coins > enrolled - info.locked:
            raise Refused(await _why_locked(api, pair.public, info, enrolled))
        call = api.gov.voting.withdraw.call(coins)
        included = await send(api.remote, call, pair, sending)
        if included is None:
            return
        line = f"{api.words.coin.words(coins)} may move again"
        tell(api.remote, call, included, line, as_json=sending.json)


async def unlock(
    *,
    account: Annotated[
        str | None, Parameter(help="Whose coins; by default the signer's. Anybody may, for anybody.")
    ] = None,
    sending: Sending,
) -> None:
    """Free all coins of an account whose locks are over, on every track."""
    pair = sending.pair()
    async with asking_gov(sending.rpc, sending.chain) as api:
        who = pair.public if account is None else api.words.account(account, sending.kind)
        locks: tuple[LockInfo, ...] = await api.ask(api.gov.voting.locks_of, who)
        held: dict[int, int] = dict(await api.view(lambda: api.gov.voting.class_locks_for[who]))
        calls = due(api.gov.voting, who, api.number, locks, held, is_owner=who == pair.public)
        if not calls:
            raise Fault(f"no lock is over: {_next(api, locks)}")
        before: EnrollmentInfo = await api.ask(api.gov.voting.enrollment_of, who)
        call = together(api.gov, calls[:CALLS_MAX])
        included = await send(api.remote, call, pair, sending)
        if included is None:
            return
        coin = api.words.coin.words
        left = len(calls) - CALLS_MAX
        lines = [
            f"{coin(before.locked)} were locked, {coin(before.needed)} are still: {_next(api, locks)}",
            *([f"{left} calls are left: unlock once more"] if left > 0 else []),
        ]
        tell(api.remote, call, included, *lines, as_json=sending.json, callsLeft=max(0, left))


def due(
    voting: ConvictionVoting,
    who: bytes,
    number: int,
    locks: tuple[LockInfo, ...],
    held: dict[int, int],
    *,
    is_owner: bool,
) -> list[Call]:
    """The calls that free what is over in block `number`: each such vote removed, then each class unlocked in
    which less is needed than is `held`.
    """
    over = [each for each in locks if each.until is not None and each.until <= number]
    calls: list[Call] = []
    for each in over:
        if isinstance(each.reason, OwnVote):
            poll, class_ = each.reason.poll, each.class_
            mine, theirs = voting.remove_vote, voting.remove_other_vote
            calls.append(mine.call(class_, poll) if is_owner else theirs.call(Address(who), class_, poll))
    for class_, locked in held.items():
        needed = (each.coins for each in locks if each.class_ == class_ and each not in over)
        if max(needed, default=0) < locked:
            calls.append(voting.unlock.call(class_, Address(who)))
    return calls


def _next(api: GovApi, locks: tuple[LockInfo, ...]) -> str:
    """When the next lock is over."""
    ends = [each.until for each in locks if each.until is not None and each.until > api.number]
    if ends:
        return f"the next is over in {api.when(min(ends))}"
    if any(each.until is None for each in locks):
        return "votes and delegations that go on need the rest"
    return "nothing else is locked"


async def _why_locked(api: GovApi, who: bytes, info: EnrollmentInfo, enrolled: int) -> str:
    coin = api.words.coin.words
    said = f"{coin(enrolled)} are enrolled, and {coin(info.locked)} of them are locked"
    if not info.locked:
        return said
    if info.needed < info.locked:
        return f"{said}, of which `ballast gov unlock` frees {coin(info.locked - info.needed)}"
    locks: tuple[LockInfo, ...] = await api.ask(api.gov.voting.locks_of, who)
    return f"{said}: {_next(api, locks)}"
