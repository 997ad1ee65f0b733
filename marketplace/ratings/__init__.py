"""Ratings: each side of an assignment may rate the other once, and reads what the other says only then.

The right is born with the assignment and with the customer's Disclosure, whatever the vendor did since: what
was never delivered can be rated too, and a customer who never said where to deliver cannot harm. Until both
sides have rated, or the time for it is over, no list, event, band or refusal tells that one has.
"""
