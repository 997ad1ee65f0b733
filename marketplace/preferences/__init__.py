"""Preferences: a request's owner orders the bids on it, anonymously, until the cutoff.

A posted Preference waits like every anonymous document. A batch instant, or the close itself, moves the newest
one of each request to where the freeze finds it. No list shows any of them before the run is published.
"""
