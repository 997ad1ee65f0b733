import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import CryptoError
from tests.crypto.parsers import PARSERS

# Pieces of every format, so that chance gets past the first check now and then.
PIECES = [
    b'{"type":"KeyRotation","v":1}',
    b'"proof":{"type":"DataIntegrityProof","proofValue":"z11"}',
    b"did:key:z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX",
    b'{"issuer-request-uri":"/x","token-keys":[{"token-type":5,"token-key":""}]}',
    b'PrivateToken challenge="AAUAAW0AAAFt", token-key="',
    b'sig1=("@method" "@path");created=1;keyid="k";nonce="n";tag="vrm"',
    "\n\n— log AAAAAAA=\n".encode(),
    b"\x00\x05",
    b"\x40\x20",
    b"\xff" * 32,
    bytes(32),
]

inputs = (
    st.binary(max_size=300)
    | st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=8).map(b"".join)
    | st.text(max_size=100).map(str.encode)
)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60)
@given(inputs)
def test_nothing_but_the_packages_own_errors(name: str, raw: bytes) -> None:
    with contextlib.suppress(CryptoError):
        PARSERS[name](raw)
