"""`ballast tx`: transactions, from words to finality."""

from __future__ import annotations

from typing import Annotated, Any, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from node.cli.arguments import named
from node.cli.faults import Refused
from node.cli.key_password import PasswordFile
from node.cli.key_store import KeysFolder
from node.cli.output import Json, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, ChainName, Kind, RpcUrl
from node.cli.remote import Remote, reach
from node.cli.signing import From, signer_of
from node.cli.words import inline
from node.client import Included
from node.client.chain import ERA_PERIOD, FINAL_SECONDS
from node.wallet.signer import Keypair
from runtime.frame.host import Call
from runtime.types.era import PERIOD_MAX

TRANSFER: Final = "Balances.transfer_keep_alive"
TRANSFER_ALLOWING_DEATH: Final = "Balances.transfer_allow_death"

Tip = Annotated[str, Parameter(help="What is paid above the fee, in coins.")]
Nonce = Annotated[
    int | None,
    Parameter(validator=Number(gte=0, lt=1 << 32), help="The account's nonce; by default its next one."),
]
DryRun = Annotated[
    bool, Parameter(negative="", show_default=False, help="Sign it and say what it costs; send nothing.")
]
Period = Annotated[
    int,
    Parameter(
        validator=Number(gte=0, lte=PERIOD_MAX), help="For about how many blocks it stays valid; 0: for ever."
    ),
]
Timeout = Annotated[
    float,
    Parameter(name="--timeout", validator=Number(gt=0), help="How many seconds to wait until it is final."),
]

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
    signer: From,
    kind: Kind = "sr25519",
    tip: Tip = "0",
    nonce: Nonce = None,
    period: Period = ERA_PERIOD,
    timeout_s: Timeout = FINAL_SECONDS,
    dry_run: DryRun = False,
    keys: KeysFolder = None,
    password_file: PasswordFile = None,
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Send a call in a signed transaction, wait until it is final, and show its events."""
    pair = signer_of(signer, kind, keys, password_file)
    values = named(arguments)
    async with reach(rpc, chain) as remote:
        made = remote.words.call(call, values)
        raw = await _sign(remote, made, pair, nonce, tip, period)
        await _finish(remote, made, raw, tip, timeout_s, dry_run=dry_run, as_json=json)


@app.command
async def transfer(
    to: Annotated[str, Parameter(help="The receiver: an address, 32 bytes of hex, or a name such as //Bob.")],
    amount: Annotated[str, Parameter(help="How much: 1.5 are coins, 1500000000units are smallest units.")],
    /,
    *,
    signer: From,
    kind: Kind = "sr25519",
    allow_death: Annotated[
        bool,
        Parameter(
            negative="", show_default=False, help="Let the sender's account end if too little is left."
        ),
    ] = False,
    tip: Tip = "0",
    nonce: Nonce = None,
    period: Period = ERA_PERIOD,
    timeout_s: Timeout = FINAL_SECONDS,
    dry_run: DryRun = False,
    keys: KeysFolder = None,
    password_file: PasswordFile = None,
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Send coins to another account."""
    pair = signer_of(signer, kind, keys, password_file)
    async with reach(rpc, chain) as remote:
        words = remote.words
        dest = "0x" + words.account(to, kind).hex()
        made = words.call(
            TRANSFER_ALLOWING_DEATH if allow_death else TRANSFER,
            {"dest": dest, "value": words.coin.parse(amount)},
        )
        raw = await _sign(remote, made, pair, nonce, tip, period)
        await _finish(remote, made, raw, tip, timeout_s, dry_run=dry_run, as_json=json)


async def _sign(
    remote: Remote, call: Call, signer: Keypair, nonce: int | None, tip: str, period: int
) -> bytes:
    tip_units = remote.words.coin.parse(tip)
    return await remote.chain.sign(call, signer, nonce=nonce, tip=tip_units, period=period)


async def _finish(
    remote: Remote, call: Call, raw: bytes, tip: str, timeout_s: float, *, dry_run: bool, as_json: bool
) -> None:
    if dry_run:
        await _price(remote, call, raw, tip, as_json=as_json)
        return
    if not as_json:
        say(f"Sending {call}, 0x{remote.runtime.decode(raw).hash.hex()}")
    included = await remote.chain.submit(raw, timeout_s=timeout_s)
    report = describe(remote, call, included)
    if as_json:
        print_json(report)
    else:
        say(f"Final in block {included.block_number}, 0x{included.block_hash.hex()}, index {included.index}")
        for event in included.events:
            ((name, fields),) = remote.words.event(event).items()
            say(f"  {name}: {inline(fields)}")
    if included.failure is not None:
        raise Refused(f"the call was refused, and its fee is paid: {included.failure}")


async def _price(remote: Remote, call: Call, raw: bytes, tip: str, *, as_json: bool) -> None:
    """Say what a signed transaction would cost, and how it would end if the next block took it."""
    chain, coin = remote.chain, remote.words.coin
    fee = (await chain.fee(raw)).partial_fee + coin.parse(tip)
    refusal = await chain.validity(raw)
    failure = await chain.rehearse(raw) if refusal is None else None
    if as_json:
        print_json(
            {
                "call": remote.words.plain_call(call),
                "extrinsic": "0x" + raw.hex(),
                "bytes": len(raw),
                "fee": fee,
                "valid": refusal is None,
                "refusal": refusal,
                "failure": failure,
            }
        )
    else:
        say(f"{call}: {inline(remote.words.plain_call(call)[str(call)])}")
        say(f"Fee {coin.words(fee)}, {len(raw)} bytes; not sent")
    if refusal is not None:
        raise Refused(f"the chain would not take it: {refusal}")
    if failure is not None:
        raise Refused(f"the call would be refused: {failure}")


def describe(remote: Remote, call: Call, included: Included) -> dict[str, Any]:
    """A transaction in a final block as plain values."""
    return {
        "call": remote.words.plain_call(call),
        "hash": "0x" + included.hash.hex(),
        "blockHash": "0x" + included.block_hash.hex(),
        "blockNumber": included.block_number,
        "index": included.index,
        "succeeded": included.failure is None,
        "failure": included.failure,
        "events": [remote.words.event(event) for event in included.events],
    }
