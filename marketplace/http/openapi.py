"""The API's description: what Litestar derives from the handlers, and the signed documents added to it.

Litestar cannot know the documents, since handlers take raw bytes: a body that was decoded before it was
verified could lose what its signature covers. Handlers name their documents in ``opt``:

* ``body``: the document that the call takes; ``bodies``: (name, document) of a list in the body;
* ``answer``: the document that the call answers; ``also``: a further status with the same answer;
* ``anonymous``: the answer has one length, and the call is counted nowhere;
* ``raw_body``: the media type of a body that is no JSON;
* ``signed``: the call must be signed, by a vendor or by whom the named scheme says.

The docs page comes from files of the package ``swagger-ui-py``, not from a content delivery network.
"""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Reference,
    RequestBody,
    Schema,
    SecurityScheme,
)
from litestar.plugins import OpenAPISchemaPlugin
from litestar.static_files import create_static_files_router

from marketplace.document_schemas import document_schemas
from marketplace.http.examples import examples
from marketplace.http.problems import MEDIA_TYPE, ProblemDocument
from marketplace.market import Market
from vrm.documents import Document

TITLE = "Personal-request market"
DESCRIPTION = """\
Customers post signed, anonymous requests; vendors read the board and bid; once each market day the resolver
gives every request to the best-reputation vendor nearby, and anyone can see why.

Writes carry a signed document (eddsa-jcs-2022) and need no other credential; only a request spends a posting
token (`postingToken`), and the claim of a stamp shows it again. Members draw tokens by a signed call
(`memberSignature`). Reads marked with
`vendorSignature` are signed by RFC 9421 (Ed25519, tag `vrm-read`). Errors are problem documents (RFC 9457).

What a customer's fresh keys sign is posted anonymously: over a connection of its own, its body filled up with
blanks behind the JSON to 8, 16, 32 or 64 KiB, as the answers are to 2 KiB. Nothing of such a call is logged or
counted.
"""


class SignedDocumentSchema(OpenAPISchemaPlugin):
    """Describes raw JSON in answers as what it is: a signed document."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value is msgspec.Raw

    def to_openapi_schema(self, field_definition: Any, schema_creator: Any) -> Schema:
        return Schema(type=OpenAPIType.OBJECT, description="A signed document.")


class DocsPage(OpenAPIRenderPlugin):
    """Swagger UI from local files, without inline script."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return (
            b'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Market API</title>'
            b'<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/assets/swagger-ui.css">'
            b'<script src="/docs/assets/swagger-ui-bundle.js"></script></head>'
            b'<body><div id="page"></div><script src="/docs/start.js"></script></body></html>'
        )


@get("/docs/start.js", include_in_schema=False, media_type="text/javascript")
async def start_script() -> str:
    """Start Swagger UI on the docs page."""
    return 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#page", deepLinking: true});\n'


