"""What a brand reads of its own: what it has to ship, and how its items were served."""
