"""The use cases about issuer keys, and about tokens that are spent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from crypto import token_http
from crypto.errors import TokenError
from crypto.issuer_directory import Directory, ListedKey
from crypto.tokens import IssuerKey as SecretKey
from crypto.tokens import verify
from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.tokens import repository
from marketplace.tokens.rules import (
    MOST_LIVING,
    distinct_key,
    epochs_at,
    issued,
    secret_key,
    statement,
)
from marketplace.tokens.schemas import IssuerKeyView
from vrm.documents import sign
from vrm.documents.membership import TIERS, Tier
from vrm.documents.permits import challenge_of
from vrm.documents.scalars import parse_instant
from vrm.documents.standing import Stamp

REQUEST_PATH = "/token-request"


@dataclass(frozen=True)
class Permit:
    """A token that holds; whether it can be spent still is `check_spendable`'s to say."""

    key_id: str
    not_before: int
    redeems_until: int


async def keys_are_due(market: Market) -> bool:
    """Tell whether `keep_keys` has a key to make."""
    async with market.db.snapshot() as connection:
        return bool(await _missing(market, connection))


async def keep_keys(market: Market) -> int:
    """Make the keys that are missing for this epoch and the next one; answers how many.

    A key is in the log in the same instant in which it is first shown.

    Raises:
        Refused: more keys would be alive than truncated ids can tell apart.
    """
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, ["issuer keys"])
        missing = await _missing(market, connection)
        if missing:
            living = await repository.living(connection, await market.db.now(connection))
            taken = {secret_of(market, row).public.truncated_id for row in living}
            if len(living) + len(missing) > MOST_LIVING:
                raise Refused("internal", "Too many issuer keys are alive.")
            for tier, epoch in missing:
                seed = market.identity.issuer_seed
                key, attempt = distinct_key(seed, tier, epoch, taken)
                taken.add(key.public.truncated_id)
                stated = sign(
                    statement(market.did, market.rules.tokens, tier, epoch, key),
                    market.identity.key,
                )
                await log.record(connection, stated, market.did)
                await repository.add_key(
                    connection,
                    {
                        "key_id": crypto.base64url_encode(key.public.key_id),
                        "tier": tier,
                        "epoch": epoch,
                        "attempt": attempt,
                        "allotment": stated.body.allotment,
                        "not_before": _seconds(stated.body.not_before),
                        "draws_until": _seconds(stated.body.draws_until),
                        "redeems_until": _seconds(stated.body.redeems_until),
                        "digest": stated.digest,
                        "wire": stated.wire,
                        "issued": 0,
                        "redeemed": 0,
                    },
                )
            await log.append_all(market, connection)
    return len(missing)


async def directory(market: Market) -> Directory:
    """The issuer directory of RFC 9578: the keys that are drawn under now, and the next ones."""
    async with market.db.snapshot() as connection:
        now = await market.db.now(connection)
        rows = await repository.living(connection, now)
    listed = [
        ListedKey(secret_of(market, row).public, row.not_before)
        for row in rows
        if row.draws_until > now and row.tier in TIERS
    ]
    return Directory(REQUEST_PATH, tuple(listed))


async def list_keys(market: Market, cursor: str | None, limit: int) -> Page[IssuerKeyView]:
    """List all issuer keys, newest epoch first."""
    after = read_cursor(cursor, tuple[int, str]) or (1 << 53, "")
    async with market.db.snapshot() as connection:
        rows, more = cut(await repository.page(connection, after, limit + 1), limit)
    items = [
        IssuerKeyView(
            key_id=row.key_id,
            issued=row.issued,
            redeemed=row.redeemed,
            document=msgspec.Raw(row.wire),
        )
        for row in rows
    ]
    last = rows[-1] if more else None
    return Page(items=items, next=write_cursor(last.epoch, last.tier) if last else None)


async def verify_token(market: Market, authorization: str | None, pseudonym: str) -> Permit:
    """Check the token of a call that posts under a pseudonym.

    Raises:
        Refused: none, or one that is malformed, of another market, of an unknown key, for another pseudonym, or
            forged.
    """
    try:
        if authorization is None:
            detail = "Spend a posting token: Authorization: PrivateToken (RFC 9577)."
            raise Refused("token-required", detail, headers=await _asked(market))
        token = token_http.parse_authorization(authorization)
        key_id = crypto.base64url_encode(token.key_id)
        row = await _key(market, key_id)
        # A stamp's issuer evaluates whatever it is sent, posting tokens too: only the key tells them apart.
        if row is None or row.tier not in TIERS:
            raise TokenError("The token was issued under no key of this market.")
        if token.nonce != crypto.VerifyKey.from_did(pseudonym).raw:
            raise TokenError("The token certifies another pseudonym.")
        verify(token, challenge=challenge_of(market.did), key=secret_of(market, row))
    except TokenError as error:
        raise Refused("token-invalid", str(error), headers=await _asked(market)) from None
    return Permit(key_id, row.not_before, row.redeems_until)


