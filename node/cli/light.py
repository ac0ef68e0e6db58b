"""`ballast light`: the chain's storage, proven by its validators' certificates, with no node trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from genesis.build import Genesis, GenesisError, build_genesis
from genesis.load import load_spec
from genesis.spec import ChainSpec, SpecError
from node.cli.faults import Fault, expected
from node.cli.output import Json, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, ChainName, RpcUrl
from node.cli.query import find_item
from node.cli.remote import local_runtime, reach
from node.cli.words import Words, inline
from node.light.export import CannotProve, gather, origin_of
from node.light.proof import FILE_BYTES_MAX, ProofRefused, read_proof, write_proof
from node.light.remote import RpcSource
from node.light.verify import Answer, verify
from node.plugins import PluginError
from runtime.frame.bound import BoundMap, BoundNMap, BoundValue, storage_prefix
from runtime.frame.pallet import Pallet
from runtime.frame.plain import PlainError
from runtime.frame.storage import StorageItem
from runtime.lifecycle import LoadError
from runtime.runtime import Runtime
from runtime.scale import DecodeError, EncodeError
from runtime.scale.errors import show
from runtime.simplex import signers_of
from runtime.state import MemoryStates

PREFIX_BYTES: Final = 32
"""A pallet's and an item's hash, before every key of the item."""
_HASH: Final = re.compile("0x([0-9a-fA-F]{64})")
_HEX: Final = re.compile("0x((?:[0-9a-fA-F]{2})*)")

app = App(
    name="light",
    help_epilogue="""Examples:
  ballast light export System.Account //Alice --chain local --out alice.json
  ballast light export --key 0x26aa394e --chain local --out key.json
  ballast light verify alice.json --chain local
  ballast light verify alice.json --genesis 0x...    this hash alone is trusted""",
)


@app.command
async def export(
    item: Annotated[str | None, Parameter(help="What to prove, as Pallet.Item.")] = None,
    /,
    *keys: Annotated[str, Parameter(help="A map's keys, all of them.")],
    out: Annotated[Path, Parameter(help="The file to write.")],
    key: Annotated[
        tuple[str, ...], Parameter(negative="", help="A storage key in hex, any number of times.")
    ] = (),
    at: Annotated[
        str,
        Parameter(
            help="The block to look at: a number, a hash or finalized. The nearest that has a certificate, "
            "from there down, is taken."
        ),
    ] = "finalized",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Write a proof of what the chain's storage holds as one file, which proves it anywhere."""
    with expected(CannotProve, ProofRefused, GenesisError, OSError):
        async with reach(rpc, chain) as remote:
            wanted = [_hex("--key", text) for text in key]
            if item is not None:
                wanted.append(storage_key(remote.words, item, keys))
            if not wanted:
                raise Fault("say what to prove: Pallet.Item with its keys, or --key")
            origin = origin_of(remote.runtime, _first_block(remote.runtime, remote.spec))
            source = RpcSource(remote.chain.client)
            proof = await gather(source, origin, wanted, await remote.block_hash(at))
        out.write_bytes(write_proof(proof))
    _tell(verify(proof, origin.genesis_hash), origin.genesis_hash, remote.words, as_json=json)


