"""The transparency log: what the market has taken, in an order that it can only add to.

Whoever stores a document that the log keeps calls `service.put` in the same transaction; the digest then
waits. A job appends what waits, sorted by digest, together with the tiles and the checkpoint, in one
transaction: there is never a checkpoint without its tiles, nor a tile that a second writer has made otherwise.
A leaf's entry is the 32 bytes of a document's digest, nothing else; documents that could be guessed carry a
salt.
"""
