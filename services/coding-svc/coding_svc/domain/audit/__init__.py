"""Audits of codings: whom to draw, how many, what the findings say, and how surely."""
