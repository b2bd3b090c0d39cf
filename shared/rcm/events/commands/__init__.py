"""The verbs of `rcm events`, one module per noun."""
