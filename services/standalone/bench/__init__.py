"""How fast the engine is, as ratios against named peers in one run."""
