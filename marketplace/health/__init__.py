"""Whether the market lives, is ready, and how much it holds."""
