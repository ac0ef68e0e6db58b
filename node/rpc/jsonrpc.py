"""JSON-RPC 2.0: the registry of methods, and the step from one incoming text to the one that answers it.

It knows no socket. Requests of one connection are answered in order, one at a time; connections are served
side by side.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Concatenate, Final, Generic, ParamSpec, TypeVar, cast

import msgspec
import trio

from node.rpc.errors import (
    BATCH_TOO_BIG,
    INVALID_PARAMS,
    NO_SUBSCRIPTIONS,
    RESPONSE_TOO_BIG,
    TIMED_OUT,
    InternalError,
    InvalidParams,
    InvalidRequest,
    MethodNotFound,
    ParseError,
    RpcError,
    UnsafeRefused,
)
from node.rpc.params import Parameters
from node.rpc.subscriptions import Session, Sink

log = logging.getLogger(__name__)

N = TypeVar("N")
P = ParamSpec("P")
R = TypeVar("R")

ID_BITS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Context(Generic[N]):
    """What every handler is given first: the node that answers, and the caller's session."""

    node: N
    session: Session


@dataclass(frozen=True, slots=True)
class Method:
    """One callable name, or several names for one thing."""

    name: str
    handler: Callable[..., Awaitable[object]]
    parameters: Parameters
    unsafe: bool
    notification: str | None = None
    """The name of its notifications when it is a subscription."""


class Registry(Generic[N]):
    """Methods by name. Each group of methods declares its own registry; the node includes them all in one."""

    def __init__(self) -> None:
        self._methods: dict[str, Method] = {}

    def __iter__(self) -> Iterator[str]:
        """Every name, aliases included, in alphabetical order."""
        return iter(sorted(self._methods))

    def __contains__(self, name: str) -> bool:
        return name in self._methods

    def find(self, name: str) -> Method | None:
        """The method of this name or alias."""
        return self._methods.get(name)

    def include(self, other: Registry[N]) -> None:
        """Take over all methods of another registry; a name used twice is an error."""
        for name, method in other._methods.items():
            self._declare(method, (name,))

    def method(
        self, name: str, *, aliases: tuple[str, ...] = (), unsafe: bool = False
    ) -> Callable[
        [Callable[Concatenate[Context[N], P], Awaitable[R]]],
        Callable[Concatenate[Context[N], P], Awaitable[R]],
    ]:
        """Declare `async def handler(ctx, …) -> JSON value` as a method.

        `unsafe` methods answer only callers on this machine. The handler should be short: what it computes
        holds up the node.
        """

        def declare(
            handler: Callable[Concatenate[Context[N], P], Awaitable[R]],
        ) -> Callable[Concatenate[Context[N], P], Awaitable[R]]:
            method = Method(name, handler, Parameters(handler, given=1), unsafe)
            self._declare(method, (name, *aliases))
            return handler

        return declare

    def subscription(
        self,
        name: str,
        *,
        unsubscribe: str,
        notification: str,
        aliases: tuple[str, ...] = (),
        unsubscribe_aliases: tuple[str, ...] = (),
        unsubscribe_says_null: bool = False,
        unsubscribe_refuses: bool = False,
        unsafe: bool = False,
    ) -> Callable[
        [Callable[Concatenate[Context[N], Sink, P], Awaitable[None]]],
        Callable[Concatenate[Context[N], Sink, P], Awaitable[None]],
    ]:
        """Declare `async def handler(ctx, sink, …) -> None` as a subscription.

        The handler may refuse by raising RpcError, then calls `await sink.accept()` (or `send`, which
        accepts), and lives until it returns or is cancelled. `unsubscribe` answers true or false, or always
        null with `unsubscribe_says_null`; with `unsubscribe_refuses` it refuses an id that it does not know.
        """

        async def end(ctx: Context[N], subscription: str) -> bool | None:
            closed = ctx.session.close(subscription, name)
            if unsubscribe_refuses and not closed:
                raise RpcError(INVALID_PARAMS, "Invalid subscription id")
            return None if unsubscribe_says_null else closed

        def declare(
            handler: Callable[Concatenate[Context[N], Sink, P], Awaitable[None]],
        ) -> Callable[Concatenate[Context[N], Sink, P], Awaitable[None]]:
            method = Method(name, handler, Parameters(handler, given=2), unsafe, notification)
            self._declare(method, (name, *aliases))
            self.method(unsubscribe, aliases=unsubscribe_aliases)(end)
            return handler

        return declare

    def _declare(self, method: Method, names: tuple[str, ...]) -> None:
        for name in names:
            if name in self._methods:
                raise ValueError(f"the RPC method {name} is declared twice")
            self._methods[name] = method


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    params: list[object]
    id: object
    wants_answer: bool


