"""More than 2,000 common codes that have nothing to do with substance use, mental health, HIV or violence.

How it was made: ICD-10-CM by category (three characters) of the chapters of the body, infections (but B20), tumours,
injuries, and by the leaves of some common ones (E11, M17, S52, Z00); HCPCS, CPT, MS-DRG and ICD-9-CM by ranges of
supplies, surgery, imaging, visits; SNOMED CT, LOINC, RxNorm one by one, with displays as systems send them. Not every
number of a range is in use; those that are not must not be labelled either.
"""

from collections.abc import Iterator

ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
CPT = "http://www.ama-assn.org/go/cpt"
DRG = "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"

_CHAPTERS = {"A": 99, "B": 19, "C": 96, "D": 89, "E": 89, "G": 99, "H": 95, "I": 99, "J": 99, "K": 95, "L": 99, "M": 99}
_MORE = {"N": 99, "Q": 99, "R": 44, "S": 99}
_LEAVES = (
    "E11.",
    "E10.",
    "M17.",
    "M54.",
    "J45.",
    "I25.",
    "N18.",
    "K21.",
    "S52.",
    "S72.",
    "H40.",
    "L40.",
    "Z00.",
    "Z23",
)

_SNOMED = """
38341003 Hypertensive disorder|44054006 Diabetes mellitus type 2|195967001 Asthma|55822004 Hyperlipidemia
73211009 Diabetes mellitus|22298006 Myocardial infarction|84114007 Heart failure
13645005 Chronic obstructive lung disease|49436004 Atrial fibrillation|396275006 Osteoarthritis
40930008 Hypothyroidism|235595009 Gastroesophageal reflux disease|162864005 Body mass index 30+ - obesity
271737000 Anemia|90560007 Gout|64859006 Osteoporosis|69896004 Rheumatoid arthritis|24700007 Multiple sclerosis
230690007 Cerebrovascular accident|37796009 Migraine|84757009 Epilepsy|49049000 Parkinson's disease
709044004 Chronic kidney disease|68566005 Urinary tract infection|233604007 Pneumonia|10509002 Acute bronchitis
444814009 Viral sinusitis|195662009 Acute viral pharyngitis|43878008 Streptococcal sore throat
65363002 Otitis media|15777000 Prediabetes|237602007 Metabolic syndrome X|428251000124104 Tobacco user
266919005 Never smoked tobacco|8517006 Ex-smoker|72892002 Normal pregnancy|398254007 Pre-eclampsia
127013003 Diabetic renal disease|368581000119106 Neuropathy due to type 2 diabetes mellitus
422034002 Diabetic retinopathy|197321007 Steatosis of liver|19943007 Cirrhosis of liver
128302006 Chronic hepatitis C|66071002 Viral hepatitis type B|56717001 Tuberculosis
186747009 Coronavirus infection|840539006 Disease caused by severe acute respiratory syndrome coronavirus 2
284551006 Laceration of foot|62106007 Concussion with no loss of consciousness|70704007 Sprain of wrist
44465007 Sprain of ankle|65966004 Fracture of forearm|263102004 Fracture subluxation of wrist
58150001 Fracture of clavicle|110030002 Concussion injury of brain|80146002 Appendectomy|73761001 Colonoscopy
76601001 Intramuscular injection|430193006 Medication reconciliation|127783003 Spirometry
399208008 Plain chest X-ray|185349003 Encounter for check up|162673000 General examination of patient
50849002 Emergency room admission|183452005 Emergency hospital admission|410620009 Well child visit
308335008 Patient encounter procedure|225358003 Wound care|384700001 Injection of tetanus antitoxin
""".replace("\n", "|")

