"""Several processes of one service: which one is asked, when a second one is, and which are left alone for a while."""
