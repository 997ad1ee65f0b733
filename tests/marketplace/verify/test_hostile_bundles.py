"""A file that is no bundle, or one made to harm, is refused in one sentence."""

import gzip
import io
import json
import zlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marketplace.cli import app
from marketplace.verify import reading
from marketplace.verify.findings import BundleFault
from marketplace.verify.reading import batches
from tests.marketplace.verify.days import verified
from tests.marketplace.verify.forging import Forgery

HEADER = b'{"kind":"header","a":1}\n'
REPORT = b'{"kind":"report"}\n'


@pytest.fixture
def database_kind() -> str:
    """What is in the bundle does not depend on it."""
    return "sqlite"


def refused(raw: bytes) -> str:
    """What is said of a file."""
    with pytest.raises(BundleFault) as fault:
        verified(raw)
    told = str(fault.value)
    assert "\n" not in told
    return told


def read(raw: bytes) -> list[str]:
    """The kinds of a stream's lines."""
    return [batch.kind for batch in batches(io.BytesIO(gzip.compress(raw))) for _ in batch.lines]


def test_a_file_that_is_something_else() -> None:
    assert "no bundle" in refused(b"%PDF-1.7 something else")
    assert "cut off" in refused(b"")
    assert "ends after 0 lines" in refused(gzip.compress(b""))


async def test_truncated_gzip(honest: bytes) -> None:
    for length in (len(honest) // 3, len(honest) - 1):
        assert "cut off" in refused(honest[:length])


async def test_damaged_gzip(honest: bytes) -> None:
    wrong = bytearray(honest)
    wrong[-5] ^= 1  # the checksum
    assert "damaged" in refused(bytes(wrong))


async def test_bytes_behind_the_end(honest: bytes) -> None:
    assert "behind the bundle's end" in refused(honest + b"x")
    assert "behind the bundle's end" in refused(honest + gzip.compress(b"{}"))


async def test_a_bundle_that_ends_early(honest: bytes) -> None:
    whole = gzip.decompress(honest)
    before = whole[: whole.index(b'{"kind":"report"')]
    assert "before the run's report" in refused(gzip.compress(before))
    assert "last line is cut off" in refused(gzip.compress(whole[:-1]))


async def test_lines_in_another_order(honest: bytes) -> None:
    lines = gzip.decompress(honest).splitlines(keepends=True)
    bids = [at for at, line in enumerate(lines) if line.startswith(b'{"kind":"bid"')]
    swapped = [*lines]
    swapped[bids[0]], swapped[bids[1]] = swapped[bids[1]], swapped[bids[0]]
    assert "out of order" in refused(gzip.compress(b"".join(swapped)))
    twice = [*lines[: bids[0]], lines[bids[0]], *lines[bids[0] :]]
    assert "there twice" in refused(gzip.compress(b"".join(twice)))
    assert "out of order" in refused(gzip.compress(b"".join([lines[1], lines[0], *lines[2:]])))


@pytest.mark.parametrize(
    "kinds",
    [
        "place header",
        "header header report",
        "header report report",
        "header bid report request",
        "header report displaced",
        "header report unfilled assignment",
        "header report acceptance tick",
        "header report tick assignment displaced",
        "header report proof roll-over",
    ],
)
def test_kinds_out_of_order(kinds: str) -> None:
    raw = b"".join(
        json.dumps({"kind": k}, separators=(",", ":")).encode() + b"\n" for k in kinds.split()
    )
    with pytest.raises(BundleFault, match="out of order"):
        read(raw)


def test_kinds_in_order() -> None:
    kinds = (
        "header place place request report assignment unfilled tick displaced left assignment "
        "tick displaced unfilled acceptance proof proof"
    )
    raw = b"".join(
        json.dumps({"kind": k}, separators=(",", ":")).encode() + b"\n" for k in kinds.split()
    )
    assert read(raw) == kinds.split()


def test_unknown_kind() -> None:
    with pytest.raises(BundleFault, match="unknown kind bribe"):
        read(HEADER + b'{"kind":"bribe"}\n' + REPORT)
    with pytest.raises(BundleFault, match="does not begin with its kind"):
        read(HEADER + b'{"a":1,"kind":"place"}\n' + REPORT)


async def test_unknown_member(honest: bytes) -> None:
    forgery = Forgery(honest)
    forgery.of("place")[0]["bribed"] = True
    assert "place" in refused(forgery.pack())


async def test_figures_beyond_all_bounds(honest: bytes) -> None:
    for kind, name in (
        ("place", "units"),
        ("place", "band"),
        ("bid", "distance_m"),
        ("bid", "leaf"),
    ):
        for value in (-1, 2**62, 2**70):
            forgery = Forgery(honest)
            forgery.of(kind)[0][name] = value
            assert kind in refused(forgery.pack())


async def test_text_that_is_not_utf_8(honest: bytes) -> None:
    whole = gzip.decompress(honest)
    assert b"Innere Stadt" in whole
    broken = whole.replace(
        b'"kind":"place","vendor":"did', b'"kind":"place","vendor":"d\xff\xfed', 1
    )
    assert "place" in refused(gzip.compress(broken))


async def test_a_document_that_is_not_utf_8_or_half_a_surrogate(honest: bytes) -> None:
    whole = gzip.decompress(honest)
    for wrong in (b"\xc3\x28", b"\\ud800"):
        broken = whole.replace(b"Twin stroller", wrong, 1)
        try:
            found = verified(gzip.compress(broken)).day.findings
        except BundleFault:
            continue
        assert found.faults[0].step == "signatures"


def test_a_huge_line() -> None:
    huge = b'{"kind":"place","a":"' + b"x" * (reading.LONGEST * 3) + b'"}\n'
    with pytest.raises(BundleFault, match="longer than"):
        read(HEADER + huge + REPORT)


def test_a_decompression_bomb() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(HEADER)
    lines = (b'{"kind":"evidence","about":"' + b"a" * 2_000 + b'"}\n') * 500
    for _ in range(100):
        bomb += packer.compress(lines)
    bomb += packer.flush()
    assert len(bomb) < 1 << 20
    with pytest.raises(BundleFault, match="times its size"):
        for _ in batches(io.BytesIO(bomb)):
            pass


def test_one_line_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "bundle"
    file.write_bytes(b"nothing of the kind")
    done = CliRunner().invoke(app, ["verify", str(file)], standalone_mode=False)
    assert isinstance(done.exception, BundleFault)
