"""Batches of professional claims to a file."""

from collections.abc import Sequence

from rcm_x12.builder import interchange
from rcm_x12.claim.writer import batch_segments, in_hierarchy
from rcm_x12.claim_837p.values import Batch
from rcm_x12.claim_837p.writer_claim import claim_segments
from rcm_x12.envelope import Envelope
from rcm_x12.layout import guide

__all__ = ["VERSION", "in_hierarchy", "write"]

VERSION = "005010X222A1"


def write(envelope: Envelope, batches: Sequence[Batch]) -> bytes:
    """One interchange with one group, one ST per batch, claims in the order given.

    Same values and control numbers give the same bytes. Raises WriteRefused, with loop and element,
    for what the guide forbids or what could not be read back.
    """
    bodies = [batch_segments(batch, claim_segments) for batch in batches]
    return interchange(envelope, guide(VERSION), bodies)
