"""Players of a demonstration day: customers, vendors, and a referee who checks the result.

They meet the market over HTTP only, as anybody's programs would.
"""
