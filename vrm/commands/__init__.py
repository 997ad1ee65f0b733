"""The commands of `vrm`, by what they are about."""
