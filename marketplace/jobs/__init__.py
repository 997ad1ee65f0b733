"""Jobs: wake-ups travel through a dramatiq broker; the database is the truth.

A message says only "look again". Whoever gets it looks at the database, does what is due and nothing twice,
so a message that is lost, doubled or late costs nothing: the scheduler sends the next one within seconds.
"""
