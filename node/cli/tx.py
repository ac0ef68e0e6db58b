"""`ballast tx`: transactions, from words to finality."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import App, Parameter

from node.cli import sending
from node.cli.arguments import named
from node.cli.remote import Remote, reach
from node.cli.sending import Sending
from node.wallet.signer import Keypair
from runtime.frame import Call

TRANSFER: Final = "Balances.transfer_keep_alive"
TRANSFER_ALLOWING_DEATH: Final = "Balances.transfer_allow_death"

app = App(
    name="tx",
    help_epilogue="""Amounts: 1.5CPC are coins and 1500000000units are smallest units. A bare number
is coins in `tx transfer`, and smallest units in a call. A call inside a call
is JSON: {"System.remark": {"remark": "0x01"}}.

Examples:
  ballast tx transfer //Bob 1.5 --from //Alice
  ballast tx transfer //Bob 1.5 --from treasury     an account of the keyring
  ballast tx Balances.transfer_keep_alive dest=//Bob value=1CPC --from //Alice
  ballast tx System.remark remark=hello --from //Alice --dry-run""",
)


@app.default
async def send(
    call: Annotated[str, Parameter(help="The call, as Pallet.call.")],
    /,
    *arguments: Annotated[str, Parameter(help="Its arguments, each as NAME=VALUE.")],
    how: Sending,
) -> None:
    """Send a call in a signed transaction, wait until it is final, and show its events."""
    pair, values = how.pair(), named(arguments)
    async with reach(how.rpc, how.chain) as remote:
        await _send(remote, remote.words.call(call, values), pair, how)


@app.command
async def transfer(
    to: Annotated[str, Parameter(help="The receiver: an address, 32 bytes of hex, or a name such as //Bob.")],
    amount: Annotated[str, Parameter(help="How much: 1.5 are coins, 1500000000units are smallest units.")],
    /,
    *,
    allow_death: Annotated[
        bool,
        Parameter(
            negative="", show_default=False, help="Let the sender's account end if too little is left."
        ),
    ] = False,
    how: Sending,
) -> None:
    """Send coins to another account."""
    pair = how.pair()
    async with reach(how.rpc, how.chain) as remote:
        words = remote.words
        dest = "0x" + words.account(to, how.kind).hex()
        made = words.call(
            TRANSFER_ALLOWING_DEATH if allow_death else TRANSFER,
            {"dest": dest, "value": words.coin.parse(amount)},
        )
        await _send(remote, made, pair, how)


async def _send(remote: Remote, call: Call, pair: Keypair, how: Sending) -> None:
    included = await sending.send(remote, call, pair, how)
    if included is not None:
        sending.tell(remote, call, included, as_json=how.json)
