"""What patients owe and why: pure values and decisions."""
