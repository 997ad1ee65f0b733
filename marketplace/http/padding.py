"""Answers to anonymous calls have one length, whatever they say; see `vrm.documents.padding`.

It stands outermost, since refusals are made by exception handlers. A handler whose ``opt`` says ``anonymous``
is answered so.
"""

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from vrm.documents.padding import ANSWERS, padded


def with_padded_answers(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that its answers to anonymous calls are padded."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        started: list[Message] = []
        body = bytearray()

        async def send_padded(message: Message) -> None:
            handler = scope.get("route_handler")
            if handler is None or not handler.opt.get("anonymous"):
                await send(message)
            elif message["type"] == "http.response.start":
                started.append(message)
            elif message["type"] == "http.response.body":
                body.extend(message["body"])
                if not message["more_body"]:
                    content = padded(bytes(body), ANSWERS)
                    headers = MutableScopeHeaders.from_message(started[0])
                    headers["Content-Length"] = str(len(content))
                    await send(started[0])
                    await send({**message, "body": content})

        await app(scope, receive, send_padded if scope["type"] == ScopeType.HTTP else send)

    return wrapped
