"""The node's JSON-RPC port: methods are declared on a `Registry`; `serve` opens it to the world."""

from node.rpc.errors import CannotListen, ClientError, InvalidParams, PortTaken, RpcError
from node.rpc.jsonrpc import Context, Dispatcher, Registry
from node.rpc.limits import Limits
from node.rpc.params import U32, U64, BlockNumber, Hash, HexBytes, Param, Unfit
from node.rpc.server import Address, RpcConfig, serve
from node.rpc.subscriptions import Session, Sink

__all__ = [
    "Address",
    "BlockNumber",
    "CannotListen",
    "ClientError",
    "Context",
    "Dispatcher",
    "Hash",
    "HexBytes",
    "InvalidParams",
    "Limits",
    "Param",
    "PortTaken",
    "Registry",
    "RpcConfig",
    "RpcError",
    "Session",
    "Sink",
    "U32",
    "U64",
    "Unfit",
    "serve",
]
