"""Catalogue files of every known format as one stream of rows with line numbers.

A container (JSON lines, JSON array, CSV, XML, Parquet) gives lines. A dialect (Shopify,
WooCommerce, ...) translates them to the names of docs/catalog.md. Naming recognises other spellings
of these names, and counts the columns that nothing reads.
"""
