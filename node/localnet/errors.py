"""What can go wrong with a local network, each in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
"""Local networks are seen by this machine alone."""


class LocalnetError(Exception):
    """The network is not as it was asked for."""


class PortTaken(LocalnetError):
    """Somebody listens on a port that a node needs."""

    def __init__(self, port: int, option: str) -> None:
        super().__init__(f"cannot listen on {HOST}:{port}: the port is taken; choose others with {option}")
        self.port = port


class PortsRunOut(LocalnetError):
    """There are not so many ports from the first one on."""

    def __init__(self, first: int, count: int, option: str) -> None:
        super().__init__(f"{option} {first} leaves no {count} ports: choose a lower one, or 0 for any")


class NoFreePorts(LocalnetError):
    """All ports that were tried are taken."""

    def __init__(self, count: int, low: int, high: int) -> None:
        super().__init__(f"this machine has no {count} free ports between {low} and {high}")


class OtherNetwork(LocalnetError):
    """The folder holds a network with other validators."""

    def __init__(self, folder: Path, there: int, asked: int) -> None:
        super().__init__(
            f"{folder} holds a network of {there} validators, and not of {asked}: "
            f"say --validators {there}, or give another --base-path"
        )


class NetworkRuns(LocalnetError):
    """Another process keeps the network of the folder."""

    def __init__(self, folder: Path, holder: int | None) -> None:
        who = "another process" if holder is None else f"process {holder}"
        super().__init__(f"the network in {folder} is kept by {who}: stop that one first")


class NoNetwork(LocalnetError):
    """The folder says nothing of a network."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"there is no network in {folder}: `ballast net up --base-path {folder}` begins one there"
        )


class BadRecord(LocalnetError):
    """What a network wrote about itself cannot be read."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be read: {why}; `ballast net up` writes it anew")


class FolderUnfit(LocalnetError):
    """The network's files cannot be written."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the network cannot be kept in {path}: {why}")


class NodeEnded(LocalnetError):
    """A node's process is over, and should not be."""

    def __init__(self, name: str, status: int, said: str) -> None:
        how = f"ended with status {status}" if status >= 0 else f"was killed by signal {-status}"
        super().__init__(f"{name} {how}; the last it said: {said or 'nothing'}")
        self.name = name
        self.status = status


class NotReady(LocalnetError):
    """A node does not say that it answers."""

    def __init__(self, name: str, seconds: float, log: Path) -> None:
        super().__init__(f"{name} was not ready within {seconds:g} s: see {log}")
        self.name = name


class NoAnswer(LocalnetError):
    """A node does not answer, or with nonsense."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{url} does not answer: {why}")
        self.why = why
