"""What a market could keep of every call if it kept everything: all but the caller's address.

It stands for the worst operator, who changes the market's code. When anonymous calls came is kept to the batch
only: who watches them come is beyond what a market can promise, and said so in docs/privacy.md.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call and what it carried."""

    connection: str
    """Tells connections apart, nothing else."""
    at: int
    """The market's time."""
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    answer: bytes
    length: int = 0
    """Bytes of the answer."""


class Tap:
    """Keeps the calls of an application, and fails those that the operator wants to fail.

    Args:
        fails: told path and body of a call, says whether it gets no usable answer.
    """

    def __init__(
        self,
        app: Any,
        clock: Callable[[], float],
        fails: Callable[[str, bytes], bool] = lambda _path, _body: False,
    ) -> None:
        self._app = app
        self._clock = clock
        self._fails = fails
        self.calls: list[Call] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _whole(receive) if scope["method"] == "POST" else b""
        answer = bytearray()

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.body":
                answer.extend(message.get("body", b""))
            await send(message)

        if self._fails(scope["path"], body):
            await sent({"type": "http.response.start", "status": 500, "headers": []})
            await sent({"type": "http.response.body", "body": b""})
        else:
            await self._app(scope, _again(body, receive), sent)
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        self.calls.append(
            Call(
                # Ports come round again, but not while the clock stands still.
                connection=f"{scope['client']} {int(self._clock())}",
                at=int(self._clock()),
                method=scope["method"],
                path=scope["path"],
                headers=headers,
                body=body,
                answer=bytes(answer) if scope["path"] in KEPT_ANSWERS else b"",
                length=len(answer),
            )
        )


KEPT_ANSWERS = frozenset(("/stamps", "/token-request"))
"""Only these say something that nobody else was told."""


async def _whole(receive: Callable[[], Awaitable[Any]]) -> bytes:
    """The whole body of a call."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """Receives a body that was read before, and then what comes."""
    first = [{"type": "http.request", "body": body, "more_body": False}] if body else []

    async def received() -> Any:
        return first.pop() if first else await receive()

    return received
