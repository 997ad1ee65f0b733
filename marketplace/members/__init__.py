"""Members: whom the market has admitted to post, by name. Nothing here knows a request."""
