"""The sample catalogue.

About 3,000 invented products, judged queries and a simulated shopper, all from one seed.
"""

from sample.folder import write_sample

__all__ = ["write_sample"]
