"""Notices: what a vendor is told without asking for each thing, by a feed that it polls or by webhook."""
