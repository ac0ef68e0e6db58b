"""From annotations to codecs: what a declared type means in SCALE, worked out once."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import (
    Annotated,
    Any,
    Final,
    TypeGuard,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from runtime.scale.codec import (
    AnyCodec,
    Codec,
    Description,
    Field,
    Parameters,
    TupleType,
    VariantDescription,
    VariantType,
    lazy,
)
from runtime.scale.collections import array_codec, bytes_codec, fixed_bytes_codec, str_codec, vec_codec
from runtime.scale.compact import compact_codec
from runtime.scale.declared import Enum, Struct, docs_of
from runtime.scale.errors import DecodeError, EncodeError, show
from runtime.scale.fields import (
    CustomShape,
    RecordShape,
    compile_fields,
    newtype_codec,
    struct_codec,
    tuple_codec,
)
from runtime.scale.integers import BOOL, CHAR, SIGNED, UNSIGNED
from runtime.scale.layout import compile_leaf, item_layout
from runtime.scale.marks import (
    BitsMark,
    CharMark,
    CompactMark,
    Doc,
    Fixed,
    MapMark,
    Max,
    Newtype,
    SetMark,
    Width,
)
from runtime.scale.ordered import bits_codec, map_codec, set_codec
from runtime.scale.record import Err, Ok, Record
from runtime.scale.source import Source
from runtime.scale.variants import (
    VARIANT_INDEX_MAX,
    Variant,
    option_codec,
    record_variant,
    result_codec,
    variant_codec,
)

T = TypeVar("T")
HINTS_MAX: Final = 4_096
"""Of how many classes the annotations are kept."""


class Codecs:
    """Codecs by annotation, each made once.

    `bindings` gives codecs for annotations that only the caller can know, such as the calls of one runtime.
    """

    def __init__(self, bindings: Mapping[object, AnyCodec] | None = None) -> None:
        self._bindings = dict(bindings or {})
        self._codecs: dict[object, AnyCodec] = dict(self._bindings)
        self._lates: dict[type[Record], AnyCodec] = {}

    @overload
    def codec_of(self, annotation: type[T]) -> Codec[T]: ...

    @overload
    def codec_of(self, annotation: object) -> AnyCodec: ...

    def codec_of(self, annotation: object) -> AnyCodec:
        """The codec of an annotation, or TypeError when it has no encoding."""
        if is_codec(annotation):
            return annotation
        found = self._codecs.get(annotation)
        if found is None:
            found = self._codecs[annotation] = self._resolve(annotation)
        return found

    def _resolve(self, annotation: object) -> AnyCodec:
        if annotation in _SIMPLE:
            return _SIMPLE[annotation]
        if is_subclass(annotation, Struct):
            return self._struct(annotation)
        if is_subclass(annotation, Enum):
            return self._enum(annotation)
        if is_subclass(annotation, enum.Enum):
            return _python_enum(annotation)
        alias = getattr(annotation, "__value__", None)  # `type X = ...`, from Python 3.12
        if alias is not None:
            return self.codec_of(alias)
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._annotated(arguments[0], arguments[1:])
        if origin is tuple:
            if len(arguments) == 2 and arguments[1] is Ellipsis:
                return vec_codec(self.codec_of(arguments[0]))
            return tuple_codec([self.codec_of(each) for each in arguments])
        if origin in (Union, types.UnionType):
            return self._union(annotation, arguments)
        hint = ": use U8 to U256 or I8 to I256" if annotation is int else ""
        raise TypeError(f"{_show(annotation)} has no SCALE encoding{hint}")

    def _union(self, annotation: object, arguments: tuple[Any, ...]) -> AnyCodec:
        if len(arguments) == 2 and types.NoneType in arguments:
            (some,) = [each for each in arguments if each is not types.NoneType]
            return option_codec(self.codec_of(some))
        if [get_origin(each) for each in arguments] == [Ok, Err]:
            ok, err = (get_args(each)[0] for each in arguments)
            return result_codec(self.codec_of(ok), self.codec_of(err))
        raise TypeError(f"{_show(annotation)} has no SCALE encoding: a choice of types is an Enum")

    def _annotated(self, base: object, marks: tuple[Any, ...]) -> AnyCodec:
        codec: AnyCodec | None = None
        for mark in marks:
            if is_codec(mark):
                codec = mark
                continue
            match mark:
                case Width():
                    codec = (SIGNED if mark.signed else UNSIGNED)[mark.bits]
                case CharMark():
                    codec = CHAR
                case Fixed():
                    codec = self._fixed(base, mark.length)
                case Max():
                    codec = self._bounded(base, mark.limit, marks)
                case BitsMark():
                    codec = codec or bits_codec()
                case MapMark():
                    codec = codec or map_codec(*self._pair(base))
                case SetMark():
                    codec = codec or set_codec(self.codec_of(get_args(base)[0]))
                case CompactMark():
                    codec = compact_codec(codec or self.codec_of(base))
                case Newtype():
                    codec = newtype_codec(
                        codec or self.codec_of(base), mark.path, docs=tuple(mark.docs.splitlines())
                    )
                case _:
                    pass
        return self.codec_of(base) if codec is None else codec

    def _pair(self, base: object) -> tuple[AnyCodec, AnyCodec]:
        key, value = get_args(get_args(base)[0])
        return self.codec_of(key), self.codec_of(value)

    def _fixed(self, base: object, length: int) -> AnyCodec:
        if base is bytes:
            return fixed_bytes_codec(length)
        if get_origin(base) is tuple and get_args(base)[1:] == (Ellipsis,):
            return array_codec(self.codec_of(get_args(base)[0]), length)
        raise TypeError(f"Fixed is for bytes and tuple[T, ...], not {_show(base)}")

    def _bounded(self, base: object, limit: int, marks: tuple[Any, ...]) -> AnyCodec:
        if base is bytes:
            return bytes_codec(limit)
        if base is str:
            return str_codec(limit)
        if get_origin(base) is tuple and get_args(base)[1:] == (Ellipsis,):
            if BitsMark() in marks:
                return bits_codec(limit)
            if MapMark() in marks:
                return map_codec(*self._pair(base), limit)
            element = self.codec_of(get_args(base)[0])
            return set_codec(element, limit) if SetMark() in marks else vec_codec(element, limit)
        raise TypeError(f"Max is for bytes, str and tuple[T, ...], not {_show(base)}")

    # -------------------------------------------------------------------------------- declared classes

    def _struct(self, cls: type[Struct]) -> AnyCodec:
        if cls is Struct:
            raise TypeError("Struct itself has no encoding: declare a subclass")
        shape = RecordShape(cls, cls.__match_args__)
        fields = self._fields(cls, cls)
        path, params = cls.__type_path__, self._params(cls)
        return struct_codec(path[-1], fields, shape, path=path, params=params, docs=docs_of(cls))

    def _enum(self, cls: type[Enum]) -> AnyCodec:
        if cls is Enum or cls.__variant_index__ is not None:
            raise TypeError(f"{cls.__name__} has no encoding of its own: name its enum")
        cls.__sealed__ = True
        variants = [self._variant(each, cls) for each in cls.__variants__]
        path, params = cls.__type_path__, self._params(cls)
        return variant_codec(path[-1], variants, path=path, params=params, docs=docs_of(cls))

    def _params(self, cls: type[Struct] | type[Enum]) -> Parameters:
        return tuple((name, self.codec_of(kind)) for name, kind in cls.__type_params__.items())

    def _variant(self, cls: type[Enum], owner: type[Enum]) -> Variant:
        assert cls.__variant_index__ is not None
        return record_variant(
            cls, cls.__variant_name__, cls.__variant_index__, self._fields(cls, owner), docs_of(cls)
        )

    def _fields(self, cls: type[Struct] | type[Enum], owner: type[Record]) -> tuple[Field, ...]:
        """The fields of a class; those through which `owner` contains itself are looked up late.

        Which ones are late must not depend on which type is used first, since that is where depth is counted.
        """
        fields: list[Field] = []
        for name, hint in hints_of(cls).items():
            try:
                codec = self._field_codec(hint, owner)
            except TypeError as error:
                raise TypeError(f"{cls.__name__}.{name}: {error}") from None
            shown = None if cls.__unnamed__ else name.rstrip("_")
            fields.append(Field(shown, codec, _docs_of_hint(hint)))
        return tuple(fields)

    def _field_codec(self, hint: object, owner: type[Record]) -> AnyCodec:
        recursive = {
            each: self._late(each)
            for each in _declared_in(hint)
            if each not in self._bindings and owner in _reachable(each)
        }
        return self.codec_of(_substitute(hint, recursive) if recursive else hint)

    def _late(self, cls: type[Record]) -> AnyCodec:
        if cls not in self._lates:
            self._lates[cls] = lazy(lambda: self.codec_of(cls), cls.__name__)
        return self._lates[cls]


def hints_of(cls: type[Record]) -> Mapping[str, object]:
    """The resolved annotation of each field."""
    return _hints_of(cls)


@lru_cache(HINTS_MAX)
def _hints_of(cls: type[Any]) -> Mapping[str, object]:
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise TypeError(f"{cls.__name__}: {error}; fields may name only what its module defines") from None
    return types.MappingProxyType({name: hints[name] for name in cls.__match_args__})


def _docs_of_hint(hint: object) -> tuple[str, ...]:
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return tuple(line for mark in marks if isinstance(mark, Doc) for line in mark.text.splitlines())


def is_codec(value: object) -> TypeGuard[AnyCodec]:
    """Whether `value` is a codec, of any type."""
    return isinstance(value, Codec)


def is_subclass(value: object, cls: type[T]) -> TypeGuard[type[T]]:
    """Whether `value` is a class below `cls`."""
    return isinstance(value, type) and issubclass(value, cls)


def _declared_in(hint: object) -> Iterator[type[Record]]:
    """The declared classes that an annotation mentions."""
    if is_subclass(hint, Struct) or is_subclass(hint, Enum):
        yield hint
    for argument in get_args(getattr(hint, "__value__", hint)):
        yield from _declared_in(argument)


@cache
def _reachable(cls: type[Record]) -> tuple[type[Record], ...]:
    """Every declared class that values of `cls` may hold, at any depth."""
    found: list[type[Record]] = []
    waiting = [cls]
    while waiting:
        holder = waiting.pop()
        parts: list[type[Record]] = [holder]
        if issubclass(holder, Enum):
            holder.__sealed__ = True
            parts = [*holder.__variants__]
        for part in parts:
            for hint in hints_of(part).values():
                for each in _declared_in(hint):
                    if each not in found:
                        found.append(each)
                        waiting.append(each)
    return tuple(found)


def _substitute(hint: Any, codecs: Mapping[type[Record], AnyCodec]) -> Any:
    """The annotation, with the classes that are keys of `codecs` bound to these."""
    if isinstance(hint, type) and hint in codecs:
        return Annotated[hint, codecs[hint]]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is None:
        return hint
    if origin is Annotated:
        return Annotated[(_substitute(arguments[0], codecs), *arguments[1:])]
    replaced = tuple(_substitute(each, codecs) for each in arguments)
    if origin not in (Union, types.UnionType):
        return origin[replaced]
    joined = replaced[0]
    for each in replaced[1:]:
        joined = joined | each
    return joined


def _python_enum(cls: type[enum.Enum]) -> AnyCodec:
    """An enumeration with integer values, as an enum without fields: one byte, read and written in place.

    Its path in metadata is the module's and the class's name, or what `__type_path__` in its body says.
    """
    members: dict[int, enum.Enum] = {}
    for member in cls:
        if not isinstance(member.value, int) or not 0 <= member.value <= VARIANT_INDEX_MAX:
            raise TypeError(f"{cls.__name__}.{member.name}: its value must be its index, from 0 to 255")
        members[member.value] = member

    def member_of(index: int, at: int, path: str) -> enum.Enum:
        if index not in members:
            raise DecodeError(f"no variant has index {index}", at, path)
        return members[index]

    def read(source: Source, items: Sequence[str], offset: int, path: str) -> str:
        return f"{source.bind(member_of)}({items[0]}, at + {offset}, {path!r})"

    def write(source: Source, value: str) -> list[str]:
        with source.block(f"if {value}.__class__ is not {source.bind(cls)}:"):
            source.line("raise TypeError")
        return [f"{value}._value_"]

    def refuse(value: object) -> EncodeError:
        return EncodeError(f"{show(value)} is no variant of {cls.__name__}")

    def describe() -> Description:
        named = tuple(
            VariantDescription(member.name.rstrip("_"), (), index)
            for index, member in sorted(members.items())
        )
        return Description(VariantType(named), path, (), docs_of(cls))

    path = tuple(getattr(cls, "__type_path__", (*cls.__module__.split("."), cls.__name__)))
    layout = item_layout(("B",), read, write)
    return Codec(cls.__name__, *compile_leaf(layout, refuse), layout=layout, describe=describe)


def _nothing_codec() -> AnyCodec:
    def split(value: object) -> tuple[()]:
        if value is not None:
            raise EncodeError(f"{show(value)} is not None")
        return ()

    compiled = compile_fields([], CustomShape(lambda: None, split, 0))
    return Codec(
        "()", compiled.read, compiled.write, fixed_size=0, describe=lambda: Description(TupleType(()))
    )


def _show(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


_NOTHING: Final = _nothing_codec()
_SIMPLE: Final[dict[object, AnyCodec]] = {
    None: _NOTHING,
    bool: BOOL,
    bytes: bytes_codec(),
    str: str_codec(),
    types.NoneType: _NOTHING,
}

codec_of: Final = Codecs().codec_of
"""The codec of an annotation that needs no bindings; see `Codecs.codec_of`."""
