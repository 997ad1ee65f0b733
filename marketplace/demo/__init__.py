"""`market demo`: market days on one machine, played by programs that share nothing but HTTP."""

from marketplace.demo.play import play

__all__ = ["play"]
