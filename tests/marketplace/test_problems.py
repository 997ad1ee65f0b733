"""The catalogue of refusals is complete, used and shown."""

import ast
from collections.abc import Iterator
from pathlib import Path

import crypto
import marketplace
import vrm.documents
from marketplace.errors import PROBLEMS
from tests.support import ClockedMarket, problem

RAISERS = {"Refused": 0, "InvalidDocument": 0, "_document": 0}
"""Calls whose argument with this position is a code."""


def trees(*packages: Path) -> Iterator[ast.AST]:
    for package in packages:
        for file in sorted(package.rglob("*.py")):
            yield ast.parse(file.read_text())


MARKET = Path(marketplace.__path__[0])
DOCUMENTS = Path(vrm.documents.__path__[0])
CRYPTO = Path(crypto.__path__[0])


def named(tree: ast.AST) -> Iterator[str]:
    """The codes that a module's refusals name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        if name in RAISERS and len(node.args) > RAISERS[name]:
            yield from texts(node.args[RAISERS[name]])


def texts(node: ast.AST) -> Iterator[str]:
    """The texts that an expression may be: of `"a" if x else "b"`, and of `_known(code, "b")`, too."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def crypto_codes() -> set[str]:
    """The codes of errors that strict parsing and proofs raise."""
    found = set()
    for file in ("ijson.py", "proof.py", "canonical.py"):
        for node in ast.walk(ast.parse((CRYPTO / file).read_text())):
            if isinstance(node, ast.keyword) and node.arg == "code":
                found |= set(texts(node.value))
    return found


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    raised = {code for tree in trees(MARKET, DOCUMENTS) for code in named(tree)}
    assert len(raised) > 40
    assert raised <= PROBLEMS.keys()


def test_every_code_of_strict_parsing_and_proofs_is_in_the_catalogue() -> None:
    internal = {"type"}  # no JSON that was parsed holds another kind of value
    assert crypto_codes() - internal <= PROBLEMS.keys()


def test_every_code_in_the_catalogue_can_be_met() -> None:
    literals = {text for tree in trees(MARKET, DOCUMENTS, CRYPTO) for text in texts(tree)}
    errors = ast.parse((MARKET / "errors.py").read_text())
    used = [
        text
        for tree in trees(MARKET, DOCUMENTS, CRYPTO)
        if ast.dump(tree) != ast.dump(errors)
        for text in texts(tree)
    ]
    assert literals
    assert PROBLEMS.keys() <= set(used)


def test_every_problem_says_what_to_do() -> None:
    for code, kind in PROBLEMS.items():
        assert code == code.lower()
        assert 400 <= kind.status < 600
        assert kind.title
        assert kind.remedy.endswith(".")


async def test_the_catalogue_is_served(market: ClockedMarket) -> None:
    listed = await market.get("/problems")
    assert {one["code"] for one in listed} == set(PROBLEMS)
    assert await market.get("/problems/over-ceiling") in listed
    answer = await market.http.get("/problems/nothing")
    assert problem(answer) == (404, "not-found")
