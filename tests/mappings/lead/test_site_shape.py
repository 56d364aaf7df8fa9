"""The LEAD file as text and as shape: every way it is refused, with its place and its rule."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.lead.site_file import LeadFileError, read_lead_file
from tests.mappings.lead.lead_file import CANARY, Json, fault, places, put, read, refused, whole

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(["none", "event:", "all"])
)
JSON = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=5)


class TestText:
    @pytest.mark.parametrize(
        ("content", "path", "rule"),
        [
            (b"", "file", "must be json, line 1 column 1 is not"),
            (b"{", "file", "must be json, line 1 column 2 is not"),
            (b"\xff\xfe{}", "file", "must be utf-8, byte 0 is not"),
            ("\ufeff{}".encode(), "file", "must be json, line 1 column 1 is not"),
            (b"[]", "file", "must be an object"),
            (b"null", "file", "must be an object"),
            (b'{"rois": [], "rois": []}', "file", "must not hold one name twice: `rois`"),
            (b'{"Ray Alder": 1, "Ray Alder": 2}', "file", "must not hold one name twice: `?`"),
            (
                b'{"rois": [{"grants": [{"expires": "a", "expires": "b"}]}]}',
                "rois[0].grants[0]",
                "one name twice: `expires`",
            ),
            (b'{"records": [{"resource": {"value": NaN}}]}', "records[0].resource.value", "must be a finite number"),
            (b'{"records": [{"resource": {"value": -Infinity}}]}', "records[0].resource.value", "finite number"),
            (b'{"records": [{"resource": {"value": 1e999}}]}', "records[0].resource.value", "finite number"),
            (b'{"site": {"name": "\\ud800"}}', "site.name", "must not hold half of a surrogate pair"),
            (b'{"site": {"name": "a\\u0000"}}', "site.name", "must not hold the character NUL"),
            (b'{"site": ' + b"[" * 100_000, "file", "must be nested at most 64 deep"),
            (b'{"records": [{"resource": ' + b'{"a":' * 70 + b"1" + b"}" * 72, "", "must be"),
            (b'{"site": ' + b"9" * 5000 + b"}", "file", "must hold numbers of a reasonable length"),
        ],
    )
    def test_is_refused_with_its_place(self, content: bytes, path: str, rule: str) -> None:
        with pytest.raises(LeadFileError) as caught:
            read_lead_file(content)
        assert caught.value.__context__ is None
        assert path in caught.value.path
        assert rule in caught.value.rule

    def test_too_deep_is_refused(self) -> None:
        deep: object = 1
        for _ in range(70):
            deep = [deep]
        assert refused({"records": deep}).rule == "must be nested at most 64 deep"

    def test_an_odd_name_is_not_repeated(self) -> None:
        error = refused({CANARY: 1})
        assert error.path == "?"
        assert CANARY not in str(error)


class TestShape:
    @pytest.mark.parametrize(
        ("path", "value", "place", "rule"),
        [
            ("colour", 1, "colour", "is not a key of this format"),
            ("rois.0.grants.0.extra", 1, "rois[0].grants[0].extra", "is not a key of this format"),
            ("site.timezone", "Cedar/County", "site.timezone", "must be a time zone of the IANA list"),
            ("site.timezone", "../../etc/passwd", "site.timezone", "must be a time zone of the IANA list"),
            ("site.state", "wa", "site.state", "must have the form `^[A-Z]{2}$`"),
            ("site.legal_role", "DELETE", "site.legal_role", "is required"),
            ("site.cj_2_35_enabled", 1, "site.cj_2_35_enabled", "must be true or false"),
            ("organizations.0.kind", "coven", "organizations[0].kind", "must be one of case-management"),
            ("organizations.0.id", "org cm", "organizations[0].id", "must have the form"),
            ("organizations.0.name", "  ", "organizations[0].name", "must not be blank"),
            ("organizations.0.agreement_expires", "2027-02-30", "organizations[0].agreement_expires", "calendar"),
            ("organizations.0.agreement_expires", 20270228, "organizations[0].agreement_expires", "must be a day"),
            ("organizations.0.classes", ["friends"], "organizations[0].classes[0]", "must be one of treating"),
            ("organizations", {}, "organizations", "must be a list"),
            ("participants.0", [], "participants[0]", "must be an object"),
            ("participants.0.enrolled", "true", "participants[0].enrolled", "must be true or false"),
            ("participants.0.birth_date", "1986-3-2", "participants[0].birth_date", "must be a day, `YYYY-MM-DD`"),
            ("participants.0.name.given", [], "participants[0].name.given", "must hold at least one entry"),
            ("participants.0.name.family", 7, "participants[0].name.family", "must be a text"),
            ("intakes.0.completed_at", "2026-11-20", "intakes[0].completed_at", "offset"),
            ("plans.0.goals.0.dimension", "money", "plans[0].goals[0].dimension", "must be one of health"),
            ("intakes.0.completed_at", "2026-11-20T24:00:00Z", "intakes[0].completed_at", "calendar"),
            ("intakes.0.completed_at", "2026-11-20T09:00:00+25:00", "intakes[0].completed_at", "calendar"),
            ("intakes.0.completed_at", "2026-11-20T09:00:00+05:75", "intakes[0].completed_at", "offset"),
            ("intakes.0.completed_at", "2026-11-20T09:00:00z", "intakes[0].completed_at", "offset"),
            ("intakes.0.completed_at", "\u0662026-11-20T09:00:00Z", "intakes[0].completed_at", "offset"),
            ("rois.0.grants.0.expires", "9999-12-31T23:59:59-08:00", "rois[0].grants[0].expires", "between the years"),
            ("plans.0.goals", [], "plans[0].goals", "must hold at least one entry"),
            (
                "rois.0.signed_at",
                "2026-10-01T10:00:00",
                "rois[0].signed_at",
                "must be a time with seconds and an offset",
            ),
            ("rois.0.signed_at", "2026-13-01T10:00:00Z", "rois[0].signed_at", "must be a time of the calendar"),
            ("rois.0.signed_at", "DELETE", "rois[0].signed_at", "is required, 42 CFR 2.31(a)(9)"),
            ("rois.0.patient_name", "DELETE", "rois[0].patient_name", "is required, 42 CFR 2.31(a)(1)"),
            ("rois.0.grants.0.expires", "DELETE", "rois[0].grants[0].expires", "is required, 42 CFR 2.31(a)(7)"),
            (
                "rois.0.grants.0.expires",
                "2027-10-01",
                "rois[0].grants[0].expires",
                "must be a time with seconds and an offset, `event",
            ),
            ("rois.0.grants.0.expires", "event: ", "rois[0].grants[0].expires", "must name the event after `event:`"),
            ("rois.0.grants.0.purposes", ["snooping"], "rois[0].grants[0].purposes[0]", "must be one of treatment"),
            ("rois.0.grants.0.categories", "progress", "rois[0].grants[0].categories", "must be a list"),
            ("rois.0.grants.0.recipient", ["*"], "rois[0].grants[0].recipient[0]", "must have the form"),
            ("rois.0.grants.0.recipient", ["class:all"], "rois[0].grants[0].recipient[0]", "a known class"),
            ("rois.0.kind", "waiver", "rois[0].kind", "must be one of roi"),
            (
                "rois.0.revocations",
                [{"at": "2026-10-02T10:00:00Z", "grants": "some", "mode": "oral"}],
                "rois[0]",
                "`all`",
            ),
            ("records.0.category", "gossip", "records[0].category", "must be one of identity"),
            ("records.0.source", "DELETE", "records[0].source", "is required"),
            ("records.0.resource", [], "records[0].resource", "must be an object"),
        ],
    )
    def test_is_refused_with_its_place(self, path: str, value: object, place: str, rule: str) -> None:
        where, why = fault(path, value)
        assert where.startswith(place)
        assert rule in why


class TestAddressesAndKeys:
    @pytest.mark.parametrize(
        ("url", "rule"),
        [
            ("http://prosecutor.invalid/fhir", "must be https, or http on this machine"),
            ("ftp://prosecutor.invalid", "must be https, or http on this machine"),
            ("https://", "must be https, or http on this machine"),
            ("https://[::1", "must be an address"),
            ("https://a:99999/", "must be an address"),
            ("https://name:word@prosecutor.invalid/", "must hold no credential, query or fragment"),
            ("https://prosecutor.invalid/?participant=1", "must hold no credential, query or fragment"),
        ],
    )
    def test_an_endpoint_is_refused(self, url: str, rule: str) -> None:
        assert fault("organizations.1.endpoint", {"url": url, "kind": "fhir"}) == (
            "organizations[1].endpoint.url",
            rule if rule != "must be an address" else "must be an address, `https://host/path`",
        )

    @pytest.mark.parametrize(
        "url", ["https://da.invalid/fhir", "http://127.0.0.1:9/fhir", "http://localhost/", "http://[::1]:1/"]
    )
    def test_an_endpoint_is_taken(self, url: str) -> None:
        file = whole()
        put(file, "organizations.1.endpoint", {"url": url, "kind": "fhir"})
        endpoint = read(file).partners[1].endpoint
        assert endpoint is not None
        assert endpoint.url == url

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            ({"kid": "DELETE"}, "must give every key a `kid`"),
            ({"d": "secret"}, "must hold public keys only"),
            ({"kty": "oct", "k": "secret"}, "must hold public keys only"),
            ({"crv": "P-256"}, "must hold P-384 keys or RSA keys of 2048 bits or more"),
            ({"kty": "RSA", "n": "short", "e": "AQAB"}, "must hold P-384 keys or RSA keys of 2048 bits or more"),
            ({"y": ""}, "must hold P-384 keys or RSA keys of 2048 bits or more"),
        ],
    )
    def test_a_key_is_refused(self, change: Json, rule: str) -> None:
        file = whole()
        for name, value in change.items():
            put(file, f"clients.0.jwks.keys.0.{name}", value)
        error = refused(file)
        assert (error.path, error.rule) == ("clients[0].jwks", rule)

    @pytest.mark.parametrize("jwks", [{}, {"keys": []}, [], "https://da.invalid/jwks", {"keys": [], "more": 1}])
    def test_a_key_set_is_refused(self, jwks: object) -> None:
        assert fault("clients.0.jwks", jwks)[1] == "must be a key set, `keys` with at least one key"

    def test_two_keys_with_one_kid_are_refused(self) -> None:
        file = whole()
        keys = file["clients"][0]["jwks"]["keys"]
        keys.append(dict(keys[0]))
        assert refused(file).rule == "must not give one `kid` to two keys"

    @pytest.mark.parametrize("scope", ["patient/Task.c", "system/*.cruds", "system/Task.", "system/Task.x", "openid"])
    def test_a_scope_is_refused(self, scope: str) -> None:
        assert fault("clients.0.scopes", [scope])[0] == "clients[0].scopes[0]"

    def test_no_scope_is_refused(self) -> None:
        assert fault("clients.0.scopes", []) == ("clients[0].scopes", "must hold at least one entry")

    def test_an_rsa_key_is_taken(self) -> None:
        file = whole()
        put(file, "clients.0.jwks.keys.0", {"kty": "RSA", "n": "n" * 342, "e": "AQAB", "kid": "k1"})
        assert read(file).clients[0].scopes == {"system/Task.c"}


class TestNothingElseIsRaised:
    @given(st.binary(max_size=200))
    def test_for_any_bytes(self, content: bytes) -> None:
        with contextlib.suppress(LeadFileError):
            read_lead_file(content)

    @given(st.sampled_from(places(whole())), JSON)
    def test_for_any_json_in_any_place(self, path: str, value: object) -> None:
        file = whole()
        put(file, path, value)
        try:
            read(file)
        except LeadFileError as error:
            told = (str(error), error.__context__)
        else:
            told = ("", None)
        assert "\n" not in told[0]
        assert told[1] is None
