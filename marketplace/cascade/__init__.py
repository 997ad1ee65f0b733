"""The cascade: what vendors answer to their assignments, and what becomes of those that do not hold."""
