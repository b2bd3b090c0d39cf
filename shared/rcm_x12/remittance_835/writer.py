"""Remittances to an 835 file. Nothing is written that does not balance."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby

from rcm_x12.builder import CODE, interchange, needed, segment, text
from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.layout import guide
from rcm_x12.pieces import write_address, write_contact, write_reference, write_references
from rcm_x12.remittance_835.balance import balance
from rcm_x12.remittance_835.values import (
    BankAccount,
    Header,
    Payee,
    Payer,
    ProviderAdjustment,
    Remittance,
)
from rcm_x12.remittance_835.writer_claims import claim_segments
from rcm_x12.scalars import amount_text, date_text

VERSION = "005010X221A1"
_PAIRS_MAX = 6


def write(envelope: Envelope, remittances: Sequence[Remittance]) -> bytes:
    """One interchange with one group, one ST per remittance.

    Same values and control numbers give the same bytes. Raises WriteRefused for what the guide
    forbids, above all for a line, claim or payment that does not balance.
    """
    return interchange(envelope, guide(VERSION), [_remittance(one) for one in remittances])


def _remittance(remittance: Remittance) -> list[str]:
    for finding in balance(remittance):
        if finding.severity == "error":
            raise WriteRefused(finding.segment_id, finding.message)
    header = remittance.header
    out = [_bpr(header), _trn(header)]
    if header.receiver_id:
        out.append(write_reference("EV", header.receiver_id, "REF*EV"))
    if header.version_id:
        out.append(write_reference("F2", header.version_id, "REF*F2"))
    if header.produced_on is not None:
        out.append(f"DTM*405*{date_text(header.produced_on)}")
    out += _payer(header.payer)
    out += _payee(header.payee)
    group = None
    for claim in remittance.claims:
        if claim.header_number and claim.header_number != group:
            group = claim.header_number
            out.append(f"LX*{text(group, 'LX01', 6)}")
        out += claim_segments(claim)
    out += _provider_adjustments(remittance.provider_adjustments)
    return out


def _bpr(header: Header) -> str:
    return segment(
        "BPR",
        CODE[header.handling_code],
        amount_text(header.payment_cents),
        "C" if header.is_credit else "D",
        CODE[header.payment_method],
        CODE[header.payment_format],
        *_account(header.sender_account),
        text(header.sender_company_id, "BPR10", 10),
        text(header.sender_supplemental_id, "BPR11", 9),
        *_account(header.receiver_account),
        date_text(header.effective_on),
    )


def _account(account: BankAccount | None) -> tuple[str, str, str, str]:
    if account is None:
        return "", "", "", ""
    return (
        CODE[account.bank_qualifier],
        text(account.bank_id, "BPR07", 12),
        CODE[account.account_qualifier],
        text(account.account_number, "BPR09", 35),
    )


def _trn(header: Header) -> str:
    return segment(
        "TRN",
        "1",
        needed(header.trace_number, "TRN02", 50),
        needed(header.originating_company_id, "TRN03", 10),
        text(header.trace_supplement, "TRN04", 50),
    )


def _payer(payer: Payer) -> Iterator[str]:
    identified = ("XV", text(payer.id, "1000A N104", 80)) if payer.id else ()
    yield segment("N1", "PR", needed(payer.name, "1000A N102", 60), *identified)
    if payer.address is None:
        raise WriteRefused("1000A N3", "the payer needs an address")
    yield from write_address(payer.address, "1000A")
    yield from write_references(payer.references, "1000A")
    if payer.business_contact is not None:
        yield write_contact("CX", payer.business_contact, "1000A")
    if payer.technical_contact is None:
        raise WriteRefused("1000A PER*BL", "the payer needs a technical contact")
    yield write_contact("BL", payer.technical_contact, "1000A")
    if payer.website:
        yield segment("PER", "IC", "", "UR", text(payer.website, "1000A PER04", 256))


def _payee(payee: Payee) -> Iterator[str]:
    name, number = needed(payee.name, "1000B N102", 60), needed(payee.id, "1000B N104")
    yield segment("N1", "PE", name, CODE[payee.id_qualifier], number)
    if payee.address is not None:
        yield from write_address(payee.address, "1000B")
    yield from write_references(payee.references, "1000B")


def _provider_adjustments(adjustments: Iterable[ProviderAdjustment]) -> Iterator[str]:
    """PLB: neighbours of one provider and period share a segment, six pairs at most."""
    for (provider, period), group in groupby(adjustments, _period):
        pairs = list(group)
        for start in range(0, len(pairs), _PAIRS_MAX):
            elements: list[str] = []
            for one in pairs[start : start + _PAIRS_MAX]:
                reference = text(one.reference, "PLB03-2", 50)
                reason = f"{CODE[one.reason_code]}:{reference}" if reference else one.reason_code
                elements += [reason, amount_text(one.amount_cents)]
            yield segment("PLB", needed(provider, "PLB01", 50), date_text(period), *elements)


def _period(one: ProviderAdjustment) -> tuple[str, date]:
    return one.provider_id, one.fiscal_period_on
