"""Catalogue files of every known format as one stream of rows with line numbers.

A container (JSON lines, JSON array, CSV, XML, Parquet) gives lines; a dialect (Shopify,
WooCommerce, ...) gives them the names of docs/catalog.md; naming finds other spellings of these
names, and counts what nothing reads.
"""
