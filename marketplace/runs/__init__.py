"""Runs: the daily close, resolution and publication, and everything that anybody may ask about it.

A run goes through five stages, each one transaction that a restart can repeat: ``due`` (its cutoff has a row),
``frozen`` (its requests, bids and places are fixed), ``resolved`` (who gets what is stored), ``published`` (the
report is signed, and all of it is public), ``announced`` (every assignment is a signed document).
"""
