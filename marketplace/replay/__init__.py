"""What the resolver would make of real orders: places from files, a market simulated round them.

Read `simulate` for the model: it says which part is real and which is drawn. Who gets what is decided by
`marketplace.resolver` and by nothing in here.
"""
