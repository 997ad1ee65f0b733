"""The tests; in each process that runs them the collector looks less often at what stays until the end."""

import gc

gc.set_threshold(100_000, 20, 50)
