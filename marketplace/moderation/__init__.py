"""Reports by anybody, and the operator's signed decisions to hide documents or to show them again.

What is hidden is not deleted, and its leaf stays in the log: only its words are shown to nobody. A request that
is hidden while it is open joins no run; what was frozen before keeps its figures.
"""
