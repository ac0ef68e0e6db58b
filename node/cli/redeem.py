"""`ballast redeem`: coins exchanged for work, from the quote to the receipt."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import trio
from cyclopts import App, Parameter

from node.cli.amounts import Coin as Words
from node.cli.faults import Fault, Refused, expected
from node.cli.key_password import PasswordFile
from node.cli.key_store import KeysFolder
from node.cli.output import Json, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, ChainName, Kind, RpcUrl
from node.cli.provider import JobsDir, shelf_at
from node.cli.receipt import accuracy
from node.cli.remote import reach
from node.cli.signing import From, signer_of
from node.provider.coin import Coin, NoCoin
from node.provider.consumer import Redeemed, Redemption, RedemptionFailed
from node.provider.jobs.spec import Infer, InvalidSpec, Spec, parse_spec, receipt_bytes
from node.provider.quote import NotServed, Quote, quote
from node.provider.sender import Sender
from node.provider.shelf import Shelf, ShelfError
from runtime.crypto.hashing import blake2b_256

SpecFile = Annotated[
    Path | None, Parameter(name="--spec", help="The job as TOML or JSON; by default the digits, from seed 0.")
]
BaseFile = Annotated[
    Path,
    Parameter(name="--base", help="The model to begin with: the output of an earlier training."),
]
Service = Literal["train", "fine_tune", "infer"]

app = App(
    name="redeem",
    help_epilogue="""A specification says, for instance, `seed = 7` and `epochs = 50`. It and the
result travel through the jobs folder; the chain has their hashes.

Examples:
  ballast redeem train --from //Bob
  ballast redeem train --spec digits.toml --max 5 --from //Bob
  ballast redeem infer --base redeemed/ticket-0.model --from //Bob""",
)


@Parameter(name="*", help="What every service takes.")
@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the three services have in common."""

    max: Annotated[
        str | None, Parameter(help="The most coins to redeem; the fee comes on top. No bound unless given.")
    ] = None
    signer: From = "//Bob"
    kind: Kind = "sr25519"
    out: Annotated[Path, Parameter(help="The folder for the receipt and the output.")] = Path("redeemed")
    dry_run: Annotated[
        bool, Parameter(negative="", show_default=False, help="Show the quote, and redeem nothing.")
    ] = False
    timeout_s: Annotated[
        float, Parameter(name="--timeout", help="How many seconds to wait for the result.")
    ] = 600.0
    jobs_dir: JobsDir = None
    keys: KeysFolder = None
    password_file: PasswordFile = None
    rpc: RpcUrl = DEFAULT_RPC
    chain: ChainName = DEFAULT_CHAIN
    json: Json = False


DEFAULT: Final = Order()


@app.command
async def train(*, spec: SpecFile = None, order: Order = DEFAULT) -> None:
    """Have a network trained from a seed."""
    await place(read_spec("train", spec), None, order)


@app.command(name="fine-tune")
async def fine_tune(*, base: BaseFile, spec: SpecFile = None, order: Order = DEFAULT) -> None:
    """Have a model trained further, on other data."""
    model = read_model(base)
    await place(read_spec("fine_tune", spec, model), model, order)


@app.command
async def infer(*, base: BaseFile, spec: SpecFile = None, order: Order = DEFAULT) -> None:
    """Have a model run on the images that no training sees."""
    model = read_model(base)
    await place(read_spec("infer", spec, model), model, order)


async def place(spec: Spec, base: bytes | None, order: Order) -> None:
    """Quote, redeem, follow the ticket, check the result, and write it down."""
    pair = signer_of(order.signer, order.kind, order.keys, order.password_file)
    tell = silent if order.json else say
    with expected(NoCoin, ShelfError, refused=(NotServed, RedemptionFailed)):
        shelf = shelf_at(order.jobs_dir)
        async with reach(order.rpc, order.chain) as remote:
            chain, coin, words = remote.chain, Coin.of(remote.runtime), remote.words.coin
            offer = await chain.view(lambda: quote(coin, spec))
            if order.max is not None and offer.amount > words.parse(order.max):
                raise Refused(f"the job is worth {words.words(offer.amount)}, and --max is {order.max}")
            for line in describe_quote(offer, words):
                tell(line)
            if order.dry_run:
                if order.json:
                    print_json(plain_quote(spec, offer))
                return
            redemption = Redemption(chain, coin, Sender(pair), shelf, tell)
            try:
                with trio.fail_after(order.timeout_s):
                    redeemed = await redemption.run(spec, base, offer)
            except trio.TooSlowError:
                raise Refused(f"no result after {order.timeout_s:g} s; the ticket stays open") from None
        files = write_down(redeemed, shelf, order.out)
    if order.json:
        print_json(
            {**plain_quote(spec, offer), **plain_result(redeemed), "files": [str(file) for file in files]}
        )
        return
    for file in files:
        say(f"wrote {file}")
    say(summary(redeemed, words))


def silent(line: str) -> None:
    """Progress that nobody reads."""


# The job.


def read_spec(service: Service, file: Path | None, model: bytes | None = None) -> Spec:
    """The job that a file describes, or the default one. Raises Fault."""
    table = {} if file is None else _table(file)
    if table.setdefault("service", service) != service:
        raise Fault(f"{file} is a job for `{table['service']}`, not for `{service}`")
    if model is not None:
        digest = blake2b_256(model).hex()
        if table.setdefault("base", digest) != digest:
            raise Fault(f"{file} begins with the model {table['base']}, and --base is {digest}")
    if service == "fine_tune":
        table.setdefault("dataset", "digits-transposed")
    try:
        return parse_spec(table)
    except InvalidSpec as error:
        raise Fault(f"{file}: {error}" if file is not None else str(error)) from None


def _table(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            return msgspec.json.decode(text, type=dict[str, Any])
        return tomllib.loads(text)
    except OSError as error:
        raise Fault(f"{file}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise Fault(f"{file} is neither TOML nor JSON (.json): {error}") from None
    except RecursionError:
        raise Fault(f"{file} is nested too deeply") from None


def read_model(file: Path) -> bytes:
    """The bytes of a model. Raises Fault."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Fault(f"{file}: {error.strerror}") from None