@app.command(name="verify")
def verify_(
    file: Annotated[Path, Parameter(help="The proof, as `ballast light export` writes it.")],
    /,
    *,
    genesis: Annotated[
        str | None, Parameter(help="The hash of the chain's first block, which is all that is trusted.")
    ] = None,
    chain: Annotated[
        str | None,
        Parameter(
            help="The chain, by a preset's name or the file of its spec: its genesis is built, its hash "
            "trusted, and what was proven is told in the words of its runtime."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Verify a proof, on this machine alone, and show what it proves."""
    known = None if chain is None else _built(chain)
    if genesis is not None:
        trusted = _hash(genesis)
    elif known is not None:
        trusted = known.genesis.hash
    else:
        raise Fault("say which chain is trusted: --genesis with the hash of its first block, or --chain")
    if known is not None and known.genesis.hash != trusted:
        raise Fault(f"the genesis of {chain} is 0x{known.genesis.hash.hex()}, and --genesis names another")
    with expected(OSError, refused=(ProofRefused,)):
        with file.open("rb") as opened:
            proof = read_proof(opened.read(FILE_BYTES_MAX + 1))
        answer = verify(proof, trusted)
    _tell(answer, trusted, None if known is None else known.words, as_json=json)


@dataclass(frozen=True, slots=True)
class _Chain:
    """A chain as it is known here, without asking anybody."""

    genesis: Genesis
    words: Words


def _built(chain: str) -> _Chain:
    with expected(SpecError, LoadError, PluginError, GenesisError):
        spec = load_spec(chain)
        runtime = local_runtime(spec)
        return _Chain(_first_block(runtime, spec), Words(runtime, spec.properties))


def _first_block(runtime: Runtime, spec: ChainSpec) -> Genesis:
    return build_genesis(runtime, spec.genesis, MemoryStates().head)


# Telling.


def _tell(answer: Answer, genesis_hash: bytes, words: Words | None, *, as_json: bool) -> None:
    report = describe(answer, genesis_hash, words)
    if as_json:
        print_json(report)
        return
    say(f"Proven of the chain with genesis {report['genesisHash']}")
    say(f"Block {report['number']}, {report['hash']}, state root {report['stateRoot']}")
    say(
        f"Final in view {report['view']} of epoch {report['epoch']}: {report['signers']} of "
        f"{report['validators']} validators signed, with weight {report['weight']} of {report['total']}"
    )
    for entry in report["entries"]:
        say(f"{entry['key']}: {entry['value'] or 'nothing'}")
        if "item" in entry:
            keys = "".join(f" {inline(key)}" for key in entry["keys"])
            say(f"  {entry['item']}{keys}: {inline(entry['decoded'])}")
    if words is not None:
        say("Indented: the same, read by the runtime that is installed here")


def describe(answer: Answer, genesis_hash: bytes, words: Words | None) -> dict[str, Any]:
    """What was proven, as plain values; in the words of a runtime too where there are some."""
    header, committee = answer.header, answer.committee
    signers = signers_of(answer.certificate.signers, committee.size)
    return {
        "genesisHash": "0x" + genesis_hash.hex(),
        "number": header.number,
        "hash": "0x" + header.hash.hex(),
        "stateRoot": "0x" + header.state_root.hex(),
        "epoch": committee.epoch,
        "view": answer.certificate.statement.view,
        "signers": len(signers),
        "validators": committee.size,
        "weight": committee.weight_of(signers),
        "total": committee.total,
        "entries": [
            {
                "key": "0x" + key.hex(),
                "value": None if value is None else "0x" + value.hex(),
                **({} if words is None else decoded(words, key, value)),
            }
            for key, value in answer.values.items()
        ],
    }


# Storage keys.


def storage_key(words: Words, name: str, texts: Sequence[str]) -> bytes:
    """The storage key of `Pallet.Item` and a map's keys in words. Raises Fault."""
    pallet, item = find_item(words, name)
    if len(texts) != len(item.key_types):
        count = len(item.key_types)
        raise Fault(f"{name} takes {count} key{'' if count == 1 else 's'}, and {len(texts)} are given")
    try:
        keys = [words.value(kind, text) for kind, text in zip(item.key_types, texts, strict=True)]
        return _key_of(pallet, item, keys)
    except (PlainError, EncodeError) as error:
        raise Fault(f"{name} has no such key: {error}") from None


def decoded(words: Words, key: bytes, value: bytes | None) -> dict[str, Any]:
    """What a storage key and its value are in the words of a runtime; nothing when it has none for them."""
    for name, pallet in words.runtime.pallets.items():
        for item in pallet.storage.values():
            if storage_prefix(name, item.name) == key[:PREFIX_BYTES]:
                try:
                    return {"item": f"{name}.{item.name}", **_read(words, pallet, item, key, value)}
                except (LookupError, DecodeError, EncodeError):
                    return {}
    return {}


def _read(
    words: Words, pallet: Pallet[Any, Any], item: StorageItem, key: bytes, value: bytes | None
) -> dict[str, Any]:
    """The keys of a map's entry, and what is there. Raises LookupError for another key than the item's."""
    codec_of, keys, at = words.runtime.host.codec, list[Any](), PREFIX_BYTES
    for hasher, kind in zip(item.hashers, item.key_types, strict=True):
        part, at = codec_of(kind).read(key, at + hasher.prefix_size)
        keys.append(part)
    if _key_of(pallet, item, keys) != key:
        raise LookupError(f"0x{key.hex()} is no key of {item.name}")
    default = None if item.is_optional else item.default
    found = default if value is None else codec_of(item.value_type).decode(value)
    return {
        "keys": [words.plain(kind, part) for kind, part in zip(item.key_types, keys, strict=True)],
        "decoded": None if found is None else words.plain(item.value_type, found),
    }


def _key_of(pallet: Pallet[Any, Any], item: StorageItem, keys: Sequence[Any]) -> bytes:
    bound: BoundValue[Any] | BoundMap[Any, Any] | BoundNMap[Any, Any] = pallet.stored(item.attribute)
    if isinstance(bound, BoundValue):
        return bound.key
    return bound.key_of(keys[0] if isinstance(bound, BoundMap) else tuple(keys))


def _hash(text: str) -> bytes:
    match = _HASH.fullmatch(text)
    if match is None:
        raise Fault(f"--genesis {show(text)} is no hash: 0x and 64 hex digits are")
    return bytes.fromhex(match[1])


def _hex(name: str, text: str) -> bytes:
    match = _HEX.fullmatch(text)
    if match is None:
        raise Fault(f"{name} {show(text)} is no hex: 0x and pairs of hex digits are")
    return bytes.fromhex(match[1])
