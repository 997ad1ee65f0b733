"""Typed clients of a market's HTTP API, one class per side."""
