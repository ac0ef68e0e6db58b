"""A transaction signed in the node itself, over a block that it knows: no metadata, no round trip."""

from __future__ import annotations

from typing import Final

from node.chain.chain import Position
from node.wallet.signer import Keypair
from runtime.crypto.derive import KeyKind
from runtime.executive.extrinsic import ED25519, SR25519
from runtime.frame.host import Call
from runtime.frame.late import RuntimeCall
from runtime.runtime import Runtime
from runtime.types.era import IMMORTAL

_KINDS: Final[dict[KeyKind, int]] = {"ed25519": ED25519, "sr25519": SR25519}
_UNSIGNED: Final = bytes(64)


def sign_transaction(
    runtime: Runtime, over: Position, call: Call, signer: Keypair, nonce: int, tip: int = 0
) -> bytes:
    """The extrinsic of a call, immortal, signed for the chain whose block is `over`."""
    codec, kind = runtime.parts.codec, _KINDS[signer.kind]
    values = {"CheckMortality": IMMORTAL, "CheckNonce": nonce, "ChargeTransactionPayment": tip}
    extras = codec.extras(tuple(values.get(each.identifier, ()) for each in runtime.parts.extensions))
    call_bytes = runtime.host.codec(RuntimeCall).encode(call)
    draft = runtime.decode(codec.signed(signer.public, kind, _UNSIGNED, extras, call_bytes))
    payload = runtime.validator(over.state, over.header).payload(draft)
    return codec.signed(signer.public, kind, signer.sign(payload), extras, call_bytes)
