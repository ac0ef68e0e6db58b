"""A page of metrics is fetched and added up; whatever answers otherwise is refused in one line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from node.consensus.stats import AgreementStats
from node.localnet.errors import HOST, NoAnswer
from node.localnet.page import PAGE_BYTES_MAX, fetch
from node.localnet.ports import free_ports
from node.rpc import Registry, RpcConfig, serve
from node.telemetry.metrics import Metrics, agreement_figures

registry: Registry[None] = Registry()


@asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[str]:
    """The URL of a server that answers so, whatever it is asked; None: not at all."""

    async def handle(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(1000)
            if answer is None:
                await trio.sleep_forever()
            else:
                await stream.send_all(answer)

    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, handle, 0, host=HOST))
        yield f"http://{HOST}:{listener.socket.getsockname()[1]}/metrics"
        nursery.cancel_scope.cancel()


async def refusal(answer: bytes | None) -> str:
    async with answering(answer) as url:
        with pytest.raises(NoAnswer) as refused:
            await fetch(url, 0.5)
        return str(refused.value).removeprefix(f"{url} does not answer: ")


async def test_the_figures_of_a_node() -> None:
    stats, metrics = AgreementStats(views=7), Metrics()
    stats.missed.update({"0xab": 2, "0xcd": 3})
    metrics.add(agreement_figures(stats))
    async with trio.open_nursery() as nursery:
        config = RpcConfig(port=0, pages={"/metrics": metrics.page})
        address = await nursery.start(serve, registry, None, config)
        page = await fetch(address.url.replace("ws:", "http:") + "/metrics")
        nursery.cancel_scope.cancel()
    assert page.sum("ballast_views_total") == 7
    assert page.sum("ballast_votes_missed_total") == 5
    assert page.by("ballast_votes_missed_total", "validator") == {"0xab": 2, "0xcd": 3}
    assert page.sum("ballast_no_such_figure") == 0


async def test_what_is_no_page_is_refused() -> None:
    assert await refusal(None) == "nothing came within 0.5 s"
    assert await refusal(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") == "status 404"
    assert "illegal status line" in await refusal(b"garbage\r\n\r\n")
    assert "without sending complete message body" in await refusal(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"
    )
    said = await refusal(b"HTTP/1.1 200 OK\r\n\r\n" + b"#" * (PAGE_BYTES_MAX + 1))
    assert said == f"the page is longer than {PAGE_BYTES_MAX} bytes"
    assert "could not convert string to float" in await refusal(b"HTTP/1.1 200 OK\r\n\r\nname words\n")
    assert "utf-8" in await refusal(b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe")


async def test_nobody_there() -> None:
    (port,) = free_ports(1)
    with pytest.raises(NoAnswer) as refused:
        await fetch(f"http://{HOST}:{port}/metrics")
    assert str(refused.value).endswith(f"all attempts to connect to {HOST}:{port} failed")
