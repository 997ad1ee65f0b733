"""Published vectors: those that the project carries, and all of them where they lie beside it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crypto import suites

OWN = Path(__file__).parent / "vectors"
SHARED = Path(__file__).parents[3] / "shared" / "vectors"

beside = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"the published vectors are not at {SHARED}"
)


def own(name: str) -> Any:
    return json.loads((OWN / f"{name}.json").read_text())


def shared(path: str) -> Any:
    return json.loads((SHARED / path).read_text())


@pytest.mark.parametrize("case", own("jcs")["cases"], ids=lambda case: case["name"])
def test_canonical_json(case: dict[str, Any]) -> None:
    suites.jcs(case)


def test_eddsa_jcs_2022() -> None:
    suites.eddsa_jcs_2022(own("eddsa-jcs-2022"))


@pytest.mark.parametrize("case", own("did-key")["cases"], ids=lambda case: case["did"])
def test_did_key(case: dict[str, Any]) -> None:
    suites.did_key(case)


@pytest.mark.parametrize(("language", "cases"), own("bip39")["cases"].items())
def test_recovery_phrase(language: str, cases: list[list[str]]) -> None:
    for case in cases:
        suites.bip39(case)


def test_slip_0010() -> None:
    suites.slip_0010(own("slip-0010"))


@pytest.mark.parametrize("mode", own("rfc9497")["modes"], ids=["OPRF", "VOPRF", "POPRF"])
def test_rfc9497(mode: dict[str, Any]) -> None:
    suites.rfc9497(mode)


@pytest.mark.parametrize("case", own("privacy-pass")["single"], ids=lambda case: case["nonce"])
def test_token(case: dict[str, Any]) -> None:
    suites.privacy_pass_single(case)


@pytest.mark.parametrize("case", own("privacy-pass")["batch"], ids=lambda case: case["pkS"])
def test_token_batch(case: dict[str, Any]) -> None:
    suites.privacy_pass_batch(case)


@pytest.mark.parametrize("case", own("merkle-inclusion")["cases"], ids=lambda case: case["name"])
def test_inclusion_proof(case: dict[str, Any]) -> None:
    suites.merkle_inclusion(case)


def test_signed_note() -> None:
    suites.signed_note(own("signed-note"))


@beside
def test_all_canonical_json_beside_the_project() -> None:
    for path in sorted((SHARED / "jcs" / "input").iterdir()):
        output = SHARED / "jcs" / "output" / path.name
        suites.jcs({"name": path.stem, "input": path.read_text(), "output": output.read_text()})


@beside
def test_all_proofs_beside_the_project() -> None:
    figures: dict[str, Any] = {}
    for path in (SHARED / "eddsa-jcs-2022").iterdir():
        text = path.read_text()
        figures[path.stem] = json.loads(text) if path.suffix == ".json" else text
    suites.eddsa_jcs_2022(figures)


@beside
def test_all_keys_beside_the_project() -> None:
    for did, case in shared("did-key/ed25519-x25519.json").items():
        x25519 = case["keyAgreementKeyPair"]["id"].rpartition("#")[2]
        suites.did_key({"did": did, "seed": case.get("seed"), "x25519": x25519})
    for cases in shared("bip39/vectors.json").values():
        for case in cases:
            suites.bip39(case)
    suites.slip_0010(shared("published-figures.json")["slip-0010-ed25519-vector-1"])


@beside
def test_all_tokens_beside_the_project() -> None:
    for mode in shared("rfc9497/ristretto255-SHA512.json"):
        suites.rfc9497(mode)
    for case in shared("privacy-pass/type-0x0005.json")["single"]:
        suites.privacy_pass_single(case)
    for case in shared("privacy-pass/type-0x0005.json")["batch"]:
        suites.privacy_pass_batch(case)


def inclusion_proofs() -> Iterator[Path]:
    return (SHARED / "merkle" / "inclusion").rglob("*.json")


@beside
def test_all_of_the_log_beside_the_project() -> None:
    for path in inclusion_proofs():
        suites.merkle_inclusion(json.loads(path.read_text()))
    figures = shared("published-figures.json")
    suites.signed_note(
        {**figures["c2sp-signed-note"], "checkpoint": figures["c2sp-checkpoint"]["checkpoint"]}
    )
