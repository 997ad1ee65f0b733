"""What all controllers share: bodies in, problems out, pages, signed reads, the API's description."""
