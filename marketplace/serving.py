"""The API in this process, until it is told to stop."""

import uvicorn

from marketplace.app import create_app
from marketplace.db import Clock
from marketplace.identity import Identity
from marketplace.settings import Settings


def listen(
    settings: Settings,
    identity: Identity,
    *,
    host: str,
    port: int,
    works: bool,
    clock: Clock | None = None,
) -> None:
    """Serve the API; arguments as of `create_app`."""
    config = uvicorn.Config(
        create_app(settings, identity, works=works, clock=clock),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # an address in a log would be a trace of an anonymous call
        proxy_headers=False,  # nobody here needs to know for whom a proxy speaks
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    uvicorn.Server(config).run()
