"""Points out, in what a person is about to write to a recipient, the words that Golden Rule 1 keeps from justice.

Nobody decides here: whoever writes a summary is shown where it speaks of use, tests, missed appointments, new offences,
whereabouts, other people, or what was said in confidence, and why that could hurt. It would rather point once too often
than miss a word. English and Spanish, whatever the case, the accents and the spaces; it knows words, not meanings.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

from consent.codes import COUNSEL_KINDS, HEALTH_KINDS, Category, OrganizationKind


class Adverse(NamedTuple):
    """One place in a text, `start` up to `end` (characters of the text as given), and what it may speak of."""

    start: int
    end: int
    category: Category
    because: str


class Words(NamedTuple):
    """One row of the table: what these words may speak of, in which language, and who says that it matters.

    A phrase is a regular expression without accents and in lower case; a space in it stands for any white space, and
    one with a question mark for none, too.
    """

    category: Category
    language: str
    source: str
    phrases: tuple[str, ...]


_C = Category
_GR02: Final = "LEAD GR-02"
_GR01: Final = "LEAD Golden Rule 1: nothing specific that could prompt enforcement"
_DRUGS_EN: Final = r"(?:drugs?|meth\w*|heroin|fentanyl|cocaine|crack|opioids?|opiates?|pills|alcohol|cannabis|weed)"
_DRUGS_ES: Final = r"(?:drogas?|metanfetaminas?|heroina|fentanilo|cocaina|opioides?|pastillas|alcohol|marihuana)"
_NOT: Final = r"(?:(?:did|has|have|had|does|do|will|is|was) ?n[o']t|won't|failed to|fails to|never)"
_STAYS: Final = r"(?:stay(?:s|ed|ing)?|sleep(?:s|ing)?|slept|liv(?:e|es|ed|ing)|camp(?:s|ed|ing)?)"
_TOLD: Final = r"(?:told|tells|said to|confided in|opened up to|disclosed to)"
_HOME: Final = r"(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|way|court|ct|place|pl)"

TABLE: Final = (
    Words(
        _C.RELAPSE_USE,
        "en",
        _GR02,
        (
            r"relaps\w*",
            r"(?:still|been|kept|keeps|is|was|were|started|stopped|quit|back to|not) using",
            r"us(?:e|es|ed|ing) " + _DRUGS_EN,
            _DRUGS_EN,
            r"(?:was|is|were|be|seemed|appeared|looked|got|while|came in) (?:very |so |really |clearly )?high",
            r"drunk\w*|drinking|intoxicat\w*|under the influence|overdos\w*|inject\w*|needles?|syringes?|paraphernalia",
            r"sober|sobriety|slipped|lapsed?|withdrawals?|addict\w*",
        ),
    ),
    Words(
        _C.RELAPSE_USE,
        "es",
        _GR02,
        (
            r"recai\w*|recaer|recay\w*",
            r"volvi\w* a (?:usar|consumir|tomar|beber)",
            r"consum\w+",
            _DRUGS_ES,
            r"drogad\w*|borrach\w*|ebri\w*|embriag\w*|bebiendo|intoxicad\w*|bajo la influencia|sobredosis|jeringas?",
            r"sobri[oa]s?|sobriedad|abstinencia|adict\w*|adiccion\w*",
        ),
    ),
    Words(
        _C.DRUG_TESTS,
        "en",
        _GR02,
        (
            r"(?:drug|urine|breath|hot|dirty|clean|positive|negative) (?:tests?|screens?|uas?|samples?)",
            r"tested (?:positive|negative)|positive for|uas?|uds|urinalys[ie]s|urine|toxicolog\w*|breathaly[sz]er\w*",
        ),
    ),
    Words(
        _C.DRUG_TESTS,
        "es",
        _GR02,
        (
            r"(?:pruebas?|examen\w*|analisis) (?:de|del) (?:drogas?|orina|alcohol|sangre)",
            r"(?:dio|salio|sale) (?:positivo|negativo)|positivo (?:a|en|para|por)|orina|antidoping|toxicolog\w*",
            r"alcoholimetro",
        ),
    ),
    Words(
        _C.MISSED_APPOINTMENTS,
        "en",
        _GR02,
        (
            r"miss(?:ed|es|ing)|no[- ]?show\w*|skip(?:s|ped|ping)|absen(?:t|ce|ces)|truan\w*|stood (?:me|us) up",
            _NOT + r" (?:show\w*|come|came|appear\w*|attend\w*|return\w*|call\w*|respond\w*|answer\w*|turn\w* up)",
            _NOT + r" (?:engag\w*|keep|kept|follow\w*|complet\w*|participat\w*)",
            r"late (?:for|to)|non[- ]?complian\w*|not compliant|non[- ]?attendance|disengag\w*|not engag\w*",
            r"lost (?:contact|touch)|out of contact|unreachable|dropped out|unable to reach|can(?:not|'t) reach",
        ),
    ),
    Words(
        _C.MISSED_APPOINTMENTS,
        "es",
        _GR02,
        (
            r"falt(?:o|a|an|ar|aron|ado|ando) a",
            r"no (?:se )?(?:ha |han )?(?:present\w+|asist\w+|lleg\w+|vin\w+|venid\w+|acud\w+|contest\w+|respond\w+)",
            r"no (?:se )?(?:ha |han )?(?:aparec\w+|volvi\w+|vuelto|comparec\w+|cumpl\w+)",
            r"ausen(?:te|tes|cia|cias)|inasistencias?|incumpl\w+|perdi\w* (?:la|su|una|sus|las|dos|tres) citas?",
            r"lleg\w* tarde|dej\w* de (?:venir|asistir|ir|llamar|contestar)|sin contacto|ilocalizable|no localizable",
        ),
    ),
    Words(
        _C.VIOLATIONS,
        "en",
        _GR02,
        (
            r"arrest\w*|re-?arrest\w*|new (?:charges?|offen[cs]es?|cases?|crimes?|warrants?)|charged|warrants?|crimes?",
            r"criminal\w*|illegal\w*|violat\w*|abscond\w*|trespass\w*|prostitut\w*|sex work|escap\w*|broke the law",
            r"st(?:ole|olen|eal|eals|ealing)|theft|thefts|shoplift\w*|burglar\w*|robb\w+|assault\w*|fights?|fought|fighting",
            r"weapons?|guns?|knife|knives|threaten\w*|threats?|sold|selling|deals|dealing|traffick\w*|possession|lied|lying",
        ),
    ),
    Words(
        _C.VIOLATIONS,
        "es",
        _GR02,
        (
            r"arrest\w*|deten(?:id\w+|cion\w*|er|erlo|erla)|detuv\w+|nuev[oa]s? (?:cargos?|casos?|faltas?|orden\w*)",
            r"delitos?|delinqu\w*|crimen\w*|criminal\w*|ilegal\w*|orden de (?:arresto|captura|detencion|aprehension)",
            r"rob[oa]\w*|hurt[oa]\w*|asalt\w+|agre(?:sion\w*|did\w*|dio)|pele(?:a|o|as|aron|ando)",
            r"armas?|pistolas?|cuchillos?",
            r"amenaz\w+|violo|violacion\w*|fug(?:o|a|arse|ad\w+)|vend(?:io|e|ia|iendo|er) " + _DRUGS_ES,
            r"trafic\w+|prostitu\w+|allan\w+|mint\w+|mentir\w*|posesion",
        ),
    ),
    Words(
        _C.LOCATION_TRAIL,
        "en",
        _GR02,
        (
            r"\d{1,6} (?:[nsew]{1,2}\.? )?(?:\w+ ){1,3}" + _HOME,
            r"corner of|intersection|last seen|whereabouts|gps|can be found|parking lot|encampments?|tents?|campsites?",
            r"(?:seen|found|spotted|met) (?:at|near|on|in|around|outside|behind|under)|hang(?:s|ing)? out|hangout",
            _STAYS + r" (?:at|with|in|near|on|under|behind|by|outside)",
            r"motels?|hotels?|shelters?|(?:apartment|apt|room|unit) ?#?\d+|-?\d{1,3}\.\d{3,} ?, ?-?\d{1,3}\.\d{3,}",
        ),
    ),
    Words(
        _C.LOCATION_TRAIL,
        "es",
        _GR02,
        (
            r"(?:vive|vivia|duerme|dormia|se queda|acampa|se junta|se encuentra) (?:en|con|cerca|bajo|detras)",
            r"(?:vieron|vist[oa]) (?:en|cerca|por)|ultima vez (?:que )?(?:se )?(?:le |lo |la )?vi\w+",
            r"esquina|calle|avenida|paradero|ubicacion|campamentos?|carpas?|motel\w*|hotel\w*|albergues?|refugios?",
            r"(?:apartamento|apto|cuarto|habitacion) ?#?\d+|estacionamiento",
        ),
    ),
    Words(
        _C.ASSOCIATES,
        "en",
        _GR02,
        (
            r"(?:boy|girl)?friends?|husband|wife|spouse|partners?|ex|roommates?|neighbou?rs?|cousins?|acquaintances?",
            r"brothers?|sisters?|mother|father|mom|dad|mum|parents?|sons?|daughters?|child|children|kids?|family|aunt|uncle",
            r"gangs?|associates?|co-?defendants?|dealers?|suppliers?|pimps?|accomplices?|witness(?:es)?",
            r"other participants?",
        ),
    ),
    Words(
        _C.ASSOCIATES,
        "es",
        _GR02,
        (
            r"novi[oa]s?|espos[oa]s?|parejas?|marido|su ex|companer[oa]s?|vecin[oa]s?|conocid[oa]s?",
            r"amig[oa]s?|herman[oa]s?|madre|padres?|mama|papa|prim[oa]s?|hij[oa]s?|ti[oa]s?|familia\w*|nin[oa]s?",
            r"pandill\w+|complices?|traficantes?|testigos?|coacusad[oa]s?|anda con|otr[oa]s? participantes?",
        ),
    ),
    Words(
        _C.COUNSELING_NOTES,
        "en",
        _GR01,
        (
            _TOLD + r" (?:me|us|(?:his|her|their|the) (?:counsel\w+|therapist|doctor|nurse|case manager))",
            r"confid(?:ed|es|ence)|admit(?:s|ted|ting)?|admissions?|confess\w*|counsell?ing|therap(?:y|ist|ists)",
        ),
    ),
    Words(
        _C.COUNSELING_NOTES,
        "es",
        _GR01,
        (
            r"(?:me|nos|le) (?:dijo|conto|confeso|confio|revelo)|confes\w+|confi(?:o|denci\w+)",
            r"admit(?:io|e|ido)|reconocio",
            r"terap(?:ia|ias|euta|eutas)|consejer[oa]s?|sesion(?:es)? de",
        ),
    ),
)
"""Every word that is pointed out. INVARIANT: one row or more for each category of the firewall, in both languages."""

_SAME: Final = {
    "\u2019": "'",
    "\u02bc": "'",
    "\u0060": "'",
    **dict.fromkeys(("\u2010", "\u2011", "\u2012", "\u2013", "\u2014"), "-"),
}


def _spaced(phrase: str) -> str:
    return phrase.replace(" ?", r"\s*").replace(" ", r"\s+")


_PATTERNS: Final = tuple(
    (row, re.compile(r"(?<![^\W_])(?:" + _spaced("|".join(row.phrases)) + r")(?![^\W_])")) for row in TABLE
)


def adverse_terms(text: str) -> tuple[Adverse, ...]:
    """Return the places in `text` that may speak against the participant, in their order; none says nothing of it."""
    plain, places = _plain(text)
    found = {each for row, pattern in _PATTERNS for each in _found(row, pattern, plain, places)}
    return tuple(sorted(found, key=lambda each: (each.start, -each.end, each.category.value)))


def is_guarded(kind: OrganizationKind) -> bool:
    """Say whether adverse terms go to such a recipient only where the writer has said that they know.

    All but those who treat and those who defend: what hurts with a prosecutor hurts with a landlord, too (judgment).
    """
    return kind not in HEALTH_KINDS and kind not in COUNSEL_KINDS


def _found(row: Words, pattern: re.Pattern[str], plain: str, places: list[int]) -> Iterator[Adverse]:
    for match in pattern.finditer(plain):
        yield Adverse(places[match.start()], places[match.end() - 1] + 1, row.category, row.source)


def _plain(text: str) -> tuple[str, list[int]]:
    """Return the text in lower case without accents and invisible characters, and where each character came from."""
    plain: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for each in unicodedata.normalize("NFKD", character.casefold()):
            if unicodedata.category(each) not in ("Mn", "Cf"):
                plain.append(_SAME.get(each, each))
                places.append(place)
    return "".join(plain), places
