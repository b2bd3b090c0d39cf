"""Answers to inquiries: 271 to a 270, 277 to a 276, and the 999 when an inquiry is malformed."""

from payer_twin.inquiring.answering import answer_inquiries

__all__ = ["answer_inquiries"]
