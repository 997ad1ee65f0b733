"""Mail: what is for a request's owner, sealed to the request's reply key, in one public bucket.

Vendors' documents wait until a batch instant and are then published in segments, which never change. Everybody
may download all of them; only the holder of a reply key finds and opens what is sealed to it. So no pseudonym
ever asks for anything.
"""
