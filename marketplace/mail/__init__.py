"""Mail: what is for a request's owner, sealed to the request's reply key, in public buckets.

Vendors' documents wait until a batch instant, and so do copies of what the owner posted; they are then
published in segments, which never change. A bucket holds the mail of all whose mailboxes begin alike, enough of
them to hide in. Everybody may download all of it; only the holder of a reply key finds and opens what is sealed
to it. So no pseudonym ever asks for anything.
"""
