"""Checking a market day from its bundle alone: no database, no network, the market's own resolver.

`reading` takes the file apart, `documents` verifies what is signed, `load` makes columns of it; each of the
other modules is a part of what is checked, and `checking` calls them in turn. A day that does not verify is
told in `Fault` s; a file that is no bundle raises `BundleFault`.
"""
