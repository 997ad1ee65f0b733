"""The HTTP authentication scheme PrivateToken (RFC 9577 section 2).

    WWW-Authenticate: PrivateToken challenge="...", token-key="..."
    Authorization: PrivateToken token="..."

Values are base64url; padding is written, as the RFC has it, and accepted or not alike.
"""

from __future__ import annotations

import re
from typing import Final

from crypto.encoding import base64url_decode, base64url_encode
from crypto.errors import EncodingError, TokenError
from crypto.tokens import Challenge, IssuerPublicKey, Token

_AUTHORIZATION: Final = re.compile(
    r'PrivateToken[ ]+token=(?:"([A-Za-z0-9_-]{216})"|([A-Za-z0-9_-]{216}))[ ]*\Z', re.IGNORECASE
)
_CHALLENGE: Final = re.compile(
    r'PrivateToken[ ]+challenge="?([A-Za-z0-9_-]{1,2048}={0,2})"?[ ]*'
    r',[ ]*token-key="?([A-Za-z0-9_-]{43}=?)"?[ ]*\Z',
    re.IGNORECASE,
)


def authorization(token: Token) -> str:
    """The value of an Authorization header that spends `token`."""
    return f'PrivateToken token="{base64url_encode(token.encode())}"'


def parse_authorization(header: str) -> Token:
    """The token in an Authorization header; raises `TokenError`."""
    match = _AUTHORIZATION.match(header)
    if match is None:
        raise TokenError("The Authorization header carries no PrivateToken.", code="shape")
    return Token.parse(_decode(match[1] or match[2]))


def www_authenticate(challenge: Challenge, key: IssuerPublicKey) -> str:
    """The value of a WWW-Authenticate header that asks for a token."""
    return f'PrivateToken challenge="{_padded(challenge.encode())}", token-key="{_padded(key.element)}"'


def parse_www_authenticate(header: str) -> tuple[Challenge, IssuerPublicKey]:
    """What a WWW-Authenticate header asks for, to compare with what one expects of the market.

    Raises:
        TokenError: the header is no single, well-formed PrivateToken challenge.
    """
    match = _CHALLENGE.match(header)
    if match is None:
        raise TokenError("The WWW-Authenticate header asks for no PrivateToken.", code="shape")
    return Challenge.parse(_decode(match[1])), IssuerPublicKey.parse(_decode(match[2]))


def _decode(text: str) -> bytes:
    try:
        return base64url_decode(text.rstrip("="))
    except EncodingError as error:
        raise TokenError("A token header holds malformed base64url.", code="shape") from error


def _padded(raw: bytes) -> str:
    text = base64url_encode(raw)
    return text + "=" * (-len(text) % 4)
