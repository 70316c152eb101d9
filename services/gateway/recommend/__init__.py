"""A placement, seeds and a shopper to a page of recommended products."""
