"""The commands of `vendor`, in groups."""
