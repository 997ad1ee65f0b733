"""Fulfilment: what customer and vendor do once the vendor has accepted.

A Disclosure waits like every anonymous document. A batch instant hands it over to its vendor; nobody else, the
operator neither, can read what is sealed in it.
"""
