"""What patients owe, what they paid, and the statements that say so."""