class Dispatcher(Generic[N]):
    """Answers texts by the methods of a registry."""

    def __init__(self, registry: Registry[N], node: N, *, crash_on_bug: bool = False) -> None:
        """`crash_on_bug` lets an unknown exception of a handler end the server instead of the request."""
        self._registry = _with_methods_list(registry)
        self._node = node
        self._crash_on_bug = crash_on_bug

    def context(self, session: Session) -> Context[N]:
        """The context of one caller's calls."""
        return Context(self._node, session)

    async def answer(self, context: Context[N], text: bytes | str) -> bytes | None:
        """Answer one JSON text, a request or a batch; None when there were only notifications.

        Post the answer, then release the session. Raises nothing but what `crash_on_bug` lets through.
        """
        limits = context.session.limits
        try:
            document = _parse(text)
        except RpcError as error:
            return _encode_error(None, error)
        if not isinstance(document, list):
            return await self._one(context, document)
        batch = cast("list[object]", document)
        if not batch:
            return _encode_error(None, InvalidRequest("an empty batch"))
        if len(batch) > limits.batch_max:
            reason = f"Exceeded max limit of {limits.batch_max}"
            return _encode_error(None, RpcError(BATCH_TOO_BIG, "The batch request was too large", reason))
        answers: list[bytes] = []
        for item in batch:
            answer = await self._one(context, item)
            if answer is not None:
                answers.append(answer)
        return b"[" + b",".join(answers) + b"]" if answers else None

    async def _one(self, context: Context[N], item: object) -> bytes | None:
        try:
            request = _request(item, context.session.limits.id_bytes_max)
        except RpcError as error:
            return _encode_error(_readable_id(item), error)
        try:
            result = await self._call(context, request)
            answer = _encode_result(request.id, result, context.session.limits.response_bytes_max)
        except Exception as error:  # noqa: BLE001 (logged by report)
            answer = _encode_error(request.id, self._report(request.method, error))
        await trio.lowlevel.checkpoint()
        return answer if request.wants_answer else None

    async def _call(self, context: Context[N], request: _Request) -> object:
        session = context.session
        method = self._registry.find(request.method)
        if method is None:
            raise MethodNotFound
        if method.unsafe and not session.trusted:
            raise UnsafeRefused
        arguments = method.parameters.convert(request.params)
        seconds = session.limits.request_seconds_max
        with trio.move_on_after(seconds):
            if method.notification is not None:
                return await self._subscribe(context, request, method, arguments)
            return await method.handler(context, *arguments)
        raise RpcError(TIMED_OUT, f"Request timed out after {seconds:g} s")

    async def _subscribe(
        self,
        context: Context[N],
        request: _Request,
        method: Method,
        arguments: list[object],
    ) -> str:
        session = context.session
        if session.nursery is None:
            raise RpcError(NO_SUBSCRIPTIONS, "Subscriptions need a WebSocket connection")
        if not request.wants_answer:
            raise InvalidRequest("a subscription without an id could never be ended")
        sink = session.open(cast("str", method.notification), method.name)
        handler = partial(method.handler, context, sink, *arguments)
        await session.nursery.start(sink.run, handler, partial(self._report, method.name))
        if sink.refusal is not None:
            raise sink.refusal
        session.after_answer(sink.answered)
        return sink.id

    def _report(self, name: str, error: Exception) -> RpcError:
        """What the caller is told of an exception: a refusal as it is; anything else is a bug, and logged."""
        if isinstance(error, RpcError):
            return error
        log.error("the RPC method %s failed", name, exc_info=error)
        if self._crash_on_bug:
            raise error
        return InternalError()


def _with_methods_list(registry: Registry[N]) -> Registry[N]:
    """The registry and `rpc_methods`, by which clients choose what to call."""
    whole: Registry[N] = Registry()
    whole.include(registry)

    async def rpc_methods(ctx: Context[N]) -> dict[str, list[str]]:
        return {"methods": list(whole)}

    if "rpc_methods" not in whole:
        whole.method("rpc_methods")(rpc_methods)
    return whole


# Texts.


def _parse(text: bytes | str) -> object:
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise ParseError("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ParseError(str(error)) from None


def _request(item: object, id_bytes_max: int) -> _Request:
    if not isinstance(item, dict):
        raise InvalidRequest("a request is an object")
    fields = cast("dict[str, object]", item)
    if fields.get("jsonrpc") != "2.0":
        raise InvalidRequest('"jsonrpc" must be "2.0"')
    method = fields.get("method")
    if not isinstance(method, str):
        raise InvalidRequest('"method" must be a string')
    identity = fields.get("id")
    if not _is_id(identity):
        raise InvalidRequest('"id" must be a string, an integer of 64 bits or null')
    if isinstance(identity, str) and len(identity.encode()) > id_bytes_max:
        raise InvalidRequest(f'"id" must not be longer than {id_bytes_max} bytes')
    params = fields.get("params")
    if params is None:
        params = []
    if isinstance(params, dict):
        raise InvalidParams("parameters go by position: send an array, not an object")
    if not isinstance(params, list):
        raise InvalidRequest('"params" must be an array')
    return _Request(method, cast("list[object]", params), identity, "id" in fields)


def _is_id(value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return -(1 << ID_BITS_MAX - 1) <= value < 1 << ID_BITS_MAX
    return value is None or isinstance(value, str)


def _readable_id(item: object) -> object:
    """The id of a request that is wrong otherwise, so that its caller can tell which one was refused."""
    identity = cast("dict[str, object]", item).get("id") if isinstance(item, dict) else None
    return identity if _is_id(identity) and not (isinstance(identity, str) and len(identity) > 256) else None


def _encode_result(identity: object, result: object, bytes_max: int) -> bytes:
    body = msgspec.json.encode(result)
    if len(body) > bytes_max:
        raise RpcError(RESPONSE_TOO_BIG, "Response is too big", f"Exceeded max limit of {bytes_max}")
    return b'{"jsonrpc":"2.0","id":' + msgspec.json.encode(identity) + b',"result":' + body + b"}"


def _encode_error(identity: object, error: RpcError) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": identity, "error": error.to_json()})
