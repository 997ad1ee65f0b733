"""The profile with other people's software: an independent JavaScript Data Integrity suite."""

import json
from pathlib import Path

import pytest

from crypto import SigningKey
from tests.crypto import node
from vrm.documents import Facets, Profile, read, sign

pytestmark = pytest.mark.xdist_group("node")

SCRIPT = Path(__file__).parents[2] / "crypto" / "interop" / "interop.mjs"
KEY = SigningKey.from_seed(b"\x05" * 32)
PROFILE = Profile(
    issuer=KEY.did,
    valid_from="2026-11-21T12:00:00Z",
    credential_subject=Facets(
        id=KEY.did, name="Žofie 🚲", languages=("cs", "en"), sizes={"shoe": "38"}
    ),
)


def test_a_profile_signed_here_verifies_there() -> None:
    node.install(SCRIPT.parent)
    document = json.loads(sign(PROFILE, KEY).wire)
    code, answer = node.run(SCRIPT, {"command": "verify", "document": document})
    assert (code, json.loads(answer)) == (0, {"verified": True, "error": ""})


def test_a_profile_signed_there_is_read_here() -> None:
    node.install(SCRIPT.parent)
    unsigned = {k: v for k, v in json.loads(sign(PROFILE, KEY).wire).items() if k != "proof"}
    question = {
        "command": "sign",
        "document": unsigned,
        "seed": KEY.seed.hex(),
        "created": "2026-11-21T12:00:00Z",
    }
    code, answer = node.run(SCRIPT, question)
    assert code == 0
    signed = read(json.dumps(json.loads(answer)["document"]).encode(), Profile)
    assert signed.body == PROFILE
