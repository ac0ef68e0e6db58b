"""`ballast query`: the chain's storage by name, decoded."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from node.cli.faults import Fault
from node.cli.output import Json, is_list, is_object, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, At, ChainName, Limit, RpcUrl
from node.cli.remote import Remote, reach
from node.cli.words import Words, inline
from runtime.frame.bound import BoundMap, BoundNMap, BoundValue
from runtime.frame.pallet import Pallet
from runtime.frame.plain import PlainError
from runtime.frame.storage import StorageItem
from runtime.scale import EncodeError
from runtime.scale.errors import show

LIMIT: Final = 20

app = App(
    name="query",
    help_epilogue="""Examples:
  ballast query System.Number
  ballast query System.Account //Alice
  ballast query System.BlockHash --limit 5 --at finalized
  ballast query Balances                    lists what a pallet stores""",
)


@app.default
async def query(
    item: Annotated[
        str, Parameter(help="What to read, as Pallet.Item; a pallet's name lists what it stores.")
    ],
    /,
    *keys: Annotated[str, Parameter(help="A map's keys; with fewer than it has, entries are listed.")],
    limit: Limit = LIMIT,
    at: At = "best",
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Read a value, an entry of a map, or the first entries of a map."""
    async with reach(rpc, chain) as remote:
        if "." not in item:
            _list_items(remote.words, item, as_json=json)
            return
        pallet, declared = find_item(remote.words, item)
        block_hash = await remote.block_hash(at)
        if len(keys) > len(declared.key_types):
            raise Fault(f"{item} takes {_count(len(declared.key_types))}, and {len(keys)} are given")
        values = [
            _key(remote.words, item, kind, text) for kind, text in zip(declared.key_types, keys, strict=False)
        ]
        if len(values) == len(declared.key_types):
            await _show_one(remote, pallet, declared, values, block_hash, as_json=json)
        else:
            await _show_many(remote, pallet, declared, values, block_hash, limit, as_json=json)


async def _show_one(
    remote: Remote, pallet: Pallet[Any, Any], item: StorageItem, keys: list[Any], at: bytes, *, as_json: bool
) -> None:
    bound: BoundValue[Any] | BoundMap[Any, Any] | BoundNMap[Any, Any] = pallet.stored(item.attribute)

    def look() -> Any:
        if isinstance(bound, BoundValue):
            return bound.get()
        found = bound.get(keys[0] if isinstance(bound, BoundMap) else tuple(keys))
        return item.default if found is None and not item.is_optional else found

    value = await remote.chain.view(look, at)
    plain = None if value is None else remote.words.plain(item.value_type, value)
    if as_json:
        print_json(plain)
    else:
        _say_value(plain)


async def _show_many(
    remote: Remote,
    pallet: Pallet[Any, Any],
    item: StorageItem,
    first: list[Any],
    at: bytes,
    limit: int,
    *,
    as_json: bool,
) -> None:
    bound: BoundMap[Any, Any] | BoundNMap[Any, Any] = pallet.stored(item.attribute)

    def look() -> list[tuple[Any, Any]]:
        entries = bound.under(*first) if first and isinstance(bound, BoundNMap) else bound.items()
        return list(islice(entries, limit + 1))

    found = await remote.chain.view(look, at)
    words = remote.words
    entries = [
        {"key": _plain_key(words, item, key), "value": words.plain(item.value_type, value)}
        for key, value in found[:limit]
    ]
    if as_json:
        print_json(entries)
        return
    for entry in entries:
        say(f"{inline(entry['key'])}: {inline(entry['value'])}")
    if len(found) > limit:
        say(f"... and more: --limit shows more than {limit}")
    if not found:
        say("nothing is stored there")


def find_item(words: Words, name: str) -> tuple[Pallet[Any, Any], StorageItem]:
    """The declaration of a storage item by `Pallet.Item`. Raises Fault, naming what there is."""
    pallet, member = words.member(name)
    for item in pallet.storage.values():
        if member in (item.name, item.attribute):
            return pallet, item
    assert pallet.seat is not None
    there = ", ".join(item.name for item in pallet.storage.values()) or "nothing"
    raise Fault(f"{pallet.seat.name} stores no {show(member)}; it stores: {there}")


def _list_items(words: Words, name: str, *, as_json: bool) -> None:
    pallet = words.runtime.pallets.get(name)
    if pallet is None:
        raise Fault(f"the chain has no pallet {show(name)}; it has: {', '.join(words.runtime.pallets)}")
    items: list[dict[str, Any]] = [
        {"name": f"{name}.{item.name}", "keys": len(item.key_types), "doc": " ".join(item.doc.split())}
        for item in pallet.storage.values()
    ]
    if as_json:
        print_json(items)
        return
    for item in items:
        say(f"{item['name']} ({_count(item['keys'])}): {item['doc']}")
    if not items:
        say(f"{name} stores nothing")


def _key(words: Words, item: str, kind: Any, text: str) -> Any:
    try:
        value = words.value(kind, text)
        words.runtime.host.codec(kind).encode(value)
        return value
    except (PlainError, EncodeError) as error:
        raise Fault(f"{item}: {show(text)} is no key of it: {error}") from None


def _plain_key(words: Words, item: StorageItem, key: Any) -> Any:
    kinds = item.key_types
    if len(kinds) == 1:
        return words.plain(kinds[0], key)
    return [words.plain(kind, part) for kind, part in zip(kinds, key, strict=True)]


def _say_value(plain: Any) -> None:
    if is_object(plain):
        for name, value in plain.items():
            say(f"{name}: {inline(value)}")
    elif is_list(plain) and plain:
        for value in plain:
            say(inline(value))
    else:
        say(inline(plain))


def _count(keys: int) -> str:
    return {0: "no keys", 1: "1 key"}.get(keys, f"{keys} keys")
