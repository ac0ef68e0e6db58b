"""The pallet: one mechanism of the chain, as a class.

In a pallet class an annotation is something the pallet is given (`config: Config`, `oracle: PriceFeed`), and
an assignment is something it owns (`claims = StorageMap[U32, Claim]()`). Everything else follows from the
declarations: the constructor's keywords, storage keys, metadata. An instance is sealed: what is not declared
storage cannot be assigned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Generic,
    TypeGuard,
    TypeVar,
    dataclass_transform,
    get_args,
    get_type_hints,
)

from runtime.frame.call import BoundCall, CallDeclaration
from runtime.frame.error import DispatchError, Error
from runtime.frame.event import Emitter, Event
from runtime.frame.extension import TransactionExtension
from runtime.frame.hooks import Invariant, invariant_of
from runtime.frame.host import Host
from runtime.frame.migration import Migration, in_order, migration_of
from runtime.frame.storage import StorageItem, StorageOption, StorageValue

_MUTABLE: Final = (list, dict, set, bytearray)
_GIVEN: Final = ("emit", "emit_encoded", "encode_event", "host")
"""What every pallet has that its class has not."""
E = TypeVar("E", bound=Event)
X = TypeVar("X", bound=Error)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a pallet stands in a runtime."""

    index: int
    """Its number in encoded calls, events and errors."""
    name: str
    """Its name in storage keys and metadata."""


@dataclass_transform(kw_only_default=True)
class Declared:
    """Root of the pallets: type checkers read a constructor keyword from each annotation below it."""


