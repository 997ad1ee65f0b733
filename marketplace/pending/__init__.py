"""Pending: where anonymous documents of every kind wait, under their digests, for the next batch instant.

Whoever posts one gets a promise at once. Nothing here stores, logs or counts when or from where it came.
"""
