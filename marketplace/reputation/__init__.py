"""Reputation: from recorded evidence, never from a number that anybody states."""
