"""Features of visitors and products: the port to the feature store, and its backends."""
