"""Vendors: admission, their public profiles, and the units that their places take."""