class Pallet(Declared, Generic[E, X]):
    """A mechanism of the chain: `Pallet[ItsEvents, ItsErrors]`."""

    host: Host
    seat: Seat | None = None
    encode_event: ClassVar[Any]
    """The encoding of one of the pallet's events."""

    storage_version: ClassVar[int] = 0
    """Which layout of storage this code expects; its migrations lead to it."""
    migrations: ClassVar[tuple[Migration, ...]] = ()
    """Declared migrations, by the version that they lead to."""
    storage: ClassVar[dict[str, StorageItem]] = {}
    """Declared storage by attribute."""
    _assignable: ClassVar[dict[str, StorageValue[Any] | StorageOption[Any]]] = {}
    calls: ClassVar[dict[str, CallDeclaration[Any, Any]]] = {}
    """Declared calls by name."""
    invariants: ClassVar[tuple[Invariant, ...]] = ()
    """What holds at the end of every block."""
    event_root: ClassVar[type[Event]]
    """The class that all of the pallet's events derive from."""
    error_root: ClassVar[type[Error]]
    """The class that all of the pallet's errors derive from."""
    hold_reason: ClassVar[type[Any] | None] = None
    """The pallet's reasons to hold balances: an enum, or None."""
    freeze_reason: ClassVar[type[Any] | None] = None
    """The pallet's reasons to freeze balances: an enum, or None."""
    origin_type: ClassVar[type[Any] | None] = None
    """The pallet's own origins: an enum under `Origin`, or None."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in vars(cls).items():
            if isinstance(value, (StorageItem, CallDeclaration)) and (
                hasattr(Pallet, name) or name in _GIVEN
            ):
                raise TypeError(f"{cls.__name__}.{name} hides what every pallet has: choose another name")
            if isinstance(value, _MUTABLE) and not name.startswith("__"):
                raise TypeError(f"{cls.__name__}.{name} is mutable, and state lives in storage: declare it")
        storage, calls = dict(cls.storage), dict(cls.calls)
        invariants, migrations = list(cls.invariants), list(cls.migrations)
        for name, value in vars(cls).items():
            if isinstance(value, StorageItem):
                storage[name] = value
            elif _is_call(value):
                _refuse_same_index(cls, calls, value)
                calls[name] = value
            elif (found := invariant_of(value)) is not None:
                invariants.append(found)
            elif (step := migration_of(value)) is not None:
                migrations.append(step)
        cls.storage, cls.calls, cls.invariants = storage, calls, tuple(invariants)
        cls._assignable = {
            name: item for name, item in storage.items() if isinstance(item, (StorageValue, StorageOption))
        }
        cls.migrations = in_order(cls.__name__, cls.storage_version, tuple(migrations))
        for base in getattr(cls, "__orig_bases__", ()):
            if getattr(base, "__origin__", None) is Pallet:
                cls.event_root, cls.error_root = get_args(base)

    if not TYPE_CHECKING:

        def __init__(self, **given: Any) -> None:
            cls = type(self)
            wanted = cls.given()
            unknown = [name for name in given if name not in wanted and name != "seat"]
            if unknown:
                raise TypeError(
                    f"{cls.__name__} is given nothing named {unknown[0]!r}: it wants {', '.join(wanted)}"
                )
            missing = [name for name in wanted if name not in given]
            if missing:
                raise TypeError(f"{cls.__name__} needs {missing[0]!r}: {wanted[missing[0]]}")
            seat = given.get("seat") or Seat(0, cls.__name__)
            host = given["host"]
            place = self.__dict__
            place.update(given)
            place["seat"] = seat
            events = Emitter(host, seat.index, host.codec(cls.event_root))
            place["encode_event"] = events.encode
            place["emit"], place["emit_encoded"] = events.emit, events.emit_encoded
            for name, item in cls.storage.items():
                place[name] = item.bind(host, seat.name)
            for name, declaration in cls.calls.items():
                place[name] = BoundCall(declaration, self, host, seat.name, seat.index)

        def __setattr__(self, name: str, value: Any) -> None:
            declared = self._assignable.get(name)
            if declared is None:
                raise self._undeclared(name)
            declared.__set__(self, value)

        def __delattr__(self, name: str) -> None:
            declared = self._assignable.get(name)
            if declared is None:
                raise self._undeclared(name)
            declared.__delete__(self)

        def _undeclared(self, name: str) -> AttributeError:
            return AttributeError(f"{type(self).__name__}.{name} is not declared storage")

    @classmethod
    def given(cls) -> dict[str, Any]:
        """What an instance must be given: annotations by name, the host included, the seat not."""
        hints = get_type_hints(cls, include_extras=True)
        names = [name for base in reversed(cls.__mro__) for name in vars(base).get("__annotations__", {})]
        return {
            name: hints[name]
            for name in dict.fromkeys(names)
            if name != "seat" and not _is_class_variable(hints[name])
        }

    if TYPE_CHECKING:

        def emit(self, event: E) -> None:
            """Tell the world; an event of another pallet is a type error."""

        def emit_encoded(self, event: bytes) -> None:
            """The same with an event that `encode_event` gave before."""

    def stored(self, item: str) -> Any:
        """A declared item itself, as `runtime.frame.bound` has it, where the attribute is what it holds: for
        its key, its encoding, and to read and write it often.
        """
        return self.__dict__[item]

    def before(self, item: str) -> Any:
        """What the declared value `item` was at the end of the parent block."""
        return self.stored(item).before()

    def attempt(self, work: Callable[[], None]) -> DispatchError | None:
        """Do one unit of work in a storage layer of its own: what refused it, or None when it is done.

        For hooks, which may not raise: a refusal undoes this unit alone.
        """
        overlay = self.host.overlay
        mark = overlay.open()
        try:
            work()
        except DispatchError as refusal:
            overlay.undo(mark)
            return refusal
        except BaseException:
            overlay.undo(mark)
            raise
        overlay.keep(mark)
        return None

    def extensions(self) -> tuple[TransactionExtension, ...]:
        """The transaction extensions that this pallet provides; the chain spec orders them."""
        return ()

    @property
    def account_id(self) -> bytes:
        """The account that belongs to the pallet itself; nobody holds a key to it."""
        return pallet_account(self.__dict__["seat"].name)


def pallet_account(name: str) -> bytes:
    """The account of a pallet: `modl` and its name in lower case, filled with zeros to 32 bytes."""
    return (b"modl" + name.lower().encode()).ljust(32, b"\0")[:32]


def _is_call(value: object) -> TypeGuard[CallDeclaration[Any, Any]]:
    return isinstance(value, CallDeclaration)


def _is_class_variable(hint: Any) -> bool:
    return getattr(hint, "__origin__", None) is ClassVar or hint is ClassVar


def _refuse_same_index(
    cls: type[object], calls: dict[str, CallDeclaration[Any, Any]], new: CallDeclaration[Any, Any]
) -> None:
    for other in calls.values():
        if other.index == new.index and other.name != new.name:
            raise TypeError(
                f"{cls.__name__}: calls {other.name!r} and {new.name!r} both have index {new.index}"
            )
