"""`ballast gov delegate | undelegate`: one's voice in another's hands, track by track."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import Parameter

from governance.conviction import Conviction
from governance.tracks import TRACKS, Track
from governance.voting.votes import Delegating
from node.cli.faults import Fault
from node.cli.gov_api import GovApi, asking_gov
from node.cli.gov_vote import Coins, Firmness
from node.cli.gov_voter import counting_of
from node.cli.sending import Sending, send, tell
from node.gov.drafts import together, track_named
from runtime.types.account import Address

ALL: Final = "all"
Tracks = Annotated[str, Parameter(help="The track, by its name, or all.")]


async def delegate(
    track: Tracks,
    to: Annotated[str, Parameter(help="The delegate: an address, hex, or a name such as //Bob.")],
    /,
    *,
    coins: Coins = None,
    conviction: Firmness = 0,
    sending: Sending,
) -> None:
    """Lend coins to another's voice on all referenda of a track; one's own votes come before it."""
    pair = sending.pair()
    async with asking_gov(sending.rpc, sending.chain) as api:
        chosen = _tracks(track)
        target = api.words.account(to, sending.kind)
        if target == pair.public:
            raise Fault("an account cannot delegate to itself")
        lent = await _delegating(api, pair.public)
        taken = [each.name for each in chosen if each.id in lent]
        if taken and track != ALL:
            raise Fault(
                f"the account delegates on {taken[0]} already: `ballast gov undelegate` ends that first"
            )
        free = [each for each in chosen if each.id not in lent]
        if not free:
            raise Fault(
                "the account delegates on every track already: `ballast gov undelegate` ends that first"
            )
        balance = await counting_of(api, pair.public, coins)
        firmly = Conviction(conviction)
        call = together(
            api.gov,
            [api.gov.voting.delegate.call(each.id, Address(target), firmly, balance) for each in free],
        )
        included = await send(api.remote, call, pair, sending)
        if included is None:
            return
        amount, whom = api.words.coin.words(balance), api.words.address(target)
        lines = [f"{each.name}: {amount} at conviction {firmly:d} follow {whom}" for each in free]
        tell(api.remote, call, included, *lines, as_json=sending.json)


async def undelegate(track: Tracks, /, *, sending: Sending) -> None:
    """Lend no more on a track; from then on the lock of the conviction runs."""
    pair = sending.pair()
    async with asking_gov(sending.rpc, sending.chain) as api:
        chosen = _tracks(track)
        lent = await _delegating(api, pair.public)
        ending = [each for each in chosen if each.id in lent]
        if not ending:
            raise Fault(f"the account delegates on {'no track' if track == ALL else chosen[0].name} now")
        call = together(api.gov, [api.gov.voting.undelegate.call(each.id) for each in ending])
        included = await send(api.remote, call, pair, sending)
        if included is None:
            return
        lines = [_end(api, each, lent[each.id], included.block_number) for each in ending]
        tell(api.remote, call, included, *lines, as_json=sending.json)


def _end(api: GovApi, track: Track, voice: Delegating, block: int) -> str:
    amount = api.words.coin.words(voice.balance)
    until = api.gov.voting.lock_end(voice.conviction, block)
    return f"{track.name}: {amount} are free from {api.when(until)}; `ballast gov unlock` frees them then"


def _tracks(name: str) -> tuple[Track, ...]:
    return TRACKS if name == ALL else (track_named(name),)


async def _delegating(api: GovApi, who: bytes) -> dict[int, Delegating]:
    """What an account has lent, by track."""

    def look() -> dict[int, Delegating]:
        records = {each.id: api.gov.voting.record_of(who, each.id) for each in TRACKS}
        return {number: each for number, each in records.items() if isinstance(each, Delegating)}

    return await api.view(look)
