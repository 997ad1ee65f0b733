"""JSON Schemas of signed documents, for every description that refers to them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from vrm.documents import Document

PROOF = {
    "title": "Proof",
    "description": "W3C Data Integrity, cryptosuite eddsa-jcs-2022. A pseudonym's proof has no created.",
    "type": "object",
    "properties": {
        "type": {"const": "DataIntegrityProof"},
        "cryptosuite": {"const": "eddsa-jcs-2022"},
        "verificationMethod": {"type": "string", "pattern": "^did:key:z6Mk"},
        "proofPurpose": {"const": "assertionMethod"},
        "proofValue": {"type": "string", "pattern": "^z[1-9A-HJ-NP-Za-km-z]+$"},
        "created": {"type": "string", "format": "date-time"},
    },
    "required": ["type", "cryptosuite", "verificationMethod", "proofPurpose", "proofValue"],
    "additionalProperties": False,
}


def document_schemas(
    documents: Sequence[type[Document]], refer: str = "#/components/schemas/{name}"
) -> dict[str, Any]:
    """The schemas of signed documents and of all that they are made of, by name.

    Args:
        refer: how one schema refers to another.
    """
    _, components = msgspec.json.schema_components(documents, ref_template=refer)
    for document in documents:
        schema = components[document.__name__]
        schema["properties"]["proof"] = {"$ref": refer.format(name="Proof")}
        schema["required"] = [*schema["required"], "type", "v", "proof"]
    components["Proof"] = PROOF
    return components
