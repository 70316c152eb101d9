"""Several processes of one service.

Decides which one is called, when a second one is, and which get no calls for a while.
"""
