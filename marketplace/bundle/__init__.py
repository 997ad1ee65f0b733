"""A day as one file: all that a run and its cascade decided from and decided, with the log's proofs of it.

`lines` is the format, `repository` and `service` write it, `marketplace.verify` reads it.
"""
