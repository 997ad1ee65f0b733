"""What a market could keep of every call if it kept everything: all but the caller's address.

It stands for the worst operator, who changes the market's code. When anonymous calls came is kept to the batch
only: who watches them come is beyond what a market can promise, and said so in docs/privacy.md.
"""

from collections.abc import Callable
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


class Tap:
    """Keeps the calls of an application."""

    def __init__(self, app: Any, clock: Callable[[], float]) -> None:
        self._app = app
        self._clock = clock
        self.calls: list[Call] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, answer = bytearray(), bytearray()

        async def received() -> Any:
            message = await receive()
            if message["type"] == "http.request":
                body.extend(message["body"])
            return message

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.body":
                answer.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, received, sent)
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        self.calls.append(
            Call(
                # Ports come round again, but not while the clock stands still.
                connection=f"{scope['client']} {int(self._clock())}",
                at=int(self._clock()),
                method=scope["method"],
                path=scope["path"],
                headers=headers,
                body=bytes(body),
                answer=bytes(answer) if scope["path"] in KEPT_ANSWERS else b"",
            )
        )


KEPT_ANSWERS = frozenset(("/stamps", "/token-request"))
"""Only these say something that nobody else was told."""
