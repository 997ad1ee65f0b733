"""Posting tokens: who may post without being known.

Members draw their allotment once in each epoch, blindly; whoever spends a token shows that some member drew it,
and not which. There is one issuer key for each tier and epoch, and the log holds each before it is used.
"""
