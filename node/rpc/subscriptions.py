"""Subscriptions: a connection's session, the sinks that its subscribers write to, and its outgoing queue.

Rules of the shape. The response to a subscription goes out before its first notification: a sink holds its
notifications back until the response is queued, in a batch until the whole batch is. A subscriber never
waits for the peer: a notification goes to the connection's bounded queue, and when that is full the
connection is closed, with the reason. A subscription ends when its handler returns, when it is unsubscribed,
or with its connection; in the last two cases the handler is cancelled.
"""

from __future__ import annotations

import secrets
import string
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
import trio

from node.rpc.errors import TOO_MANY_SUBSCRIPTIONS, RpcError
from node.rpc.limits import Limits

_ALPHABET: Final = string.ascii_letters + string.digits
ID_LENGTH: Final = 16

T = TypeVar("T")


class Outbox:
    """Messages on their way to one peer, in order, bounded in count and bytes."""

    def __init__(self, limits: Limits, on_overflow: Callable[[], None]) -> None:
        self._limits = limits
        self._on_overflow = on_overflow
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = trio.Event()
        self.overflowed = False
        """True once the peer read too slowly; nothing is accepted any more."""

    def put(self, message: bytes) -> None:
        """Queue one message, or mark the box as overflowed and drop what waits."""
        if self.overflowed:
            return
        limits = self._limits
        self._bytes += len(message)
        if len(self._waiting) >= limits.outbox_messages_max or self._bytes > limits.outbox_bytes_max:
            self.overflowed = True
            self._waiting.clear()
            self._on_overflow()
        else:
            self._waiting.append(message)
        self._wake()

    async def take(self) -> list[bytes]:
        """All that waits, once there is something; empty when the box has overflowed."""
        while not self._waiting and not self.overflowed:
            await self._changed.wait()
        taken = self.rest()
        self._wake()
        return taken

    def rest(self) -> list[bytes]:
        """All that waits, for the last write."""
        rest = list(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return rest

    async def drained(self) -> None:
        """Return once the peer has read enough to be served again."""
        while len(self._waiting) > self._limits.outbox_drain_messages and not self.overflowed:
            await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


class Session:
    """One caller: where it calls from, and the subscriptions it holds."""

    def __init__(
        self,
        limits: Limits,
        *,
        trusted: bool = False,
        outbox: Outbox | None = None,
        nursery: trio.Nursery | None = None,
        frame: Callable[[bytes], bytes] = lambda message: message,
    ) -> None:
        """`outbox`, `nursery` and `frame` (JSON text to wire bytes) are given by a WebSocket connection."""
        self.limits = limits
        self.trusted = trusted
        """True when both ends are on this machine: unsafe methods are allowed."""
        self.outbox = outbox
        self.nursery = nursery
        self._frame = frame
        self._sinks: dict[str, Sink] = {}
        self._behind: list[Callable[[], None]] = []

    def post(self, message: bytes) -> None:
        """Queue one JSON text for the peer. HTTP has no queue: its one answer is returned, never posted."""
        if self.outbox is not None:
            self.outbox.put(self._frame(message))

    def find(self, subscription: str, kind: type[T]) -> T | None:
        """What the handler of this open subscription has attached, if it is a `kind`."""
        sink = self._sinks.get(subscription)
        return sink.attachment if sink is not None and isinstance(sink.attachment, kind) else None

    def every(self, kind: type[T]) -> list[T]:
        """What the handlers of all open subscriptions have attached, as far as it is a `kind`."""
        return [sink.attachment for sink in self._sinks.values() if isinstance(sink.attachment, kind)]

    def after_answer(self, job: Callable[[], None]) -> None:
        """Run `job` once the answer to the call at hand is queued: what it sends comes behind the answer."""
        self._behind.append(job)

    @property
    def subscriptions(self) -> int:
        """How many are open."""
        return len(self._sinks)

    # For the server.

    def release(self) -> None:
        """The answer is queued: run what waits for that."""
        behind, self._behind = self._behind, []
        for job in behind:
            job()

    def open(self, notification: str, group: str) -> Sink:
        """A new sink, counted against the bound."""
        if len(self._sinks) >= self.limits.subscriptions_max:
            raise RpcError(
                TOO_MANY_SUBSCRIPTIONS,
                "Too many subscriptions on the connection",
                f"at most {self.limits.subscriptions_max}",
            )
        sink = Sink(self, notification, group)
        self._sinks[sink.id] = sink
        return sink

    def forget(self, sink: Sink) -> None:
        """The handler has ended."""
        self._sinks.pop(sink.id, None)

    def close(self, subscription: str, group: str) -> bool:
        """Unsubscribe; false when no subscription of this group has the id."""
        sink = self._sinks.get(subscription)
        if sink is None or sink.group != group:
            return False
        self.forget(sink)
        sink.scope.cancel()
        return True


class Sink:
    """Where one subscription's handler sends what it has to say."""

    def __init__(self, session: Session, notification: str, group: str) -> None:
        self.id = "".join(secrets.choice(_ALPHABET) for _ in range(ID_LENGTH))
        self.session = session
        self.group = group
        """The subscribe method's name; an unsubscribe of another group does not end this one."""
        self.attachment: object = None
        """State of the subscription that other methods of the same connection may find by its id."""
        self.scope = trio.CancelScope()
        self.accepted = False
        self.refusal: RpcError | None = None
        self._head = (
            b'{"jsonrpc":"2.0","method":'
            + msgspec.json.encode(notification)
            + b',"params":{"subscription":"'
            + self.id.encode()
            + b'","result":'
        )
        self._status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
        self._answered = trio.Event()

    async def accept(self) -> str:
        """Let the call be answered with the id, as `send` does too. Until then an error refuses it."""
        if not self.accepted:
            self.accepted = True
            self._status.started()
        await self._answered.wait()
        return self.id

    async def send(self, result: object) -> None:
        """Notify the subscriber of a value that msgspec can encode (`msgspec.Raw` goes out as it is)."""
        await self.accept()
        self.session.post(self._head + msgspec.json.encode(result) + b"}}")
        await trio.lowlevel.checkpoint()

    # For the server.

    def answered(self) -> None:
        """The response is queued: notifications may follow."""
        self._answered.set()

    async def run(
        self,
        handler: Callable[[], Awaitable[None]],
        report: Callable[[Exception], RpcError],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Run the handler until it ends; `started` once it is accepted, refused or over."""
        self._status = task_status
        try:
            with self.scope:
                await handler()
        except Exception as error:  # noqa: BLE001 (logged by report)
            self.refusal = report(error)
        finally:
            self.session.forget(self)
        if not self.accepted:
            self.accepted = True
            task_status.started()
