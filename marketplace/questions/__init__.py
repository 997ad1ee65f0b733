"""Questions: each vendor may ask one about a request, and its owner may answer; both stand on the board.

The question reaches the owner by mail. The answer is a pseudonym's document: it waits for a batch instant.
"""
