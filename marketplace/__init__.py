"""What an operator runs: the API, the board, the bids, the daily run, reputation, jobs."""
