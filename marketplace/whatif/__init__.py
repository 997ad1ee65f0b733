"""What a day would have decided under another policy."""
