"""Crowds: how many requests of late show the same area, category or facet, for wallets to hide among."""
