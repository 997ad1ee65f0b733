"""The catalogue: what brands list at a fixed price, who may sell it, and what requests may name."""
