"""What goes wrong between peers, each with its facts: who, where, and what to do."""

from __future__ import annotations


class NetworkError(Exception):
    """Something that is expected to go wrong on a network."""


class BadAddress(NetworkError):
    """A text, or its parts, are no address of a peer."""

    def __init__(self, text: str, reason: str) -> None:
        shown = text if len(text) <= 400 else f"{text[:400]}…"
        super().__init__(f"{shown!r} is no address of a peer: {reason}")
        self.reason = reason


class CannotListen(NetworkError):
    """The port for peers cannot be opened; the message is one line that says why."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen for peers on {host}:{port}: {reason}")
        self.host = host
        self.port = port


class DialFailed(NetworkError):
    """Nobody answers at an address."""

    def __init__(self, address: object, reason: str) -> None:
        super().__init__(f"{address} does not answer: {reason}")
        self.reason = reason


class HandshakeFailed(NetworkError):
    """Who is at the other end did not prove to be a node of this chain."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WrongPeer(HandshakeFailed):
    """Another node answered than the one that was dialled."""

    def __init__(self, dialled: bytes, answered: bytes) -> None:
        super().__init__(f"{answered.hex()} answers where {dialled.hex()} was dialled")
        self.dialled = dialled
        self.answered = answered


class BadFrame(NetworkError):
    """Bytes from a peer that are no frame, or one that it may not send."""


class OversizedFrame(BadFrame):
    """A frame that is longer than its kind, topic or protocol allows; nothing was kept for it."""

    def __init__(self, what: str, size: int, size_max: int) -> None:
        super().__init__(f"{what} has {size} bytes, and may have {size_max}")
        self.size = size
        self.size_max = size_max


class TooLong(NetworkError):
    """This node was to send more bytes than a topic or protocol allows."""

    def __init__(self, what: str, size: int, size_max: int) -> None:
        super().__init__(f"{what} takes at most {size_max} bytes, not {size}")


class TooManyReserved(NetworkError):
    """More peers are to be reserved than a node keeps connections to."""

    def __init__(self, count: int, count_max: int) -> None:
        super().__init__(f"{count} peers are to be reserved; at most {count_max} can be")


class PeerGone(NetworkError):
    """There is no connection to the peer, or no longer."""

    def __init__(self, peer: bytes) -> None:
        super().__init__(f"peer {peer.hex()} is gone")
        self.peer = peer


class RequestFailed(NetworkError):
    """A request that a connected peer did not answer."""

    def __init__(self, peer: bytes, protocol: str, reason: str) -> None:
        super().__init__(f"peer {peer.hex()} was asked for {protocol!r}: {reason}")
        self.peer = peer
        self.protocol = protocol
        self.reason = reason


class PeerBusy(RequestFailed):
    """As many requests as allowed already wait for this peer: ask another one, or later."""


class RequestTimedOut(RequestFailed):
    """No answer came in time."""


class RequestRefused(RequestFailed):
    """The peer says why it does not answer."""


class CannotAnswer(Exception):
    """Raised by what answers a request: the asker is told the reason, and nobody is at fault."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
