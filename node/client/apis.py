"""Runtime APIs asked over RPC by the pallets' own methods: typed questions, decoded answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple

from node.client.chain import ChainClient
from node.client.errors import BadAnswer
from runtime.frame.api import ApiMethod
from runtime.runtime import Runtime
from runtime.scale import DecodeError

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


async def ask(
    chain: ChainClient, at: bytes, question: Callable[[*Arguments], T], *arguments: *Arguments
) -> T:
    """What `question`, a `@runtime_api` of a pallet of the client's runtime, answers over the state of a
    block. The node computes it. Raises `RemoteError`.
    """
    method = method_of(chain.runtime, question)
    data = await chain.ask(method.full_name, method.arguments.encode(arguments), at)
    try:
        answer: T = method.output.decode(data)
    except DecodeError as error:
        raise BadAnswer(method.full_name, str(error)) from None
    return answer


def method_of(runtime: Runtime, question: Callable[..., Any]) -> ApiMethod:
    """The declaration of a pallet's method as a runtime API."""
    (found,) = [method for api in runtime.apis for method in api.methods if method.run == question]
    return found
