"""Receivers of webhooks on a loopback port: good ones, and those that want to harm whoever calls them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Answering = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]

TAKEN = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


def status(code: int, *headers: str) -> bytes:
    """A whole answer with nothing in it."""
    lines = [f"HTTP/1.1 {code} Of Some Kind", *headers, "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode()


@dataclass
class Call:
    """What a receiver was sent."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers calls in turn, the last answer again and again."""

    answers: Sequence[bytes | Answering] = (TAKEN,)
    calls: list[Call] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    async def resolve(self, _host: str, _port: int) -> Sequence[str]:
        """Resolve every name to this machine."""
        return ["127.0.0.1"]

    @property
    def url(self) -> str:
        return f"http://shop.test:{self.port}/events"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one call and answer it."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            exact = {name: self._exact(head, name) for name in headers}
            self.calls.append(Call(head[0], exact, body))
            self.called.set()
            answer = self.answers[min(len(self.calls), len(self.answers)) - 1]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                # A caller that gave up ends it: what still ran when the loop closes would be complained of.
                both = [asyncio.create_task(one) for one in (answer(writer), _end_of(reader))]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                for one in both:
                    one.cancel()
                await asyncio.gather(*both, return_exceptions=True)
        writer.close()

    @staticmethod
    def _exact(head: Sequence[str], name: str) -> str:
        (line,) = [line for line in head if line.lower().startswith(f"{name}: ")]
        return line.partition(": ")[2]


@asynccontextmanager
async def listening(
    receiver: Receiver, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """Let a receiver listen for the length of a block."""
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


async def _end_of(reader: asyncio.StreamReader) -> None:
    """Wait until the other side has no more to say."""
    await reader.read()


async def never(writer: asyncio.StreamWriter) -> None:
    """Keep the caller waiting."""
    await asyncio.sleep(60)


async def drop_by_drop(writer: asyncio.StreamWriter) -> None:
    """Answer a little at a time, each just before anybody who waits for a byte would give up."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless_headers(writer: asyncio.StreamWriter) -> None:
    """Answer more headers than anybody could keep."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"z" * 65_536 + b"\r\n")
        await writer.drain()


async def endless_body(writer: asyncio.StreamWriter) -> None:
    """Take the event and answer more than any disk holds."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    while True:
        writer.write(b"z" * 65_536)
        await writer.drain()