_LOINC = """
8302-2 Body height|29463-7 Body weight|39156-5 Body mass index|85354-9 Blood pressure panel
8480-6 Systolic blood pressure|8462-4 Diastolic blood pressure|8867-4 Heart rate|9279-1 Respiratory rate
8310-5 Body temperature|2708-6 Oxygen saturation|59408-5 Oxygen saturation by pulse oximetry
72514-3 Pain severity|2345-7 Glucose|2339-0 Glucose|4548-4 Hemoglobin A1c|2160-0 Creatinine
33914-3 Glomerular filtration rate|3094-0 Urea nitrogen|2951-2 Sodium|2823-3 Potassium|2075-0 Chloride
2028-9 Carbon dioxide|17861-6 Calcium|2885-2 Protein|1751-7 Albumin|1975-2 Bilirubin|6768-6 Alkaline phosphatase
1742-6 Alanine aminotransferase|1920-8 Aspartate aminotransferase|2093-3 Cholesterol|2571-8 Triglyceride
18262-6 Cholesterol in LDL|2085-9 Cholesterol in HDL|718-7 Hemoglobin|4544-3 Hematocrit|6690-2 Leukocytes
789-8 Erythrocytes|777-3 Platelets|787-2 MCV|785-6 MCH|786-4 MCHC|21000-5 RDW|32623-1 Platelet mean volume
3016-3 Thyrotropin|3024-7 Thyroxine free|2857-1 Prostate specific antigen|5902-2 Prothrombin time|6301-6 INR
5792-7 Glucose in urine|5804-0 Protein in urine|5803-2 pH of urine|5811-5 Specific gravity of urine
20454-5 Protein in urine by test strip|2514-8 Ketones|5778-6 Color of urine|72166-2 Tobacco smoking status
11450-4 Problem list|10160-0 History of medication use|48765-2 Allergies|11369-6 Immunizations
30954-2 Relevant diagnostic tests|46240-8 Encounters|18842-5 Discharge summary|34117-2 History and physical
94500-6 SARS-CoV-2 RNA|5195-3 Hepatitis B surface antigen|16128-1 Hepatitis C antibody
600-7 Bacteria in blood culture
""".replace("\n", "|")

_RXNORM = """
314076 lisinopril 10 MG Oral Tablet|860975 metformin hydrochloride 500 MG Extended Release Oral Tablet
617312 atorvastatin 20 MG|197361 amlodipine 5 MG Oral Tablet|308136 amlodipine 2.5 MG Oral Tablet
310798 hydrochlorothiazide 25 MG Oral Tablet|198211 simvastatin 40 MG Oral Tablet
312961 simvastatin 20 MG Oral Tablet|966222 levothyroxine sodium 0.075 MG Oral Tablet
866924 metoprolol tartrate 25 MG Oral Tablet|866436 metoprolol succinate 50 MG|979480 losartan potassium 50 MG
979492 losartan|313782 acetaminophen 325 MG Oral Tablet|310965 ibuprofen 200 MG Oral Tablet
243670 aspirin 81 MG Oral Tablet|309362 clopidogrel 75 MG Oral Tablet|855332 warfarin sodium 5 MG Oral Tablet
313988 furosemide 40 MG Oral Tablet|308182 amoxicillin 250 MG Oral Capsule
562251 amoxicillin 250 MG / clavulanate 125 MG|834061 penicillin V potassium 250 MG|308460 azithromycin 250 MG
745679 albuterol|895994 fluticasone|106892 insulin human|311034 insulin regular human 100 UNT/ML
312617 prednisone 5 MG Oral Tablet|197604 digoxin 0.125 MG Oral Tablet|833036 captopril 25 MG
314077 lisinopril 20 MG|1049221 acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet
1049635 acetaminophen 325 MG / oxycodone 2.5 MG
856987 acetaminophen 300 MG / hydrocodone bitartrate 5 MG Oral Tablet|1735006 2 ML fentanyl 0.05 MG/ML Injection
1808217 propofol|313002 sodium chloride 9 MG/ML|1020137 dextromethorphan|1014676 cetirizine hydrochloride 5 MG
310325 ferrous sulfate 325 MG
""".replace("\n", "|")


def unrelated() -> list[tuple[str, str, str]]:
    """Return (system, code, display) triples, each code of a system once."""
    return sorted(
        {*_icd10(), *_numbers(), *_listed(SNOMED, _SNOMED), *_listed(LOINC, _LOINC), *_listed(RXNORM, _RXNORM)}
    )


def _icd10() -> Iterator[tuple[str, str, str]]:
    for letter, last in {**_CHAPTERS, **_MORE}.items():
        yield from ((ICD10, f"{letter}{number:02d}", "") for number in range(last + 1))
    for stem in _LEAVES:
        yield from ((ICD10, f"{stem}{number}", "") for number in range(10) if "." in stem)


def _numbers() -> Iterator[tuple[str, str, str]]:
    yield from ((HCPCS, f"A{number}", "") for number in range(4206, 4406))
    yield from ((HCPCS, f"E0{number}", "") for number in range(100, 200))
    yield from ((CPT, str(number), "") for number in (*range(20000, 20100), *range(71010, 71060), *range(99202, 99216)))
    yield from ((DRG, f"{number:03d}", "") for number in (*range(1, 100), *range(280, 320), 470, 522, 523, 871, 872))
    yield from ((ICD9, f"{number}.{leaf}", "") for number in (*range(401, 415), *range(460, 494)) for leaf in "01")


def _listed(system: str, written: str) -> Iterator[tuple[str, str, str]]:
    for row in written.split("|"):
        code, _, display = row.strip().partition(" ")
        if code:
            yield system, code, display
