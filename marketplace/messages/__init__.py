"""Messages: the sealed conversation of a customer and the vendor that accepted, in both directions.

A customer's message waits like every anonymous document until a batch instant hands it to the vendor; a
vendor's goes into the customer's mail. The market holds what it cannot read, for a while, and of each message
for good its digest, which is in the log, so that either side can show later what was sent.
"""
