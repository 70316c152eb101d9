"""What the ranker knows of visitors and products: the port, and its backends."""
