"""The gateway's tables and every query on them; takes and returns domain values."""
