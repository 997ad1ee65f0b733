"""Run all benchmarks, each in a process of its own: ``python -m benchmarks [--json] [--bars]``.

Exits 1 if one of them does.
"""

import pkgutil
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run each module of this folder whose name does not start with an underscore."""
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    codes = [
        subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]], check=False
        ).returncode
        for name in sorted(names)
        if not name.startswith("_")
    ]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
