"""Storage, declared: values and maps that are a pallet's whole memory.

A declaration names the types once; the keys (Substrate's: `twox128(pallet) ++ twox128(item) ++
hasher(key)...`), codecs and metadata follow from it. On a pallet a value reads and writes like an attribute,
and a map like a dictionary:

    total = StorageValue[Balance](default=0, doc="...")   self.total += 1
    owner = StorageOption[AccountId](doc="...")           self.owner = None    # None: nothing is stored
    claims = StorageMap[U32, Claim](doc="...")            self.claims[7]       # NotStored if there is none
    free = StorageMap[AccountId, Balance](default=0)      self.free[who]       # the default, if there is none
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, get_args, overload

from runtime.frame.bound import BoundMap, BoundNMap, BoundValue, KeyPart
from runtime.frame.hashers import Blake2_128Concat, Hasher
from runtime.frame.host import Host
from runtime.frame.names import camel
from runtime.scale import Codec, EncodeError

K = TypeVar("K")
K1 = TypeVar("K1")
K2 = TypeVar("K2")
KS = TypeVar("KS", bound=tuple[Any, ...])
V = TypeVar("V")
T = TypeVar("T")


class _NoDefault:
    """No default was given."""


NO_DEFAULT: Final = _NoDefault()


class StorageItem:
    """A declared piece of storage: what the pallet, the metadata and the tools know of it."""

    default: Any = NO_DEFAULT
    doc: str = ""
    hashers: tuple[Hasher, ...] = ()
    attribute: str = ""

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.attribute = name

    @property
    def name(self) -> str:
        """The item's name in storage keys and metadata."""
        return camel(self.attribute)

    @property
    def is_optional(self) -> bool:
        """Whether absence is an answer of its own (OptionQuery), and not the default (ValueQuery)."""
        return self.default is NO_DEFAULT

    @property
    def key_types(self) -> tuple[Any, ...]:
        """One annotation a key; none for a value."""
        return self._arguments()[:-1]

    @property
    def value_type(self) -> Any:
        """The annotation of what is stored."""
        value_type = self._arguments()[-1]
        if type(None) in get_args(value_type):
            raise TypeError(
                f"storage {self.attribute!r} may hold None, which is absence: "
                "write StorageOption, or a map without a default"
            )
        return value_type

    def _arguments(self) -> tuple[Any, ...]:
        declared = getattr(self, "__orig_class__", None)
        if declared is None:
            raise TypeError(
                f"storage {self.attribute!r} names no types: write {type(self).__name__}[...](...)"
            )
        return get_args(declared)

    def bind(self, host: Host, pallet: str) -> Any:
        """This item as it stands in `host` under the storage prefix `pallet`."""
        raise NotImplementedError

    def _codec(self, host: Host) -> Codec[Any]:
        """The codec of what is stored. Raises TypeError when the default does not fit it."""
        codec: Codec[Any] = host.codec(self.value_type)
        if not self.is_optional:
            try:
                codec.encode(self.default)
            except EncodeError as error:
                raise TypeError(f"the default of storage {self.attribute!r} does not fit: {error}") from None
        return codec

    def _parts(self, host: Host) -> tuple[KeyPart, ...]:
        return tuple(
            KeyPart(hasher, host.codec(kind))
            for hasher, kind in zip(self.hashers, self.key_types, strict=True)
        )


class StorageValue(StorageItem, Generic[T]):
    """One value, which reads as `default` until it is written."""

    def __init__(self, *, default: T, doc: str = "") -> None:
        self.default = default
        self.doc = doc

    @overload
    def __get__(self, instance: None, owner: type[object]) -> StorageValue[T]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> T: ...
    def __get__(self, instance: object | None, owner: type[object]) -> StorageValue[T] | T:
        if instance is None:
            return self
        value: T = instance.__dict__[self.attribute].get()
        return value

    def __set__(self, instance: object, value: T) -> None:
        instance.__dict__[self.attribute].set(value)

    def __delete__(self, instance: object) -> None:
        instance.__dict__[self.attribute].kill()

    def bind(self, host: Host, pallet: str) -> BoundValue[T]:
        return BoundValue(host, pallet, self.name, self._codec(host), self.default)


