"""The customer's wallet: keys, profile, named places, and requests with what became of them."""

from vrm.wallet.wallet import Wallet

__all__ = ["Wallet"]
