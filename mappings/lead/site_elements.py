"""Whether a release of information is complete (42 CFR 2.31(a)), and this participant's.

A form that is marked unreadable is taken as it is: kept, it stops that participant's disclosures until a person has
looked; refused, it would be forgotten. A suspect form is kept for the same reason, and a grant that mixes what
2.31(b) or (d) keeps apart is void by itself while its neighbours count (P2-42), so neither is refused here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from consent.codes import Integrity
from consent.model import Consent, Organization
from consent.validator import Failing, validate
from consent.wording import same_name
from mappings.lead.site_schema import NameForm, ParticipantForm

Fault = tuple[str, str]
_VOID_ALONE: Final = frozenset({"42 CFR 2.31(b)", "42 CFR 2.31(d)"})
_REFERENCES: Final = frozenset({"discloser", "recipient"})


@dataclass(frozen=True, slots=True)
class Register:
    """What a form is held against: the register of organizations, the site's zone, the moment of taking it in.

    `at` None: the moment is not known, and no signature is called too early.
    """

    organizations: Mapping[str, Organization]
    zone: tzinfo
    at: datetime | None


def element_faults(path: str, consent: Consent, person: ParticipantForm | None, register: Register) -> Iterator[Fault]:
    """Yield each element of 2.31(a) that the consent lacks, with its citation. `person`: None if not in the file."""
    if consent.integrity is Integrity.UNREADABLE:
        return
    at = register.at or consent.signed_at
    for failing in validate(consent, register.organizations, at=at, zone=register.zone):
        if not _is_kept(consent, failing):
            yield f"{path}.{_place(consent, failing)}", f"{failing.cure}, {failing.cite}"
    if person is not None:
        yield from _bound(path, consent, person)


def _is_kept(consent: Consent, failing: Failing) -> bool:
    """Say whether a form with this failing is kept all the same. Names in lists were looked up before this."""
    if failing.grant is None:
        return failing.field == "integrity"
    grant = next(each for each in consent.grants if each.id == failing.grant)
    name = failing.field.rpartition(".")[2]
    return failing.cite in _VOID_ALONE or (name in _REFERENCES and bool(getattr(grant, name)))


def _place(consent: Consent, failing: Failing) -> str:
    """Return where the failing element stands in the file: grants by position, as everywhere in a path."""
    if failing.grant is None:
        return failing.field
    position = [each.id for each in consent.grants].index(failing.grant)
    return f"grants[{position}].{failing.field.rpartition('.')[2]}"


def _bound(path: str, consent: Consent, person: ParticipantForm) -> Iterator[Fault]:
    """Yield a form that is filed under the wrong person, or that the participant's own case manager signed."""
    names: tuple[NameForm, ...] = (person.name, *person.aliases)
    if not any(_plain(name.family) in _plain(consent.patient_name) for name in names):
        yield f"{path}.patient_name", "must hold a family name of this participant, 42 CFR 2.31(a)(1)"
    if person.case_manager and same_name(person.case_manager, consent.signer.name):
        yield f"{path}.signer.name", "must not be the case manager, staff never sign, 42 CFR 2.31(a)(8)"


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
