"""`market audit-privacy`: plays the operator who wants to know who asked for what, with all that it has.

`world` fills a market over HTTP with the released wallet, and knows the truth; `evidence` is what the operator
is left with; `attacks` guess from it who posted what, and what one person posted; `measuring` says how much
better they guess than anybody could from what the requests openly say.
"""