# What is said of it.


def describe_quote(offer: Quote, words: Words) -> list[str]:
    """A quote for people."""
    price = f"{words.words(offer.amount)} for {offer.work:,} multiply-adds"
    if offer.queue:
        wait = f"{offer.queue} tickets wait before it, about {offer.wait_blocks} blocks"
    else:
        wait = "nobody waits before it: matched in the next block"
    return [
        f"{price}, and a fee of {words.words(offer.fee)}",
        f"{wait}; in {offer.wait_hours_max:,} hours at the latest",
    ]


def plain_quote(spec: Spec, offer: Quote) -> dict[str, Any]:
    """A quote for programs."""
    return {
        "spec": msgspec.to_builtins(spec),
        "quote": {
            "amount": offer.amount,
            "fee": offer.fee,
            "work": offer.work,
            "queue": offer.queue,
            "waitBlocks": offer.wait_blocks,
            "waitHoursMax": offer.wait_hours_max,
            "mode": offer.mode.name,
        },
    }


def plain_result(redeemed: Redeemed) -> dict[str, Any]:
    """A result for programs."""
    receipt = redeemed.receipt
    return {
        "tickets": list(redeemed.tickets),
        "server": "0x" + redeemed.server.hex(),
        "burned": redeemed.amount,
        "fee": redeemed.fee,
        "receiptHash": "0x" + redeemed.digest.hex(),
        "result": "0x" + receipt.result,
        "correct": receipt.correct,
        "total": receipt.total,
        "accuracyPpb": receipt.accuracy_ppb,
        "verified": {"segment": redeemed.verdict.segment, "matches": redeemed.verdict.matches},
        "redeemedAt": redeemed.blocks[0],
        "settledAt": redeemed.blocks[1],
    }


def summary(redeemed: Redeemed, words: Words) -> str:
    """The last line: `accuracy 0.967 · receipt 0x12ab34cd · 5 CPC burned`."""
    receipt = f"receipt 0x{redeemed.digest.hex()[:8]}"
    return f"accuracy {accuracy(redeemed.receipt)} · {receipt} · {words.words(redeemed.amount)} burned"


def write_down(redeemed: Redeemed, shelf: Shelf, folder: Path) -> tuple[Path, Path]:
    """Write the receipt, byte for byte as the chain has its hash, and the output beside it. Raises
    ShelfError.
    """
    name = f"ticket-{redeemed.tickets[0]}"
    ending = "labels" if isinstance(redeemed.receipt.spec, Infer) else "model"
    receipt, output = folder / f"{name}.receipt.json", folder / f"{name}.{ending}"
    data = shelf.get(bytes.fromhex(redeemed.receipt.result))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        receipt.write_bytes(receipt_bytes(redeemed.receipt))
        output.write_bytes(data)
    except OSError as error:
        raise ShelfError(f"{folder}: {error.strerror}") from None
    return receipt, output
