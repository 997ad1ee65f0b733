"""Requests: what customers post, anonymously, and how it becomes public.

A posted document waits in the pending table under its digest and is published at a fixed instant together
with all others that wait, in order of digests. Nothing here stores, logs or counts when or from where it came.
"""
