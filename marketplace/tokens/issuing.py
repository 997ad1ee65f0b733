"""The use case of a member that draws posting tokens."""

import hashlib

import crypto
from crypto.errors import TokenError
from crypto.http_signatures import VerifiedRequest
from crypto.issuance import issue_batch, live_keys
from crypto.ristretto import ELEMENT_SIZE
from crypto.wire import Reader
from marketplace.db import take_turns
from marketplace.errors import Refused
from marketplace.market import Market
from marketplace.members import service as members
from marketplace.stamps import standing
from marketplace.tokens import repository
from marketplace.tokens.service import alive, secret_of


async def draw(market: Market, signed: VerifiedRequest, request: bytes) -> bytes:
    """Issue a member's whole allotment of an epoch, once; the same request again gets the same answer.

    The answer to a repeated request is the stored one, byte for byte, as long as its tokens can be spent, so
    that a lost device loses no token.

    Raises:
        Refused: no member, a replayed signature, a malformed request, a key that is not of the member's tier or
            not drawn under now, another number of tokens than the allotment, or another draw than the first.
    """
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [signed.did])
        member = await members.signing(market, connection, signed)
        rows = {secret_of(market, row): row for row in await alive(market, connection)}
        keys = live_keys(rows)
        try:
            truncated_id, wanted = _read(request)
            if truncated_id not in keys:
                raise TokenError("The market has no such issuer key.")
            row = rows[keys[truncated_id]]
            drawn = await repository.find_draw(connection, member.did, row.key_id)
            named = crypto.base64url_encode(hashlib.sha256(request).digest())
            if drawn is not None:
                if drawn.request_digest == named and drawn.response:
                    return bytes(drawn.response)
                raise Refused("already-drawn", "You have drawn the tokens of this epoch.")
            now = await market.db.now(connection)
            if row.tier != member.tier or not row.not_before <= now < row.draws_until:
                raise TokenError("Draw under the key of your tier and of this epoch.")
            if wanted != row.allotment:
                raise TokenError(f"Draw the whole allotment at once: {row.allotment} tokens.")
            if not await standing.note_draw(connection, member.did, row.epoch, row.allotment):
                raise Refused("already-drawn", "You have drawn the tokens of this epoch.")
            response = issue_batch(request, keys, max_batch=row.allotment)
        except TokenError as error:
            raise Refused("token-request-invalid", str(error)) from None
        await repository.add_draw(
            connection,
            {
                "member": member.did,
                "key_id": row.key_id,
                "request_digest": named,
                "response": response,
            },
        )
    return response


def _read(request: bytes) -> tuple[int, int]:
    """The truncated id that a batch request names, and how many tokens it asks for."""
    reader = Reader(request)
    reader.take(2)
    truncated_id = reader.take(1)[0]
    blinded = reader.vector()
    reader.end()
    return truncated_id, len(blinded) // ELEMENT_SIZE
