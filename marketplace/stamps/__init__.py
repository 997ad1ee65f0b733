"""Stamps and tiers: what became of tokens is counted for a member, and nobody learns of which.

A pseudonym whose token came to nothing draws a stamp blindly; its owner deposits it in a later epoch under the
member's name. At the beginning of each epoch the counts make every member's tier.
"""
