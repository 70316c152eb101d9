"""Several processes of one service.

Which one is asked, when a second one is, and which are left alone for a while.
"""
