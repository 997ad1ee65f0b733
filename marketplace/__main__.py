"""``python -m marketplace`` is the command ``market``."""

from marketplace.cli import main

if __name__ == "__main__":  # processes that it starts read this module too
    main()
