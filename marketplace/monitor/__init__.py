"""A monitor: a program that watches a market from outside, by what anybody can read.

It keeps the newest head of the market's log that it saw, and in each round holds the market against it: the
log, the runs with their freeze checkpoints and seeds, whole days, and receipts that people gave it. It is no
part of the market and asks it for nothing that it would not show to everybody.
"""
