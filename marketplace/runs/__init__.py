"""Runs: the daily close, resolution and publication, and everything that anybody may ask about it.

A run goes through three stages, each one transaction that a restart can repeat: ``due`` (the cutoff has its
row), ``frozen`` (its requests and places are fixed), ``published`` (assignments and report are signed).
"""
