"""The targets of what the command line reads and shows: calls in JSON, amounts, entries of a state, and what
a node answers.
"""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

from node.cli.amounts import Coin
from node.cli.faults import Fault
from node.cli.state import read_entries
from node.cli.words import Words, inline
from node.client import RemoteError
from node.client.shapes import differences, ended, read_header
from node.rpc.methods.shapes import header_json, to_hex
from runtime.frame.late import RuntimeEvent
from runtime.frame.plain import PlainError
from runtime.manifest import CODE_KEY
from runtime.scale import DecodeError
from support.fuzzing import world
from support.fuzzing.calls import calls, fresh_call
from support.fuzzing.engine import ACCEPTED, Target, outcome
from support.fuzzing.texts import NO_TEXT, text_of

LONG = 2_000
"""No refusal is as long as a page."""


@cache
def words() -> Words:
    return Words(world.runtime(), world.spec().properties)


def refused(error: Exception) -> str:
    assert len(str(error)) < LONG, f"a refusal of {len(str(error))} characters"
    return outcome(error)


# Calls and events in words.


def check_spoken(data: bytes) -> str:
    """Whatever call a block may hold can be shown, and is the same when its words are read back."""
    try:
        call = world.call_codec().decode(data)
    except DecodeError:
        return "no call"
    plain = words().plain_call(call)
    assert inline(plain)
    assert words().call_from(json.loads(json.dumps(plain))) == call
    return f"{call}"


def check_event(data: bytes) -> str:
    try:
        event = world.runtime().host.codec(RuntimeEvent).target.decode(data)
    except DecodeError:
        return "no event"
    assert json.dumps(words().event(event))
    return words().event_name(event)


def events() -> list[bytes]:
    writer = world.shapes(40)
    return [writer.encoding(world.runtime().host.codec(RuntimeEvent).target) for _ in range(80)]


def fresh_event(dice: Random) -> bytes:
    return world.shapes(dice).encoding(world.runtime().host.codec(RuntimeEvent).target)


def check_call_words(data: bytes) -> str:
    """Words are refused with the place, or are a call that has an encoding."""
    plain = parsed(data)
    if plain is None:
        return NO_TEXT
    try:
        call = words().call_from(plain)
    except (Fault, PlainError) as error:
        return refused(error)
    assert world.call_codec().decode(world.call_codec().encode(call)) == call
    return f"{call}"


def call_words() -> list[bytes]:
    spoken: list[bytes] = []
    for data in calls():
        try:
            call = world.call_codec().decode(data)
        except DecodeError:
            continue
        spoken.append(json.dumps(words().plain_call(call)).encode())
    return [text for text in spoken if len(text) < LONG]


def parsed(data: bytes) -> Any:
    try:
        return json.loads(text_of(data))
    except (ValueError, RecursionError):
        return None


# Amounts and entries.


def check_amount(data: bytes) -> str:
    coin = Coin("CPC", 9)
    try:
        amount = coin.parse(text_of(data))
    except Fault as error:
        return refused(error)
    assert coin.parse(coin.words(amount)) == amount
    return ACCEPTED


def check_entries(data: bytes) -> str:
    try:
        entries = read_entries(text_of(data))
    except Fault as error:
        return refused(error)
    assert all(isinstance(each, bytes) for pair in entries.items() for each in pair)
    return ACCEPTED


# Answers of a node that may be any.


def check_answer(data: bytes) -> str:
    answer = parsed(data)
    ends = [f"{differences(answer, world.runtime().manifest)[:9]}", f"{(ended(answer) or '')[:9]}"]
    try:
        header = read_header(answer, world.blocks()[0].header.hash)
    except RemoteError as error:
        return "; ".join([*ends, refused(error)])
    assert header == world.blocks()[0].header
    return "; ".join([*ends, ACCEPTED])


def answers() -> list[bytes]:
    header = header_json(world.blocks()[0].header)
    code = to_hex(world.head().state.get(CODE_KEY) or b"")
    return [json.dumps(each).encode() for each in (header, code, {"usurped": code[:66]}, "invalid")]


TARGETS = [
    Target("spoken", calls, check_spoken, fresh=fresh_call, rounds=400),
    Target("told", events, check_event, fresh=fresh_event, rounds=300),
    Target("call-words", call_words, check_call_words, is_json=True, rounds=600),
    Target(
        "amount",
        lambda: [b"1", b"1.5 CPC", b"1,000_000.123456789cpc", b"7 units", b"9" * 5_000],
        check_amount,
        words=(b".", b",", b"_", b" units", b"CPC", "\u0663".encode(), b"9" * 5_000),
        rounds=400,
    ),
    Target(
        "entries",
        lambda: [b'[["0x00","0x01"],["aabb","0xCC"]]', b"[]", b"[" * 2_000, b"[%b]" % (b"9" * 5_000)],
        check_entries,
        words=(b'["0x00","0x01"],', b"null"),
        is_json=True,
        rounds=400,
    ),
    Target("answer", answers, check_answer, is_json=True, rounds=400),
]
