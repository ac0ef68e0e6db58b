"""Words: the chain's values as people and JSON write them, accounts as addresses and calls by their names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from node.cli.amounts import Coin
from node.cli.faults import Fault
from node.cli.names import account_of
from node.cli.output import is_list, is_object
from node.plain import PlainWriter
from runtime.crypto.derive import KeyKind
from runtime.frame.call import BoundCall
from runtime.frame.host import Call
from runtime.frame.origin import Origin, RawOrigin
from runtime.frame.pallet import Pallet
from runtime.frame.plain import PlainError, from_plain, is_account, unwrap
from runtime.runtime import Runtime
from runtime.scale import EncodeError
from runtime.scale.errors import show
from runtime.types.account import Address, MultiAddress


class Words(PlainWriter):
    """The words of one chain: written, and read again."""

    def __init__(self, runtime: Runtime, properties: Mapping[str, Any]) -> None:
        super().__init__(runtime, int(properties["ss58Format"]))
        self.coin = Coin.of(properties)

    # Accounts.

    def account(self, text: str, kind: KeyKind = "sr25519") -> bytes:
        """The account of an address, of 32 bytes of hex, or of a secret URI like `//Alice`. Raises Fault."""
        return account_of(text, kind)

    # Values from words.

    def value(self, annotation: Any, given: Any) -> Any:
        """The value of a declared type that words or parsed JSON describe. Raises PlainError and Fault."""
        base, marks = unwrap(annotation)
        if isinstance(given, str) and base not in (int, str, bytes):
            given = _parsed(given)
        if base is Call:
            return self.call_from(given)
        if base is Origin:
            return self.origin(given)
        if isinstance(given, str):
            if base is MultiAddress:
                return Address(self.account(given))
            if is_account(marks):
                return self.account(given)
            if base is int and given[:1].isdigit() and given[-1].isalpha() and given[:2] != "0x":
                return self.coin.parse(given)
        arguments = get_args(base)
        if get_origin(base) is tuple and is_list(given) and arguments[1:] == (Ellipsis,):
            return tuple(self.value(arguments[0], each) for each in given)
        return from_plain(annotation, given)

    def origin(self, given: Any) -> Origin:
        """An origin that every chain has, or one of this chain's pallets. Raises PlainError."""
        kinds = [RawOrigin, *(kind for kind in map(_origins_of, self.runtime.pallets.values()) if kind)]
        refusals: list[PlainError] = []
        for kind in kinds:
            try:
                found: Origin = from_plain(kind, given)
            except PlainError as error:
                refusals.append(error)
            else:
                return found
        raise refusals[0]

    def call(self, name: str, arguments: Mapping[str, Any]) -> Call:
        """A call by its name, `Pallet.call`, with its arguments by name. Raises Fault."""
        info = self.call_info(name)
        wanted = {parameter.rstrip("_"): kind for parameter, kind in info.parameters}
        for given in arguments:
            if given not in wanted:
                takes = ", ".join(wanted) or "none"
                raise Fault(f"{name} takes no argument {show(given)}; its arguments are: {takes}")
        missing = [parameter for parameter in wanted if parameter not in arguments]
        if missing:
            raise Fault(f"{name} needs {missing[0]}=...; its arguments are: {', '.join(wanted)}")
        values: list[Any] = []
        for (parameter, kind), codec in zip(wanted.items(), info.arg_codecs, strict=True):
            try:
                value = self.value(kind, arguments[parameter])
                codec.encode(value)
            except PlainError as error:
                raise Fault(f"{name}: {error.inside(parameter)}") from None
            except (Fault, EncodeError) as error:
                raise Fault(f"{name}: {parameter}: {error}") from None
            values.append(value)
        return Call(info, tuple(values))

    def call_from(self, given: Any) -> Call:
        """A call from `{"Pallet.call": {arguments}}`. Raises PlainError and Fault."""
        parsed = _parsed(given) if isinstance(given, str) else given
        if not is_object(parsed) or len(parsed) != 1:
            raise PlainError('a call is written {"Pallet.call": {"argument": ...}}')
        ((name, arguments),) = parsed.items()
        if not is_object(arguments):
            raise PlainError(f"the arguments of {show(name)} are no object")
        return self.call(name, arguments)

    def call_info(self, name: str) -> BoundCall[Any, Any]:
        """The declaration of a call. Raises Fault, naming what there is."""
        pallet, method = self.member(name)
        if method not in pallet.calls:
            there, seat = ", ".join(pallet.calls) or "none", pallet.seat
            raise Fault(f"{seat.name if seat else ''} has no call {show(method)}; its calls are: {there}")
        found: BoundCall[Any, Any] = getattr(pallet, method)
        return found

    def member(self, name: str) -> tuple[Pallet[Any, Any], str]:
        """The pallet and the rest of a name `Pallet.member`. Raises Fault."""
        pallet_name, dot, member = name.partition(".")
        if not dot or not member:
            raise Fault(f"{show(name)} is not of the form Pallet.name")
        pallet = self.runtime.pallets.get(pallet_name)
        if pallet is None:
            there = ", ".join(self.runtime.pallets)
            raise Fault(f"the chain has no pallet {show(pallet_name)}; it has: {there}")
        return pallet, member


def _origins_of(pallet: Pallet[Any, Any]) -> type[Origin] | None:
    return type(pallet).origin_type


def inline(plain: Any) -> str:
    """A plain value on one line, for people."""
    if is_object(plain):
        return ", ".join(f"{name} {_nested(value)}" for name, value in plain.items()) or "nothing"
    if is_list(plain):
        return "[" + ", ".join(map(_nested, plain)) + "]"
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    return "none" if plain is None else str(plain)


def _nested(plain: Any) -> str:
    return f"{{{inline(plain)}}}" if is_object(plain) and plain else inline(plain)


def _parsed(text: str) -> Any:
    """What JSON makes of a word; the word itself when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
