"""Bids: vendors' firm commitments, one by one or a thousand in one call."""
