"""Texts as searches read them: cleaned, folded, cut into terms."""