async def check_spendable(
    market: Market, connection: AsyncConnection, permit: Permit, now: int
) -> None:
    """Refuse a token whose time is over, or has not come."""
    if not permit.not_before <= now < permit.redeems_until:
        detail = "The token's epoch and its days of grace are over, or have not begun."
        raise Refused("token-expired", detail, headers=await asking(market, connection))


async def count(market: Market, connection: AsyncConnection, spent: Mapping[str, int]) -> None:
    """Move the public counts: only ever at a batch instant, so that they tell no time of a draw or a post.

    Args:
        spent: how many tokens of each key the batch spent.
    """
    await repository.count_issued(connection, await market.db.now(connection))
    await repository.count_redeemed(connection, spent)


async def tiers_of(connection: AsyncConnection, key_ids: Iterable[str]) -> dict[str, Tier]:
    """The tiers of posting tokens, by the ids of the keys that they were drawn under."""
    return await repository.tiers_of(connection, key_ids)


async def set_counts(
    market: Market,
    connection: AsyncConnection,
    given: Mapping[str, int],
    deposited: Mapping[str, int],
) -> None:
    """Move the public counts of stamps, by the ids of their keys; at a batch instant likewise."""
    for row in await alive(market, connection):
        if row.tier not in TIERS:
            counts = given.get(row.key_id, 0), deposited.get(row.key_id, 0)
            await repository.set_counts(connection, row.key_id, *counts)


async def dead_keys(
    connection: AsyncConnection, kinds: Sequence[str], instant: int
) -> Sequence[str]:
    """The ids of the keys of some kinds that were of no use any more at an instant."""
    return await repository.dead(connection, kinds, instant)


async def forget_answers(connection: AsyncConnection, member: str) -> None:
    """Forget what a member who leaves was given; that it drew stays until the keys are retired."""
    await repository.forget_answers(connection, member)


async def purge(market: Market) -> None:
    """Forget the draws of epochs whose tokens can be spent no more."""
    async with market.db.unit_of_work() as connection:
        await repository.forget_draws(connection, await market.db.now(connection))


async def running(market: Market, connection: AsyncConnection) -> list[AnyRow]:
    """The keys that are drawn under now."""
    now = await market.db.now(connection)
    return [
        row for row in await alive(market, connection) if row.not_before <= now < row.draws_until
    ]


async def alive(market: Market, connection: AsyncConnection) -> Sequence[AnyRow]:
    """The keys whose tokens can be spent still, or will be."""
    return await repository.living(connection, await market.db.now(connection))


def secret_of(market: Market, row: AnyRow) -> SecretKey:
    """The secret key of a stored one."""
    return secret_key(market.identity.issuer_seed, row.tier, row.epoch, row.attempt)


def _seconds(instant: str) -> int:
    return int(parse_instant(instant).timestamp())


async def _missing(market: Market, connection: AsyncConnection) -> list[tuple[Tier | Stamp, int]]:
    rules = market.rules.tokens
    epochs = epochs_at(rules, await market.db.now(connection))
    known = await repository.known(connection, epochs)
    return [
        (tier, epoch) for epoch in epochs for tier in issued(rules) if (tier, epoch) not in known
    ]


async def _key(market: Market, key_id: str) -> AnyRow | None:
    """Find an issuer key. What was found once is kept, since no key ever changes."""
    if key_id not in market.issuer_keys:
        async with market.db.snapshot() as connection:
            row = await repository.find_key(connection, key_id)
        if row is None:
            return None
        market.issuer_keys[key_id] = row
    found: AnyRow = market.issuer_keys[key_id]
    return found


async def _asked(market: Market) -> dict[str, str]:
    async with market.db.snapshot() as connection:
        return await asking(market, connection)


async def asking(market: Market, connection: AsyncConnection) -> dict[str, str]:
    """The header with which a refusal asks for a token, of the first tier of the epoch that runs."""
    found = {row.tier: row for row in await running(market, connection)}
    first = next((found[tier] for tier in TIERS if tier in found), None)
    if first is None:
        return {"WWW-Authenticate": "PrivateToken"}
    asks = token_http.www_authenticate(challenge_of(market.did), secret_of(market, first).public)
    return {"WWW-Authenticate": asks}
