"""``python -m marketplace`` is the command ``market``."""

from marketplace.cli import main

main()
