"""Why a node did not answer, or answered no: each error is one line that says what, where, and what to do."""

from __future__ import annotations


class RemoteError(Exception):
    """A node was asked over RPC, and there is no answer to use."""


class CannotConnect(RemoteError):
    """Nobody answers at the address."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"cannot connect to {url}: {reason}")
        self.url = url
        self.reason = reason


class Disconnected(RemoteError):
    """The connection ended before the answer came."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"the connection to {url} was closed: the node stopped, or found this client too slow"
        )
        self.url = url


class NoAnswer(RemoteError):
    """The node is there, and did not answer in time."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what} was not answered within {seconds:g} s")
        self.what = what
        self.seconds = seconds


class RpcRefusal(RemoteError):
    """The node answered with an error."""

    def __init__(self, method: str, code: int, message: str, data: object = None) -> None:
        self.words = message if data is None else f"{message}: {data}"
        super().__init__(f"{method} was refused ({code}): {self.words}")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class BadAnswer(RemoteError):
    """What came is not what JSON-RPC, or the method, promises."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} was answered with nonsense: {why}")


class FellBehind(RemoteError):
    """More notifications came than were read; some are lost."""

    def __init__(self, method: str, limit: int) -> None:
        super().__init__(f"{method}: more than {limit} notifications were left unread, and some are lost")
        self.method = method


class OtherChain(RemoteError):
    """The node runs another runtime than the one that is to decode its answers."""


class TransactionRefused(RemoteError):
    """The transaction is not in the chain, and will not be."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the transaction was refused: {why}")
        self.why = why


class NotFinal(RemoteError):
    """The transaction is not final yet; it may still become so."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the transaction is not final after {seconds:g} s; it may still become so")
        self.seconds = seconds


class Unknown(RemoteError):
    """The chain has nothing of that name, number or hash."""
