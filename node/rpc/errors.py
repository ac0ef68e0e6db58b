"""The errors a JSON-RPC caller can be given, with the codes that Substrate's clients know."""

from __future__ import annotations

from typing import Final

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603

TIMED_OUT: Final = -32000
"""The handler passed its deadline."""
NO_SUBSCRIPTIONS: Final = -32004
"""The call needs a WebSocket connection; this is plain HTTP."""
TOO_MANY_SUBSCRIPTIONS: Final = -32006
RESPONSE_TOO_BIG: Final = -32008
BATCH_TOO_BIG: Final = -32010

CLIENT_ERROR: Final = 4003
"""What `state_*` and `chain_*` answer when the chain refuses, such as `State already discarded for 0x…`."""


class RpcError(Exception):
    """A refusal that the caller is told: a code, one sentence, and data when there is more to say."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(code, message, data)
        self.code = code
        self.message = message
        self.data = data

    def __str__(self) -> str:
        """One line for the log."""
        return f"{self.code}: {self.message}" + ("" if self.data is None else f" ({self.data})")

    def to_json(self) -> dict[str, object]:
        """The `error` member of a response."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return error


class ParseError(RpcError):
    """The text is not JSON, or more than this server reads."""

    def __init__(self, reason: str) -> None:
        super().__init__(PARSE_ERROR, f"Parse error: {reason}")


class InvalidRequest(RpcError):
    """JSON, but no JSON-RPC 2.0 request."""

    def __init__(self, reason: str) -> None:
        super().__init__(INVALID_REQUEST, f"Invalid request: {reason}")


class MethodNotFound(RpcError):
    """No method has this name. Clients test for this very message."""

    def __init__(self) -> None:
        super().__init__(METHOD_NOT_FOUND, "Method not found")


class UnsafeRefused(RpcError):
    """The method may change or expose the node, and the caller is not on this machine."""

    def __init__(self) -> None:
        super().__init__(METHOD_NOT_FOUND, "RPC call is unsafe to be called externally")


class InvalidParams(RpcError):
    """A parameter is missing, too many, or of the wrong kind."""

    def __init__(self, reason: str, data: object = None) -> None:
        super().__init__(INVALID_PARAMS, f"Invalid params: {reason}", data)


class ClientError(RpcError):
    """The chain cannot answer: an unknown block, a discarded state, an execution that failed."""

    def __init__(self, reason: str) -> None:
        super().__init__(CLIENT_ERROR, f"Client error: {reason}")


class InternalError(RpcError):
    """A bug. The log holds the traceback; the caller learns no more than this."""

    def __init__(self) -> None:
        super().__init__(INTERNAL_ERROR, "Internal error")


class CannotListen(Exception):
    """The server cannot open its port; the message is one line that says why and what to do."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {reason}")
        self.host = host
        self.port = port


class PortTaken(CannotListen):
    """Another process listens on this port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, "the port is taken; choose another with --rpc-port")
