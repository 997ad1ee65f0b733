"""The same token flow over a group in plain Python integers: what libsodium is measured against.

ristretto255 by RFC 9496 on extended Edwards coordinates, with Python's own big integers; VOPRF by
RFC 9497. It is not constant-time, and belongs nowhere but in a benchmark.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"

Point: TypeAlias = tuple[int, int, int, int]


def magnitude(value: int) -> int:
    value %= P
    return P - value if value & 1 else value


def sqrt_ratio(u: int, v: int) -> tuple[bool, int]:
    root = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    check, u = v * root * root % P, u % P
    square, flipped, flipped_i = check == u, check == P - u, check == (P - u) * SQRT_M1 % P
    if flipped or flipped_i:
        root = root * SQRT_M1 % P
    return square or flipped, magnitude(root)


SQRT_AD_MINUS_ONE = P - sqrt_ratio(-D - 1, 1)[1]
INVSQRT_A_MINUS_D = sqrt_ratio(1, -1 - D)[1]


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(by: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while by:
        if by & 1:
            total = add(total, point)
        point, by = add(point, point), by >> 1
    return total


def decode(raw: bytes) -> Point:
    s = int.from_bytes(raw, "little")
    u1, u2 = 1 - s * s, 1 + s * s
    v = -D * u1 * u1 - u2 * u2
    square, inverse = sqrt_ratio(1, v * u2 * u2 % P)
    x = magnitude(2 * s * inverse * u2)
    y = u1 * inverse * inverse * u2 * v % P
    if s >= P or s & 1 or not square or not y or x * y % P & 1:
        raise ValueError("not a ristretto255 element")
    return x, y, 1, x * y % P


def encode(point: Point) -> bytes:
    x, y, z, t = point
    u1, u2 = (z + y) * (z - y) % P, x * y % P
    inverse = sqrt_ratio(1, u1 * u2 * u2 % P)[1]
    den1, den2 = inverse * u1 % P, inverse * u2 % P
    z_inverse = den1 * den2 * t % P
    if t * z_inverse % P & 1:
        x, y, den2 = y * SQRT_M1 % P, x * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    if x * z_inverse % P & 1:
        y = -y
    return magnitude(den2 * (z - y)).to_bytes(32, "little")


def from_uniform(raw: bytes) -> Point:
    return add(elligator(raw[:32]), elligator(raw[32:]))


def elligator(raw: bytes) -> Point:
    t = int.from_bytes(raw, "little") % 2**255
    r = SQRT_M1 * t * t % P
    u, v = (r + 1) * (1 - D * D) % P, (-1 - r * D) * (r + D) % P
    square, s = sqrt_ratio(u, v)
    c = -1
    if not square:
        s, c = -magnitude(s * t), r
    n = c * (r - 1) * (D - 1) ** 2 - v
    w0, w1, w2, w3 = 2 * s * v, n * SQRT_AD_MINUS_ONE, 1 - s * s, 1 + s * s
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


BASE = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))


def framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def expand(message: bytes, tag: bytes) -> bytes:
    suffix = tag + CONTEXT + bytes([len(tag + CONTEXT)])
    first = hashlib.sha512(bytes(128) + message + b"\0\x40\0" + suffix).digest()
    return hashlib.sha512(first + b"\1" + suffix).digest()


def to_scalar(message: bytes) -> int:
    return int.from_bytes(expand(message, b"HashToScalar-"), "little") % ORDER


def to_group(message: bytes) -> Point:
    return from_uniform(expand(message, b"HashToGroup-"))


def output(message: bytes, point: Point) -> bytes:
    return hashlib.sha512(framed(message, encode(point)) + b"Finalize").digest()


def combine(public: bytes, before: list[bytes], after: list[bytes], items: list[Point]) -> Point:
    seed = hashlib.sha512(framed(public, b"Seed-" + CONTEXT)).digest()
    total: Point = (0, 1, 1, 0)
    for at, (one, two) in enumerate(zip(before, after, strict=True)):
        transcript = framed(seed) + at.to_bytes(2, "big") + framed(one, two) + b"Composite"
        total = add(total, multiply(to_scalar(transcript), items[at]))
    return total


def challenge(public: bytes, *points: Point) -> int:
    return to_scalar(framed(public, *map(encode, points)) + b"Challenge")


def draw_and_redeem(key: int, messages: list[bytes], blinds: list[int], nonce: int) -> list[bytes]:
    """Blind, evaluate with one proof, check, unblind, and evaluate again to redeem."""
    public_point = multiply(key, BASE)
    public = encode(public_point)
    blinded = [encode(multiply(by, to_group(m))) for m, by in zip(messages, blinds, strict=True)]

    points = [decode(raw) for raw in blinded]
    evaluated = [encode(multiply(key, point)) for point in points]
    composite = combine(public, blinded, evaluated, points)
    image = multiply(key, composite)
    c = challenge(public, composite, image, multiply(nonce, BASE), multiply(nonce, composite))
    s = (nonce - c * key) % ORDER

    answers = [decode(raw) for raw in evaluated]
    composite = combine(public, blinded, evaluated, [decode(raw) for raw in blinded])
    image = combine(public, blinded, evaluated, answers)
    first = add(multiply(s, BASE), multiply(c, public_point))
    second = add(multiply(s, composite), multiply(c, image))
    if challenge(public, composite, image, first, second) != c:
        raise ValueError("the proof does not hold")
    outputs = [
        output(m, multiply(pow(by, -1, ORDER), answer))
        for m, by, answer in zip(messages, blinds, answers, strict=True)
    ]
    if outputs != [output(m, multiply(key, to_group(m))) for m in messages]:
        raise ValueError("a token does not redeem")
    return outputs
