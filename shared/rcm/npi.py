"""The check digit of a National Provider Identifier."""

# What the card issuer prefix 80840, put before the ten digits, adds to their Luhn sum.
PREFIX_SUM = 24


def npi_is_valid(npi: str) -> bool:
    """Whether the ten digits pass the Luhn check over 80840 and themselves (45 CFR 162.406)."""
    if len(npi) != 10 or not npi.isascii() or not npi.isdigit():
        return False
    total = PREFIX_SUM
    for position, digit in enumerate(map(int, npi)):
        doubled = digit * 2 if position % 2 == 0 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
