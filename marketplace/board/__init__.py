"""The board: published requests as vendors, and only vendors, read them."""
