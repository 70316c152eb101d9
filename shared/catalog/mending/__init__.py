"""A row of a catalogue that breaks a rule is mended field by field.

What can be read without doubt is kept.
"""
