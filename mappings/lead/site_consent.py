"""The `rois` of a LEAD file as the consents that they are (consent.model.Consent)."""

from consent.model import (
    Consent,
    ConsentGrant,
    CriminalJusticeTerms,
    Event,
    ReleaseOfInformation,
    Revocation,
    Signer,
)
from mappings.lead.site_schema import ConsentForm, CriminalJusticeForm, GrantForm


def consent_of(form: ConsentForm) -> Consent:
    """Return the consent that `form` writes down, nothing added and nothing judged."""
    return Consent(
        id=form.id,
        kind=form.kind,
        participant=form.participant,
        form=ReleaseOfInformation(form.form.id, form.form.version, form.form.language),
        signed_at=form.signed_at,
        signer=Signer(form.signer.name, form.signer.capacity, form.signer.authority),
        patient_name=form.patient_name,
        how_to_revoke=form.how_to_revoke,
        refusal_consequences=form.refusal_consequences,
        redisclosure_warning=form.redisclosure_warning,
        grants=tuple(_grant(each) for each in form.grants),
        revocations=tuple(Revocation(each.at, each.grants, each.mode) for each in form.revocations),
        integrity=form.integrity,
        tpo_statement=form.tpo_statement,
        intermediary=form.intermediary,
        proceeding_cause=form.proceeding_cause,
        counsel_present=form.counsel_present,
        cj=_terms(form.cj) if form.cj else None,
        events=None if form.events is None else tuple(Event(each.name, each.at) for each in form.events),
    )


def _grant(form: GrantForm) -> ConsentGrant:
    return ConsentGrant(
        id=form.id,
        discloser=form.discloser,
        recipient=form.recipient,
        purposes=form.purposes,
        categories=form.categories,
        expires=form.expires,
        role=form.role,
        record_from=form.record_from,
        record_to=form.record_to,
        redisclose_to=form.redisclose_to,
    )


def _terms(form: CriminalJusticeForm) -> CriminalJusticeTerms:
    return CriminalJusticeTerms(form.condition_document, form.cause, form.revocable_from, form.monitoring_official)