@get("/openapi.json", include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The API's description."""
    return request.app.openapi_schema.to_schema()


def docs_handlers() -> list[HTTPRouteHandler | Router]:
    """The handlers that serve the description and the docs page's files."""
    assets = Path(str(files("swagger_ui"))) / "static"
    return [
        start_script,
        openapi_json,
        create_static_files_router("/docs/assets", [assets], include_in_schema=False),
    ]


def openapi_config() -> OpenAPIConfig:
    """What Litestar needs to know."""
    return OpenAPIConfig(
        title=TITLE,
        version="1",
        description=DESCRIPTION,
        path="/docs",
        use_handler_docstrings=True,
        render_plugins=[DocsPage(path="/")],
    )


def describe_documents(app: Litestar, market: Market) -> None:
    """Add the signed documents, their examples, the problems and the signed reads to the description."""
    description = app.openapi_schema
    documents = {document for _, opt in _operations(app) for document in _documents_of(opt)}
    schemas = description.components.schemas = dict(description.components.schemas or {})
    schemas.update(document_schemas(sorted(documents, key=lambda document: document.__name__)))
    schemas["Problem"] = _plain_schema(ProblemDocument)
    description.components.security_schemes = {
        "vendorSignature": SecurityScheme(
            type="http", scheme="signature", description="RFC 9421, Ed25519, tag vrm-read."
        ),
        "memberSignature": SecurityScheme(
            type="http", scheme="signature", description="RFC 9421, Ed25519, tag vrm-member."
        ),
        "postingToken": SecurityScheme(
            type="http", scheme="PrivateToken", description="RFC 9577, token type 0x0005."
        ),
    }
    shown = examples(market)
    for operation, opt in _operations(app):
        if operation.description:  # Litestar would show the handler's name
            operation.summary = operation.description.partition("\n")[0].rstrip(".")
        _describe(operation, opt, shown)


def _describe(operation: Operation, opt: dict[str, Any], shown: dict[str, Any]) -> None:
    responses = operation.responses = dict(operation.responses or {})
    responses.pop("400", None)
    responses["default"] = OpenAPIResponse(
        description="A problem document (RFC 9457).", content={MEDIA_TYPE: _content("Problem")}
    )
    if "body" in opt:
        name = opt["body"].__name__
        operation.request_body = RequestBody(
            required=True, content={"application/json": _content(name, shown.get(name))}
        )
    if "raw_body" in opt:
        binary = OpenAPIMediaType(schema=Schema(content_media_type=opt["raw_body"]))
        operation.request_body = RequestBody(required=True, content={opt["raw_body"]: binary})
    if "bodies" in opt:
        member, document = opt["bodies"]
        operation.request_body = _list_body(member, document, shown)
    if "answer" in opt:
        for response in responses.values():
            if isinstance(response, OpenAPIResponse) and "application/json" in (
                response.content or {}
            ):
                response.content = {"application/json": _content(opt["answer"].__name__)}
    if "also" in opt:
        responses[str(opt["also"])] = OpenAPIResponse(
            description="The document was stored before.",
            content=getattr(responses.get("201"), "content", None),
        )
    if opt.get("cached"):
        responses["304"] = OpenAPIResponse(description="Not modified.")
    if opt.get("signed"):
        scheme = opt["signed"] if isinstance(opt["signed"], str) else "vendorSignature"
        operation.security = [{scheme: []}]


def _list_body(member: str, document: type[Document], shown: dict[str, Any]) -> RequestBody:
    name = document.__name__
    listed = Schema(type=OpenAPIType.ARRAY, items=_reference(name), min_items=1, max_items=1000)
    schema = Schema(type=OpenAPIType.OBJECT, properties={member: listed}, required=[member])
    content = OpenAPIMediaType(schema=schema, example={member: [shown[name]]})
    return RequestBody(required=True, content={"application/json": content})


def _operations(app: Litestar) -> Iterator[tuple[Operation, dict[str, Any]]]:
    paths = app.openapi_schema.paths or {}
    for route in app.routes:
        item = paths.get(getattr(route, "path_format", ""))
        if item is None:
            continue
        for handler in getattr(route, "route_handlers", ()):
            for method in getattr(handler, "http_methods", ()):
                operation = getattr(item, method.lower(), None)
                if operation is not None and handler.resolve_include_in_schema():
                    yield operation, dict(handler.opt)


def _documents_of(opt: dict[str, Any]) -> Iterator[type[Document]]:
    if "body" in opt:
        yield opt["body"]
    if "bodies" in opt:
        yield opt["bodies"][1]
    if "answer" in opt:
        yield opt["answer"]


def _plain_schema(kind: type[msgspec.Struct]) -> Any:
    _, components = msgspec.json.schema_components(
        [kind], ref_template="#/components/schemas/{name}"
    )
    return components[kind.__name__]


def _reference(name: str) -> Reference:
    return Reference(ref=f"#/components/schemas/{name}")


def _content(name: str, example: Any = None) -> OpenAPIMediaType:
    return OpenAPIMediaType(schema=_reference(name), example=example)
