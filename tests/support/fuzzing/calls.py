"""The targets of what users send: calls, extrinsics, whole blocks of them, and questions to runtime APIs."""

from __future__ import annotations

from random import Random
from typing import Any

from runtime.api import ApiError
from runtime.api import call as ask
from runtime.executive.builder import CallBroken
from runtime.executive.extrinsic import Extrinsic
from runtime.frame.call import BoundCall
from runtime.frame.host import Call
from runtime.frame.interfaces import Nonces
from runtime.frame.invalid import InvariantBroken
from runtime.frame.validity import TransactionValidityError
from runtime.scale import DEPTH_MAX, U8, DecodeError, codec_of
from runtime.types.account import Address
from runtime.types.era import IMMORTAL
from support.fuzzing import world
from support.fuzzing.engine import ACCEPTED, Target, outcome
from support.fuzzing.scale import exactly
from support.fuzzing.shapes import Shapes

ROOT = 128
"""Added to the number of who acts: by sudo."""
STEPS_MAX = 8
SCRIPT = codec_of(tuple[tuple[U8, bytes], ...])
"""Who acts, by number, and an encoded call."""
BREAKERS = {"set_storage", "kill_storage", "kill_prefix"}
"""By these Root writes any bytes anywhere, such as no pallet ever stored."""


def declared() -> list[BoundCall[Any, Any]]:
    """Every call of every pallet."""
    pallets = world.runtime().pallets.values()
    return [getattr(pallet, name) for pallet in pallets for name in pallet.calls]


def call_of(info: BoundCall[Any, Any], writer: Shapes) -> bytes:
    return bytes(info.tag) + writer.encoding(info.args_codec)


def calls() -> list[bytes]:
    """Every call twice, with random arguments; and each wrapper nested as deep as is allowed, and deeper."""
    made = [call_of(info, world.shapes(salt)) for salt in range(2) for info in declared()]
    pallets = world.runtime().pallets
    utility, sudo = pallets["Utility"], pallets["Sudo"].sudo.tag
    lists = [getattr(utility, name).tag + b"\4" for name in ("batch", "batch_all", "force_batch")]
    remark = pallets["System"].remark.tag + b"\0"
    wrappers = [*lists, sudo, utility.as_derivative.tag + b"\0\0", sudo + lists[1], lists[1] + sudo]
    return [
        *made,
        *(
            wrapper * (depth // (len(wrapper) // 4 + 1)) + remark
            for wrapper in wrappers
            for depth in (2, DEPTH_MAX - 2, DEPTH_MAX - 1, DEPTH_MAX, 500)
        ),
    ]


def fresh_call(dice: Random) -> bytes:
    return call_of(dice.choice(declared()), world.shapes(dice))


def fresh_script(dice: Random) -> bytes:
    """Some calls by anybody, with random arguments."""
    writer, infos = world.shapes(dice), declared()
    steps = range(dice.randint(1, STEPS_MAX))
    return SCRIPT.encode(
        tuple(
            (dice.randrange(8) + ROOT * dice.randrange(2), call_of(dice.choice(infos), writer)) for _ in steps
        )
    )


def check_call(data: bytes) -> str:
    return exactly(world.call_codec(), data)


def understood() -> list[bytes]:
    """The calls among the seeds that decode: random text may be too long for its field."""
    return [call for call in calls() if check_call(call) == ACCEPTED]


# Extrinsics.


def extras(nonce: int, tip: int = 0) -> bytes:
    values = {"CheckMortality": IMMORTAL, "CheckNonce": nonce, "ChargeTransactionPayment": tip}
    parts = world.runtime().parts
    return parts.codec.extras(tuple(values.get(each.identifier, ()) for each in parts.extensions))


def extrinsics() -> list[bytes]:
    """Real ones of both kinds of key, inherents, and one for many a call, signed or bare."""
    codec = world.runtime().parts.codec
    return [
        *(raw for block in world.blocks() for raw in block.extrinsics),
        *(
            codec.signed(world.ACCOUNTS[1], place % 2, bytes(64), extras(7, 10**9), call)
            for place, call in enumerate(understood()[::3])
        ),
        *(codec.bare(world.call_codec().decode(call)) for call in understood()[::5]),
    ]


def check_extrinsic(data: bytes) -> str:
    try:
        extrinsic = world.runtime().decode(data)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data), error
        return outcome(error)
    assert extrinsic.raw == data
    assert written_again(extrinsic) == data, "another encoding of the same extrinsic was accepted"
    return ACCEPTED if extrinsic.signature is None else f"{ACCEPTED}, kind {'abc'[extrinsic.signature.kind]}"


