"""A node's page of metrics, fetched over HTTP and read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import h11
import trio
from prometheus_client.parser import text_string_to_metric_families

from node.localnet.errors import NoAnswer

FETCH_SECONDS_MAX: Final = 5.0
PAGE_BYTES_MAX: Final = 4 << 20
RECEIVE_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure."""

    name: str
    labels: dict[str, str]
    value: float


class Page:
    """All figures of one node, at one moment."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._samples = tuple(samples)

    def sum(self, name: str) -> float:
        """A figure, added up over its labels; 0 when it is not told."""
        return sum(each.value for each in self._samples if each.name == name)

    def by(self, name: str, label: str) -> dict[str, float]:
        """A figure by one of its labels."""
        return {each.labels.get(label, ""): each.value for each in self._samples if each.name == name}


async def fetch(url: str, seconds: float = FETCH_SECONDS_MAX) -> Page:
    """The figures at a URL such as `http://127.0.0.1:9944/metrics`. Raises NoAnswer."""
    try:
        with trio.fail_after(seconds):
            text = (await _get(url)).decode()
        return Page(
            Sample(sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        )
    except trio.TooSlowError:
        raise NoAnswer(url, f"nothing came within {seconds:g} s") from None
    except OSError as error:
        raise NoAnswer(url, error.strerror or str(error)) from None
    except (h11.ProtocolError, trio.BrokenResourceError, ValueError) as error:
        raise NoAnswer(url, str(error) or type(error).__name__) from None


async def _get(url: str) -> bytes:
    """The body of what a GET is answered with. Raises OSError, ValueError, and what h11 raises."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    connection = h11.Connection(h11.CLIENT)
    headers = [("Host", f"{host}:{port}"), ("Connection", "close")]
    request = h11.Request(method="GET", target=parts.path or "/", headers=headers)
    body = bytearray()
    async with await trio.open_tcp_stream(host, port) as stream:
        await stream.send_all(
            (connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b"")
        )
        while True:
            match connection.next_event():
                case h11.NEED_DATA:
                    connection.receive_data(await stream.receive_some(RECEIVE_BYTES))
                case h11.Response(status_code=status) if status != 200:
                    raise ValueError(f"status {status}")
                case h11.Data(data=data):
                    body += data
                    if len(body) > PAGE_BYTES_MAX:
                        raise ValueError(f"the page is longer than {PAGE_BYTES_MAX} bytes")
                case h11.EndOfMessage() | h11.ConnectionClosed():
                    return bytes(body)
                case _:
                    pass
