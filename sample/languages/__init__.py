"""The sample shop in five more languages.

Each has the kinds of `goods.txt` in the words of its own file, some 350 products, and judged
queries as shoppers type them, all from one seed.
"""
