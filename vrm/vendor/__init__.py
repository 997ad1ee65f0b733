"""The vendor's bidding program: "I have it" is a look-up in the stock.

`stock` and `rules` read the vendor's two files, `matching` finds what a need asks for, `bidder` decides
(pure: no clock, no network), `ledger` remembers, and `program` follows the board.
"""
