"""`payment_*`: what a transaction would cost."""

from __future__ import annotations

from typing import Final

from node.rpc.errors import RpcError
from node.rpc.methods.backend import Call, Methods, position_at
from node.rpc.params import Hash, HexBytes
from runtime.api import ApiError, BadInput, call
from runtime.scale import Struct, codec_of
from runtime.types import Balance, DispatchClass, Weight

RUNTIME_ERROR: Final = 1
DECODE_ERROR: Final = 2

methods: Methods = Methods()


class RuntimeDispatchInfo(Struct):
    """What the runtime says that a call weighs and costs."""

    weight: Weight
    class_: DispatchClass
    partial_fee: Balance


class InclusionFee(Struct):
    """What it costs to be included, by cause."""

    base_fee: Balance
    len_fee: Balance
    adjusted_weight_fee: Balance


class FeeDetails(Struct):
    """A fee by its parts; the tip is not told."""

    inclusion_fee: InclusionFee | None
    tip: Balance


@methods.method("payment_queryInfo")
async def query_info(ctx: Call, extrinsic: HexBytes, at: Hash | None = None) -> object:
    """What a transaction weighs and costs; its signature may be false."""
    answer = _query(ctx, "query_info", extrinsic, at, "Unable to query dispatch info.")
    info = codec_of(RuntimeDispatchInfo).decode(answer)
    return {
        "weight": {"ref_time": info.weight.ref_time, "proof_size": info.weight.proof_size},
        "class": info.class_.name.lower(),
        "partialFee": str(info.partial_fee),
    }


@methods.method("payment_queryFeeDetails")
async def query_fee_details(ctx: Call, extrinsic: HexBytes, at: Hash | None = None) -> object:
    """What a transaction costs, by cause; null for one that costs nothing."""
    answer = _query(ctx, "query_fee_details", extrinsic, at, "Unable to query fee details.")
    fee = codec_of(FeeDetails).decode(answer).inclusion_fee
    return {
        "inclusionFee": fee
        and {
            "baseFee": hex(fee.base_fee),
            "lenFee": hex(fee.len_fee),
            "adjustedWeightFee": hex(fee.adjusted_weight_fee),
        }
    }


def _query(ctx: Call, name: str, extrinsic: bytes, at: bytes | None, refusal: str) -> bytes:
    block = position_at(ctx.node, at)
    data = extrinsic + len(extrinsic).to_bytes(4, "little")
    try:
        return call(ctx.node.runtime, block.state, block.header, f"TransactionPaymentApi_{name}", data)
    except BadInput as error:
        raise RpcError(DECODE_ERROR, refusal, str(error)) from error
    except ApiError as error:
        raise RpcError(RUNTIME_ERROR, refusal, str(error)) from error
