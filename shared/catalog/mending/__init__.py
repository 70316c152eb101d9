"""Mends a row that breaks a rule, field by field.

Unambiguous values are kept.
"""
