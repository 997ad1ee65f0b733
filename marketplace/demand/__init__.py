"""Unfilled demand: what a day left over, by category and area, told only of groups and never of somebody."""