class StorageOption(StorageItem, Generic[T]):
    """One value that may be absent: it reads as None, and writing None removes it."""

    def __init__(self, *, doc: str = "") -> None:
        self.doc = doc

    @overload
    def __get__(self, instance: None, owner: type[object]) -> StorageOption[T]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> T | None: ...
    def __get__(self, instance: object | None, owner: type[object]) -> StorageOption[T] | T | None:
        if instance is None:
            return self
        value: T | None = instance.__dict__[self.attribute].get()
        return value

    def __set__(self, instance: object, value: T | None) -> None:
        bound = instance.__dict__[self.attribute]
        if value is None:
            bound.kill()
        else:
            bound.set(value)

    def __delete__(self, instance: object) -> None:
        instance.__dict__[self.attribute].kill()

    def bind(self, host: Host, pallet: str) -> BoundValue[T | None]:
        return BoundValue(host, pallet, self.name, self._codec(host), None)


class StorageMap(StorageItem, Generic[K, V]):
    """Values by one key. With a `measure` of a value, `grown` says how the sum over all of them moves."""

    def __init__(
        self,
        *,
        default: V | _NoDefault = NO_DEFAULT,
        hasher: Hasher = Blake2_128Concat,
        measure: Callable[[V], int] | None = None,
        doc: str = "",
    ) -> None:
        self.default = default
        self.hashers = (hasher,)
        self.measure = measure
        self.doc = doc

    @overload
    def __get__(self, instance: None, owner: type[object]) -> StorageMap[K, V]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> BoundMap[K, V]: ...
    def __get__(self, instance: object | None, owner: type[object]) -> StorageMap[K, V] | BoundMap[K, V]:
        if instance is None:
            return self
        bound: BoundMap[K, V] = instance.__dict__[self.attribute]
        return bound

    def bind(self, host: Host, pallet: str) -> BoundMap[K, V]:
        return BoundMap(
            host,
            pallet,
            self.name,
            self._parts(host),
            self._codec(host),
            self.default,
            self.is_optional,
            self.measure,
        )


class StorageDoubleMap(StorageItem, Generic[K1, K2, V]):
    """Values by two keys; all under one first key can be walked or cleared together."""

    def __init__(
        self,
        *,
        default: V | _NoDefault = NO_DEFAULT,
        hashers: tuple[Hasher, Hasher] = (Blake2_128Concat, Blake2_128Concat),
        doc: str = "",
    ) -> None:
        self.default = default
        self.hashers = hashers
        self.doc = doc

    @overload
    def __get__(self, instance: None, owner: type[object]) -> StorageDoubleMap[K1, K2, V]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> BoundNMap[tuple[K1, K2], V]: ...
    def __get__(
        self, instance: object | None, owner: type[object]
    ) -> StorageDoubleMap[K1, K2, V] | BoundNMap[tuple[K1, K2], V]:
        if instance is None:
            return self
        bound: BoundNMap[tuple[K1, K2], V] = instance.__dict__[self.attribute]
        return bound

    def bind(self, host: Host, pallet: str) -> BoundNMap[tuple[K1, K2], V]:
        parts = self._parts(host)
        return BoundNMap(host, pallet, self.name, parts, self._codec(host), self.default, self.is_optional)


class StorageNMap(StorageItem, Generic[KS, V]):
    """Values by any number of keys: `StorageNMap[tuple[A, B, C], V]`."""

    def __init__(
        self, *, hashers: tuple[Hasher, ...], default: V | _NoDefault = NO_DEFAULT, doc: str = ""
    ) -> None:
        self.default = default
        self.hashers = hashers
        self.doc = doc

    @property
    def key_types(self) -> tuple[Any, ...]:
        return get_args(self._arguments()[0])

    @overload
    def __get__(self, instance: None, owner: type[object]) -> StorageNMap[KS, V]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> BoundNMap[KS, V]: ...
    def __get__(self, instance: object | None, owner: type[object]) -> StorageNMap[KS, V] | BoundNMap[KS, V]:
        if instance is None:
            return self
        bound: BoundNMap[KS, V] = instance.__dict__[self.attribute]
        return bound

    def bind(self, host: Host, pallet: str) -> BoundNMap[KS, V]:
        parts = self._parts(host)
        return BoundNMap(host, pallet, self.name, parts, self._codec(host), self.default, self.is_optional)
