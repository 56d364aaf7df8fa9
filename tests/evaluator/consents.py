"""The sentences about a consent as a whole: signed, whole, unrevoked, and of a kind that serves this question."""

from datetime import date

from tests.evaluator.look import Look, alike, blank, instant
from tests.evaluator.page import COMMUNITY, COUNSEL, HEALTH, JUSTICE, JUSTICE_PURPOSES, NOTES, TPO_PURPOSES

CLASSES_COUNT_FROM = date(2024, 4, 16)
FACE = ("patient_name", "how_to_revoke", "refusal_consequences", "redisclosure_warning")


def consent_is_theirs(look: Look) -> bool:
    """A consent serves the participant who gave it."""
    return bool(look.consent["participant"] == look.request["participant"])


def consent_is_ok(look: Look) -> bool:
    """A suspect consent does not count, and an unreadable one cannot."""
    return bool(look.consent["integrity"] == "ok")


def signed_by_now(look: Look) -> bool:
    """A signature counts from its own second on."""
    return look.reached(look.consent["signed_at"])


def whole_on_its_face(look: Look) -> bool:
    """Five texts may not be blank on any consent."""
    texts = [look.consent[name] for name in FACE]
    texts.append(look.consent["signer"]["name"])
    return True not in [blank(text) for text in texts]


def signed_in_the_time_of_classes(look: Look) -> bool:
    """Signed on or after 2024-04-16, on the site's calendar."""
    return look.day(instant(look.consent["signed_at"])) >= CLASSES_COUNT_FROM


def tpo_is_not_old(look: Look) -> bool:
    """One consent for treatment, payment and operations exists only since 2024-04-16."""
    return look.consent["kind"] != "tpo" or signed_in_the_time_of_classes(look)


def age_at_signing(look: Look) -> int | None:
    """Whole years on the site's day of signing; none where the birth date is not known."""
    if "birth_date" not in look.participant:
        return None
    born = date.fromisoformat(look.participant["birth_date"])
    signed = look.day(instant(look.consent["signed_at"]))
    years = signed.year - born.year
    if (signed.month, signed.day) < (born.month, born.day):
        years = years - 1
    return years


def right_person_signed(look: Look) -> bool:
    """Who must sign: adults themselves or somebody with authority; in WA from 13 on oneself; else it does not count."""
    age = age_at_signing(look)
    capacity = look.consent["signer"]["capacity"]
    if age is None:
        return False
    if age < 18:
        return bool(look.facts["site"]["state"] == "WA" and age >= 13 and capacity == "self")
    if capacity == "self":
        return True
    if capacity == "parent":
        return False
    return not blank(look.consent["signer"].get("authority"))


def own_name_if_self(look: Look) -> bool:
    """Who signs as self is the patient: the same name, letter case and spacing ignored."""
    signer = look.consent["signer"]
    return signer["capacity"] != "self" or alike(signer["name"], look.consent["patient_name"])


def tpo_is_stated(look: Look) -> bool:
    """A tpo consent needs its statement."""
    return look.consent["kind"] != "tpo" or not blank(look.consent.get("tpo_statement"))


def tpo_stays_in_health(look: Look) -> bool:
    """A tpo consent never serves a justice, counsel or community kind."""
    return look.consent["kind"] != "tpo" or look.kind not in JUSTICE | COUNSEL | COMMUNITY


def tpo_purposes_only(look: Look) -> bool:
    """A tpo consent serves treatment, payment and operations."""
    return look.consent["kind"] != "tpo" or look.purpose in TPO_PURPOSES


def notes_stay_away(look: Look) -> bool:
    """A notes consent never serves a justice or a community kind."""
    return look.consent["kind"] != "notes" or look.kind not in JUSTICE | COMMUNITY


def notes_only(look: Look) -> bool:
    """A notes consent serves notes only."""
    return look.consent["kind"] != "notes" or look.item["category"] in NOTES


def notes_are_asked_by_id(look: Look) -> bool:
    """Notes are released only where the request names the item."""
    return look.consent["kind"] != "notes" or look.item["id"] in look.request.get("items", [])


def proceeding_has_its_cause(look: Look) -> bool:
    """A proceeding consent says in which cause."""
    return look.consent["kind"] != "proceeding" or not blank(look.consent.get("proceeding_cause"))


def proceeding_had_counsel(look: Look) -> bool:
    """A proceeding consent was signed with counsel present."""
    return look.consent["kind"] != "proceeding" or look.consent.get("counsel_present") is True


def proceeding_by_its_own_consent(look: Look) -> bool:
    """The purpose proceeding needs a proceeding consent, and that consent serves no other purpose."""
    return bool((look.purpose == "proceeding") == (look.consent["kind"] == "proceeding"))


def cj_is_enabled(look: Look) -> bool:
    """A cj-2.35 consent counts only where the site has switched it on."""
    return look.consent["kind"] != "cj-2.35" or look.facts["site"]["cj_2_35_enabled"] is True


def cj_is_complete(look: Look) -> bool:
    """A cj-2.35 consent holds all four of its texts."""
    if look.consent["kind"] != "cj-2.35":
        return True
    texts = look.consent.get("cj", {})
    wanted = ["condition_document", "cause", "revocable_from", "monitoring_official"]
    return [name for name in wanted if blank(texts.get(name))] == []


def cj_goes_to_those_who_supervise(look: Look) -> bool:
    """A cj-2.35 consent serves a prosecutor, a court or probation."""
    return look.consent["kind"] != "cj-2.35" or look.kind in {"prosecutor", "court", "probation"}


def cj_goes_to_its_official(look: Look) -> bool:
    """A cj-2.35 consent serves the monitoring official whom it names, letter case and spacing ignored."""
    if look.consent["kind"] != "cj-2.35":
        return True
    person = look.request.get("person", {}).get("name", "")
    return alike(person, look.consent.get("cj", {}).get("monitoring_official", ""))


def monitoring_by_cj_only(look: Look) -> bool:
    """supervision-monitoring is served under cj-2.35 and that serves nothing else."""
    return bool((look.purpose == "supervision-monitoring") == (look.consent["kind"] == "cj-2.35"))


def justice_purposes_only(look: Look) -> bool:
    """Justice kinds are served four purposes, and proceeding and monitoring (each by its own consent, see above)."""
    return look.kind not in JUSTICE or look.purpose in JUSTICE_PURPOSES | {"proceeding", "supervision-monitoring"}


def attested_where_needed(look: Look) -> bool:
    """Every requester but a health kind has to promise; under a proceeding consent nobody has to."""
    if look.consent["kind"] == "proceeding" or look.kind in HEALTH:
        return True
    return look.request.get("attested") is True


CONSENT = (
    consent_is_theirs,
    consent_is_ok,
    signed_by_now,
    whole_on_its_face,
    tpo_is_not_old,
    right_person_signed,
    own_name_if_self,
    tpo_is_stated,
    tpo_stays_in_health,
    tpo_purposes_only,
    notes_stay_away,
    notes_only,
    notes_are_asked_by_id,
    proceeding_has_its_cause,
    proceeding_had_counsel,
    proceeding_by_its_own_consent,
    cj_is_enabled,
    cj_is_complete,
    cj_goes_to_those_who_supervise,
    cj_goes_to_its_official,
    monitoring_by_cj_only,
    justice_purposes_only,
    attested_where_needed,
)
