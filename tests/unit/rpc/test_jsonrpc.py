"""One text in, one text out: JSON-RPC 2.0 without a socket."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import trio

from node.rpc import Context, Dispatcher, Limits, Registry, Session
from support.rpc import Node, count_subscribe, registry, request


async def answer(text: object, session: Session | None = None, node: Node | None = None) -> Any:
    """The parsed answer to a text, or to a value sent as JSON."""
    dispatcher = Dispatcher(registry, node or Node())
    raw = text if isinstance(text, str | bytes) else json.dumps(text)
    reply = await dispatcher.answer(dispatcher.context(session or Session(Limits())), raw)
    return None if reply is None else json.loads(reply)


def error(code: int, message: str, *, identity: object = None, data: object = None) -> dict[str, object]:
    body: dict[str, object] = {"code": code, "message": message}
    if data is not None:
        body["data"] = data
    return {"jsonrpc": "2.0", "id": identity, "error": body}


@pytest.mark.parametrize("identity", [0, -(2**63), 2**64 - 1, "", "a string", None])
async def test_the_id_comes_back_as_it_was(identity: object) -> None:
    expected = {"jsonrpc": "2.0", "id": identity, "result": [1]}
    assert await answer(request("echo", [1], identity=identity)) == expected


async def test_params_may_be_absent() -> None:
    assert (await answer({"jsonrpc": "2.0", "id": 1, "method": "node_name"}))["result"] == "a node"
    assert (await answer({"jsonrpc": "2.0", "id": 1, "method": "node_alias", "params": None}))[
        "result"
    ] == "a node"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Parse error: Input data was truncated"),
        ("{", "Parse error: Input data was truncated"),
        ("{}x", "Parse error: JSON is malformed: trailing characters (byte 3)"),
        ("NaN", "Parse error: JSON is malformed: invalid character (byte 0)"),
        (b'"\xff"', "Parse error: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        ("[" * 100_000, "Parse error: nested too deeply"),
        ("1" * 5_000, "Parse error: Integer value out of range"),
    ],
)
async def test_text_that_is_not_json(text: str | bytes, message: str) -> None:
    assert await answer(text) == error(-32700, message)


@pytest.mark.parametrize(
    ("value", "message", "identity"),
    [
        (1, "Invalid request: a request is an object", None),
        ([], "Invalid request: an empty batch", None),
        ({"id": 7}, 'Invalid request: "jsonrpc" must be "2.0"', 7),
        ({"jsonrpc": "1.0", "id": "x", "method": "echo"}, 'Invalid request: "jsonrpc" must be "2.0"', "x"),
        ({"jsonrpc": "2.0", "id": 7, "method": 5}, 'Invalid request: "method" must be a string', 7),
        (
            {"jsonrpc": "2.0", "id": 7, "method": "echo", "params": 5},
            'Invalid request: "params" must be an array',
            7,
        ),
        (
            {"jsonrpc": "2.0", "id": 7, "method": "echo", "params": {"value": 5}},
            "Invalid params: parameters go by position: send an array, not an object",
            7,
        ),
        *(
            (
                {"jsonrpc": "2.0", "id": identity, "method": "echo"},
                'Invalid request: "id" must be a string, an integer of 64 bits or null',
                None,
            )
            for identity in (1.5, True, [], {}, 2**64)
        ),
        (
            {"jsonrpc": "2.0", "id": "x" * 257, "method": "echo"},
            'Invalid request: "id" must not be longer than 256 bytes',
            None,
        ),
    ],
)
async def test_json_that_is_no_request(value: object, message: str, identity: object) -> None:
    code = -32602 if message.startswith("Invalid params") else -32600
    assert await answer(value) == error(code, message, identity=identity)


async def test_refusals_reach_the_caller_whole() -> None:
    assert await answer(request("nothing")) == error(-32601, "Method not found", identity=1)
    assert await answer(request("refuse")) == error(
        1010, "Invalid Transaction", data="Transaction is outdated", identity=1
    )
    assert await answer(request("typed", 1, "0x")) == error(
        -32602,
        "Invalid params: 'at' (position 2): expected a hash (32 bytes in hex) or null, got \"0x\"",
        identity=1,
    )


async def test_a_bug_is_logged_with_its_traceback_and_not_explained(caplog: pytest.LogCaptureFixture) -> None:
    assert await answer(request("bug")) == error(-32603, "Internal error", identity=1)
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "the RPC method bug failed")
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


async def test_a_bug_ends_the_server_where_the_node_wants_it_so() -> None:
    dispatcher = Dispatcher(registry, Node(), crash_on_bug=True)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        await dispatcher.answer(dispatcher.context(Session(Limits())), json.dumps(request("bug")))


async def test_what_a_handler_returns_must_be_json() -> None:
    broken: Registry[None] = Registry()

    @broken.method("broken")
    async def handler(ctx: Context[None]) -> object:
        return object()

    dispatcher = Dispatcher(broken, None)
    reply = await dispatcher.answer(dispatcher.context(Session(Limits())), json.dumps(request("broken")))
    assert reply is not None
    assert json.loads(reply) == error(-32603, "Internal error", identity=1)


async def test_notifications_are_carried_out_and_not_answered() -> None:
    node = Node()
    assert await answer({"jsonrpc": "2.0", "method": "note", "params": ["one"]}, node=node) is None
    assert await answer([{"jsonrpc": "2.0", "method": "note", "params": ["two"]}], node=node) is None
    assert await answer({"jsonrpc": "2.0", "method": "nothing"}, node=node) is None
    assert node.log == ["one", "two"]


async def test_a_batch_is_answered_in_order_without_its_notifications() -> None:
    batch = [
        request("echo", "a", identity=3),
        {"jsonrpc": "2.0", "method": "echo", "params": ["b"]},
        5,
        request("nothing", identity=1),
    ]
    assert await answer(batch) == [
        {"jsonrpc": "2.0", "id": 3, "result": "a"},
        error(-32600, "Invalid request: a request is an object"),
        error(-32601, "Method not found", identity=1),
    ]


async def test_a_batch_has_at_most_ten_requests() -> None:
    assert len(await answer([request("echo")] * 10)) == 10
    assert await answer([request("echo")] * 11) == error(
        -32010, "The batch request was too large", data="Exceeded max limit of 10"
    )


async def test_a_handler_has_a_deadline(autojump_clock: trio.testing.MockClock) -> None:
    assert await answer(request("slow")) == error(-32000, "Request timed out after 30 s", identity=1)
    assert trio.current_time() == pytest.approx(30)


async def test_a_response_has_a_bound() -> None:
    session = Session(Limits(response_bytes_max=100))
    assert (await answer(request("large", 98), session))["result"] == "x" * 98
    assert await answer(request("large", 99), session) == error(
        -32008, "Response is too big", data="Exceeded max limit of 100", identity=1
    )


async def test_unsafe_methods_answer_only_this_machine() -> None:
    assert await answer(request("dev_reset")) == error(
        -32601, "RPC call is unsafe to be called externally", identity=1
    )
    assert (await answer(request("dev_reset"), Session(Limits(), trusted=True)))["result"] is True


async def test_subscriptions_need_a_connection() -> None:
    assert await answer(request("count_subscribe", 1)) == error(
        -32004, "Subscriptions need a WebSocket connection", identity=1
    )


async def test_rpc_methods_lists_every_name_once_in_order() -> None:
    methods = (await answer(request("rpc_methods")))["result"]["methods"]
    assert methods == sorted({*registry, "rpc_methods"})
    assert {"node_alias", "count_subscribe", "count_unsubscribe"} < set(methods)


def test_a_name_declared_twice_is_refused() -> None:
    both: Registry[Node] = Registry()
    both.include(registry)
    with pytest.raises(ValueError, match=r"^the RPC method echo is declared twice$"):
        both.include(registry)
    with pytest.raises(ValueError, match=r"^the RPC method count_subscribe is declared twice$"):
        both.subscription("count_subscribe", unsubscribe="x", notification="y")(count_subscribe)
