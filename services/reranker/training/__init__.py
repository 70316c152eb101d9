"""Trains the models of a bundle on judged pairs: teacher, student and ranker.

Only this package of the reranker uses torch. The ranker is trained without it.
"""
