"""Disputes: each side of an accepted assignment speaks once and shows what it likes of their conversation.

The operator decides by a signed Ruling, and can read what a side has shown, and nothing else: what is shown is
held against what the market knows of each message, so that nobody puts words into the other side's mouth.
While a dispute is open, the clock of the assignment's ratings stands still, for a time; a rating by the side
that loses weighs nothing.
"""
