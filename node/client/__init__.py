"""The client half of RPC: `connect` speaks to a node, and `ChainClient` understands what it says."""

from node.client.chain import ChainClient, Included, ViewTooLarge
from node.client.errors import (
    BadAnswer,
    CannotConnect,
    Disconnected,
    FellBehind,
    NoAnswer,
    NotFinal,
    OtherChain,
    RemoteError,
    RpcRefusal,
    TransactionRefused,
    Unknown,
)
from node.client.rpc import Client, Subscription, connect

__all__ = [
    "BadAnswer",
    "CannotConnect",
    "ChainClient",
    "Client",
    "Disconnected",
    "FellBehind",
    "Included",
    "NoAnswer",
    "NotFinal",
    "OtherChain",
    "RemoteError",
    "RpcRefusal",
    "Subscription",
    "TransactionRefused",
    "Unknown",
    "ViewTooLarge",
    "connect",
]
