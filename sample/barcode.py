"""GTIN-13 barcodes in the range that GS1 keeps for use inside a shop, so none belongs to a real
product.
"""

PREFIX = "200"


def gtin(number: int) -> str:
    """The barcode of the shop's product `number`, check digit included."""
    body = f"{PREFIX}{number:09d}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """GS1's check digit: weights 3, 1, 3, ... from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)
