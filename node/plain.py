"""Plain values of one chain: its records, calls and events as JSON says them, accounts as addresses."""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin

from runtime.crypto import ss58
from runtime.frame.event import Event
from runtime.frame.host import Call
from runtime.frame.plain import is_account, is_result, plain_result, to_plain, unwrap
from runtime.runtime import Runtime
from runtime.scale import Enum, Struct
from runtime.scale.annotations import hints_of
from runtime.scale.errors import is_tuple
from runtime.types.account import Address


class PlainWriter:
    """Writes the values of one chain."""

    def __init__(self, runtime: Runtime, prefix: int) -> None:
        """`prefix` is that of its addresses."""
        self.runtime = runtime
        self.prefix = prefix

    def address(self, account: bytes) -> str:
        """An account as its address on this chain."""
        return ss58.encode(account, self.prefix)

    def plain(self, annotation: Any, value: Any) -> Any:
        """What JSON says of a value of a declared type; the command line reads it back."""
        base, marks = unwrap(annotation)
        if isinstance(value, Call):
            return self.plain_call(value)
        if isinstance(value, bytes) and is_account(marks):
            return self.address(value)
        if isinstance(value, Address):
            return self.address(value.account)
        if isinstance(value, Event):
            return self.event(value)
        if isinstance(value, (Struct, Enum)):
            return self.record(value)
        if is_result(value):
            inner = {get_origin(each): get_args(each)[0] for each in get_args(base)}
            return plain_result(value, lambda each: self.plain(inner.get(type(value), Any), each))
        if is_tuple(value) and get_origin(base) is tuple:
            arguments = get_args(base)
            kinds = arguments[:1] * len(value) if arguments[1:] == (Ellipsis,) else arguments
            return [self.plain(kind, each) for kind, each in zip(kinds, value, strict=True)]
        if get_origin(base) in (Union, types.UnionType):
            some = [each for each in get_args(base) if each is not types.NoneType]
            return self.plain(some[0] if len(some) == 1 else Any, value)
        return to_plain(value)

    def record(self, value: Struct | Enum) -> Any:
        """A record as an object by field, a variant under its name."""
        fields = self._fields(value)
        if isinstance(value, Struct):
            return fields
        kind = type(value)
        if len(fields) == 1 and kind.__unnamed__:
            return {kind.__variant_name__: next(iter(fields.values()))}
        return {kind.__variant_name__: fields} if fields else kind.__variant_name__

    def _fields(self, value: Struct | Enum) -> dict[str, Any]:
        kind: type[Struct | Enum] = type(value)
        return {
            name.rstrip("_"): self.plain(hint, getattr(value, name)) for name, hint in hints_of(kind).items()
        }

    def plain_call(self, call: Call) -> dict[str, Any]:
        """`{"Pallet.call": {arguments}}`."""
        arguments = zip(call.info.parameters, call.args, strict=True)
        return {str(call): {name.rstrip("_"): self.plain(kind, value) for (name, kind), value in arguments}}

    def event(self, event: Event) -> dict[str, Any]:
        """`{"Pallet.Event": {fields}}`."""
        return {self.event_name(event): self._fields(event)}

    def event_name(self, event: Event) -> str:
        """`Pallet.Event`."""
        for name, pallet in self.runtime.pallets.items():
            if isinstance(event, pallet.event_root):
                return f"{name}.{type(event).__variant_name__}"
        return type(event).__name__
