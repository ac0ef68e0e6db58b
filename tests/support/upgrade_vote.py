"""The next runtime, voted in on a real chain: coins that count, a root referendum, and its delays."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import trio

from genesis.coin import COIN
from genesis.spec import ChainSpec
from governance.conviction import Conviction
from governance.referenda import Referenda
from governance.referenda import status as s
from governance.referenda import types as t
from governance.tracks import BY_ID, ROOT, details
from governance.voting.votes import Standard, Vote
from node.cli.remote import local_runtime
from node.client import ChainClient, connect
from node.gov.pallets import Governance
from node.wallet.signer import Keypair
from runtime.crypto.derive import dev_public
from runtime.frame import Call
from runtime.frame.governance import Lookup
from runtime.types.account import Address
from support.processes import ballast_process

TRACK: Final = BY_ID[ROOT]
HOLDERS: Final = tuple(f"//Holder//{number}" for number in range(3))
"""Together they have more than half of all coins: what they want takes no longer than the track."""
HELD: Final = 40_000 * COIN
ENROLLED: Final = 30_000 * COIN
EXTRA: Final = tuple((dev_public(each), HELD) for each in HOLDERS)
"""The holders' balances, as a preset takes them."""
PassTo = Callable[[int], Awaitable[None]]
"""Waits until a block is final."""


@dataclass(frozen=True, slots=True)
class Voted:
    """The block in which each step came."""

    enrolled: int
    submitted: int
    approved: int
    due: int
    """It is carried out in this one."""


async def vote_through(url: str, file: Path, spec: ChainSpec, code: bytes, pass_to: PassTo) -> Voted:
    """Have the holders decide that the next runtime shall be `code`; the next block carries it out.

    Coins are enrolled and wait until they count. The first holder proposes with `ballast gov` and says aye,
    with its own coins and those that the second lends it; the third says aye with more conviction.
    """
    runtime = local_runtime(spec)
    gov = Governance.of(runtime)
    voting, referenda = gov.voting, gov.referenda
    first, second, third = pairs = [Keypair.from_suri(each, "sr25519") for each in HOLDERS]
    async with connect(url) as client:
        chain = await ChainClient.open(client, runtime)

        async def send(pair: Keypair, call: Call) -> int:
            included = await chain.submit(await chain.sign(call, pair))
            assert included.failure is None, included.failure
            return included.block_number

        enrolled = [await send(pair, voting.enroll.call(ENROLLED)) for pair in pairs]
        await pass_to(enrolled[-1] + voting.seasoning_period())

        command = ("gov", "propose", "System.set_code", f"code=0x{code.hex()}", "--track", TRACK.name)
        options = ("--deposit", "--from", HOLDERS[0], "--chain", str(file), "--rpc", url, "--json")
        proposed = await trio.to_thread.run_sync(partial(ballast_process, *command, *options))
        assert proposed.returncode == 0, proposed.stderr
        said = json.loads(proposed.stdout)
        index, submitted = said["referendum"], said["blockNumber"]
        status = await chain.view(lambda: status_of(referenda, index))
        assert isinstance(status.proposal, Lookup)
        assert await chain.view(lambda: gov.preimages.have(status.proposal))

        class_, once, twice = TRACK.id, Conviction.Locked1x, Conviction.Locked2x
        await send(first, voting.vote.call(index, Standard(Vote(True, once), ENROLLED)))
        await send(second, voting.delegate.call(class_, Address(first.public), once, ENROLLED))
        await send(third, voting.vote.call(index, Standard(Vote(True, twice), ENROLLED)))
        tally = (await chain.view(lambda: status_of(referenda, index))).tally
        assert (tally.ayes, tally.nays, tally.support) == (4 * ENROLLED, 0, 3 * ENROLLED)

        track = details(TRACK, referenda.config.blocks_per_hour)
        await pass_to(submitted + track.prepare_period)
        begun = await chain.view(lambda: status_of(referenda, index))
        assert begun.deciding is not None and begun.deciding.confirming is not None
        await pass_to(begun.deciding.confirming)
        info = await chain.view(lambda: referenda.referendum_info_for[index])
        assert isinstance(info, s.Approved), info
        record = await chain.view(lambda: referenda.records[index])
        assert isinstance(record.fate, t.Due), record
        assert record.fate.at == info.at + track.min_enactment_period
        await pass_to(record.fate.at - 1)
        record = await chain.view(lambda: referenda.records[index])
        assert isinstance(record.fate, t.Due), record
    return Voted(enrolled[-1], submitted, info.at, record.fate.at)


def status_of(referenda: Referenda, index: int) -> s.ReferendumStatus:
    """Of a referendum that goes on."""
    info = referenda.referendum_info_for[index]
    assert isinstance(info, s.Ongoing), info
    return info.status
