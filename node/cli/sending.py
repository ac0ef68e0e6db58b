"""Sending: the options of every command that signs a call, and how it goes from there to finality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from node.cli.faults import Refused
from node.cli.key_password import PasswordFile
from node.cli.key_store import KeysFolder
from node.cli.output import Json, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, ChainName, Kind, RpcUrl
from node.cli.remote import Remote
from node.cli.signing import From, signer_of
from node.cli.words import inline
from node.client import Included
from node.client.chain import ERA_PERIOD, FINAL_SECONDS
from node.wallet.signer import Keypair
from runtime.frame import Call
from runtime.types.era import PERIOD_MAX

Tip = Annotated[str, Parameter(help="What is paid above the fee, in coins.")]
Nonce = Annotated[
    int | None,
    Parameter(validator=Number(gte=0, lt=1 << 32), help="The account's nonce; by default its next one."),
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
DryRun = Annotated[
    bool, Parameter(negative="", show_default=False, help="Sign it and say what it costs; send nothing.")
]


@Parameter(name="*", help="How the call is signed and sent.")
@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Who signs, on what terms, and where it goes."""

    signer: From
    kind: Kind = "sr25519"
    tip: Tip = "0"
    nonce: Nonce = None
    period: Period = ERA_PERIOD
    timeout_s: Timeout = FINAL_SECONDS
    dry_run: DryRun = False
    keys: KeysFolder = None
    password_file: PasswordFile = None
    rpc: RpcUrl = DEFAULT_RPC
    chain: ChainName = DEFAULT_CHAIN
    json: Json = False

    def pair(self) -> Keypair:
        """The key that signs. Raises Fault."""
        return signer_of(self.signer, self.kind, self.keys, self.password_file)


@dataclass(frozen=True, slots=True)
class Priced:
    """What a signed transaction would cost, and how it would end if the next block took it."""

    plain: dict[str, Any]
    """All of it for programs."""
    line: str
    """The cost for people."""
    refusal: str
    """Why it would end badly; empty if it would not."""

    def check(self) -> None:
        """Raises `Refused` if it would end badly."""
        if self.refusal:
            raise Refused(self.refusal)


async def price(remote: Remote, call: Call, pair: Keypair, how: Sending) -> Priced:
    """Sign a call, and see what it would cost and how it would end; nothing is sent."""
    chain = remote.chain
    raw, tip = await _signed(remote, call, pair, how)
    fee = (await chain.fee(raw)).partial_fee + tip
    refusal = await chain.validity(raw)
    failure = await chain.rehearse(raw) if refusal is None else None
    plain = {"call": remote.words.plain_call(call), "extrinsic": "0x" + raw.hex(), "bytes": len(raw)}
    plain |= {"fee": fee, "valid": refusal is None, "refusal": refusal, "failure": failure}
    line = f"Fee {remote.words.coin.words(fee)}, {len(raw)} bytes; not sent"
    if refusal is not None:
        return Priced(plain, line, f"the chain would not take it: {refusal}")
    return Priced(plain, line, "" if failure is None else f"the call would be refused: {failure}")


async def submit(remote: Remote, call: Call, pair: Keypair, how: Sending) -> Included:
    """Sign a call, send it, and wait until it is final."""
    raw, _ = await _signed(remote, call, pair, how)
    if not how.json:
        say(f"Sending {call}, 0x{remote.runtime.decode(raw).hash.hex()}")
    return await remote.chain.submit(raw, timeout_s=how.timeout_s)


async def send(remote: Remote, call: Call, pair: Keypair, how: Sending) -> Included | None:
    """Send a call and wait until it is final; with `--dry-run` say what it would cost instead, and give None.
    Raises `Refused`.
    """
    if not how.dry_run:
        return await submit(remote, call, pair, how)
    priced = await price(remote, call, pair, how)
    if how.json:
        print_json(priced.plain)
    else:
        say(f"{call}: {inline(priced.plain['call'][str(call)])}")
        say(priced.line)
    priced.check()
    return None


async def _signed(remote: Remote, call: Call, pair: Keypair, how: Sending) -> tuple[bytes, int]:
    """The signed transaction, and its tip."""
    tip = remote.words.coin.parse(how.tip)
    return await remote.chain.sign(call, pair, nonce=how.nonce, tip=tip, period=how.period), tip


def tell(remote: Remote, call: Call, included: Included, *lines: str, as_json: bool, **more: object) -> None:
    """Say what became of a call: `lines` where it succeeded, its events where there are none. `more` is for
    JSON. Raises `Refused`.
    """
    if as_json:
        print_json({**more, **_plain(remote, call, included)})
    else:
        say(f"Final in block {included.block_number}, 0x{included.block_hash.hex()}, index {included.index}")
        if included.failure is None:
            for line in lines or _events(remote, included):
                say(line)
    if included.failure is not None:
        raise Refused(f"the call was refused, and its fee is paid: {included.failure}")


def _events(remote: Remote, included: Included) -> list[str]:
    told = [remote.words.event(event) for event in included.events]
    return [f"  {name}: {inline(fields)}" for each in told for name, fields in each.items()]


def _plain(remote: Remote, call: Call, included: Included) -> dict[str, Any]:
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