def written_again(extrinsic: Extrinsic) -> bytes:
    """The encoding of an extrinsic's parts."""
    codec, signature = world.runtime().parts.codec, extrinsic.signature
    call = world.call_codec().encode(extrinsic.call)
    if signature is None:
        return codec.bare(extrinsic.call)
    if not isinstance(signature.address, Address):
        assert extrinsic.raw.endswith(codec.extras(signature.extras) + call)
        return extrinsic.raw
    account, kind = signature.address.account, signature.kind
    return codec.signed(account, kind, signature.signature, codec.extras(signature.extras), call)


# Blocks.


def scripts() -> list[bytes]:
    """Every call alone, by somebody and by root; and some after one another."""
    good = understood()
    return [
        *(
            SCRIPT.encode(((who, call),))
            for place, call in enumerate(good)
            for who in (place % 8, ROOT)
            if place % 2 == who % 2
        ),
        *(SCRIPT.encode(tuple((ROOT + at, good[at]) for at in range(start, start + 4))) for start in (0, 20)),
    ]


def check_script(data: bytes) -> str:
    """A block of any calls: each is applied, fails with a dispatch error, or does not enter. The block
    closes, and who executes it from its parent gets the same.
    """
    try:
        script = SCRIPT.decode(data)
    except DecodeError:
        return "no script"
    parent = world.head()
    builder = world.begin(parent)
    ends: list[str] = []
    for who, raw in script[:STEPS_MAX]:
        try:
            ends.append(act(builder, who, raw))
        except DecodeError:
            ends.append("no call")
    built = builder.finish()
    again = world.runtime().execute(parent.state, parent.header, built.block, verified=world.EVERYTHING)
    assert again.block.header == built.block.header
    return "; ".join(ends)


def act(builder: world.BlockBuilder, who: int, raw: bytes) -> str:
    """One step of a script: how it ended. Raises DecodeError, and what breaks in the pallet."""
    runtime, people = world.runtime(), (*world.ACCOUNTS, *world.PROVIDERS)
    call = world.call_codec().decode(raw)
    account = people[who % ROOT % len(people)]
    if who >= ROOT:
        if BREAKERS & set(names(call)):
            return "root writes storage"
        account, call = world.ACCOUNTS[0], runtime.pallets["Sudo"].sudo.call(call)
    (nonces,) = [pallet for pallet in runtime.pallets.values() if isinstance(pallet, Nonces)]
    encoded = world.call_codec().encode(call)
    try:
        applied = builder.try_apply(
            runtime.parts.codec.signed(account, 1, bytes(64), extras(nonces.nonce(account)), encoded)
        )
    except CallBroken as broken:
        raise broken.cause from broken
    except (TransactionValidityError, InvariantBroken) as refusal:
        return f"{call.info.name}: {outcome(refusal)}"
    return f"{call.info.name}: {type(applied.refusal).__name__}"


def names(value: object) -> list[str]:
    """The names of a call and of all calls inside it."""
    if isinstance(value, Call):
        return [value.info.name, *names(value.args)]
    if isinstance(value, tuple):
        return [name for each in value for name in names(each)]
    return []


# Questions.


def questions() -> list[bytes]:
    """Every API, by number, with arguments of its types and with real extrinsics."""
    writer = world.shapes(20)
    found: list[bytes] = []
    for place, method in enumerate(each for api in world.runtime().apis for each in api.methods):
        found += [bytes((place,)) + writer.encoding(method.arguments) for _ in range(2)]
        takes = [name for name, _ in method.inputs]
        for raw in extrinsics()[:20]:
            if takes[:1] == ["source"]:
                found.append(bytes((place, 2)) + raw + world.head().hash)
            elif takes[:1] == ["uxt"]:
                found.append(bytes((place,)) + raw + len(raw).to_bytes(4, "little"))
    return found


def check_question(data: bytes) -> str:
    """Answered or refused in words; the state that was asked is as it was."""
    methods = [method.full_name for api in world.runtime().apis for method in api.methods]
    if not data:
        return "empty"
    name, head = methods[data[0] % len(methods)], world.head()
    try:
        answer = ask(world.runtime(), head.state, head.header, name, data[1:])
    except ApiError as error:
        return f"{name}: {outcome(error)}"
    finally:
        assert head.state.root == head.header.state_root
    return f"{name}: {answer[:3].hex() if 'validate' in name else ACCEPTED}"


TARGETS = [
    Target("call", calls, check_call, fresh=fresh_call, rounds=1_500),
    Target("extrinsic", extrinsics, check_extrinsic, rounds=1_200),
    Target("script", scripts, check_script, fresh=fresh_script, rounds=120),
    Target("question", questions, check_question, rounds=500),
]
