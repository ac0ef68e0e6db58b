"""`ballast gov refund`: the deposits of a referendum that has ended, on their way back."""

from __future__ import annotations

from governance.referenda import status as s
from node.cli.faults import Fault
from node.cli.gov_api import asking_gov
from node.cli.gov_show import Index
from node.cli.gov_words import PHASES
from node.cli.sending import Sending, send, tell
from node.gov.deposits import giving_back, refunds_of
from node.gov.referenda import Stand


async def refund(referendum: Index, /, *, sending: Sending) -> None:
    """Give the deposits of a referendum that has ended back to those who put them up. Anybody may."""
    pair = sending.pair()
    async with asking_gov(sending.rpc, sending.chain) as api:
        stand = (await api.referendum(referendum)).stand
        refunds = refunds_of(stand.info)
        if not refunds:
            raise Fault(why_none(stand))
        call = giving_back(api.gov, referendum, refunds)
        included = await send(api.remote, call, pair, sending)
        if included is None:
            return
        words = api.words
        lines = [
            f"{words.coin.words(each.deposit.amount)}, the {each.kind} deposit, are free again for "
            f"{words.address(each.deposit.who)}"
            for each in refunds
        ]
        plain = [
            {"deposit": each.kind, "who": words.address(each.deposit.who), "amount": each.deposit.amount}
            for each in refunds
        ]
        tell(api.remote, call, included, *lines, as_json=sending.json, refunded=plain)


def why_none(stand: Stand) -> str:
    """Why nothing of a referendum can be given back."""
    name, info = f"referendum {stand.index}", stand.info
    if isinstance(info, s.Ongoing):
        return f"{name} goes on: deposits come back once it has ended, see `ballast gov show {stand.index}`"
    if isinstance(info, s.Killed):
        return f"{name} was killed, and its deposits were slashed"
    if info.submission_deposit is not None:
        return (
            f"{name} is {PHASES[stand.phase]}, and has no other deposit left than that of its submission, "
            "which comes back only after an approval or a cancellation"
        )
    return f"no deposit of {name} is left: they were given back"
