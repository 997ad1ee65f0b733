"""The protocol's documents, and the programs that run on a participant's own machine."""
