"""The JSON Schema of a bundle's lines: ``python -m marketplace.bundle.schema > docs/bundle.schema.json``."""

import json
import sys
from typing import Any

import msgspec

from marketplace.bundle.lines import AnyLine
from marketplace.document_schemas import document_schemas
from vrm.documents import (
    Acceptance,
    Assignment,
    Bid,
    Capacity,
    CatalogueItem,
    Decline,
    Document,
    Fallback,
    MarketDescriptor,
    Moderation,
    PersonalRequest,
    Preference,
    Rating,
    Reveal,
    Ruling,
    RunReport,
    Shipment,
    Suspension,
    TickReport,
    VendorCancellation,
    VendorProfile,
)

REFER = "#/$defs/{name}"
DOCUMENTS: tuple[type[Document], ...] = (
    Acceptance,
    Assignment,
    Bid,
    Capacity,
    CatalogueItem,
    Decline,
    Fallback,
    MarketDescriptor,
    Moderation,
    PersonalRequest,
    Preference,
    Rating,
    Reveal,
    Ruling,
    RunReport,
    Shipment,
    Suspension,
    TickReport,
    VendorCancellation,
    VendorProfile,
)


def schema() -> dict[str, Any]:
    """The schema of one line."""
    (line,), lines = msgspec.json.schema_components([AnyLine], ref_template=REFER)
    defined = document_schemas(DOCUMENTS, REFER) | lines
    for one in defined.values():
        if "description" in one:  # as its class says it, without the indentation
            one["description"] = " ".join(one["description"].split())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a market day's bundle",
        **line,
        "$defs": dict(sorted(defined.items())),
    }


def text() -> str:
    """The schema as the file in docs/ has it."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
