"""What the professional and the institutional claim have in common: people, other payers, parts.

Both guides declare these loops alike; each package adds its own claim and line. What differs
(which qualifiers, in which order) is read off the guide of the claim at hand.
"""
