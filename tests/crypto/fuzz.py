"""Coverage-guided fuzzing of every parser, for longer than a test may take:

    python -m tests.crypto.fuzz [SECONDS] [PARSER]

Needs atheris, which is not among the pinned dependencies since it has no wheel for every platform.
A crash prints the parser's name and leaves its input in the current folder, as libFuzzer does.
"""

from __future__ import annotations

import importlib.util
import sys

from crypto.errors import CryptoError
from tests.crypto.parsers import PARSERS


def main() -> int:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    chosen = sys.argv[2:] or list(PARSERS)
    unknown = [name for name in chosen if name not in PARSERS]
    if unknown or not seconds.isdigit():
        print(f"usage: python -m tests.crypto.fuzz [SECONDS] [{'|'.join(PARSERS)}]")
        return 2
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed, so nothing was fuzzed: pip install atheris")
        return 2
    return fuzz(int(seconds), chosen)


def fuzz(seconds: int, chosen: list[str]) -> int:
    atheris = importlib.import_module("atheris")
    atheris.instrument_all()

    def feed(raw: bytes) -> None:
        # The first byte chooses the parser, so that one run covers all of them.
        name = chosen[raw[0] % len(chosen)] if raw else chosen[0]
        try:
            PARSERS[name](raw[1:])
        except CryptoError:
            return
        except BaseException:
            print(f"\nescaped the error tree: {name}", file=sys.stderr)
            raise

    options = [f"-max_total_time={seconds}", "-max_len=4096", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], *options], feed)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
