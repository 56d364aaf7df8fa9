"""What may be set, and the one line that says what is wrong."""

from datetime import time
from pathlib import Path

import pytest

from gateway.settings import SettingsError, load, quiet_of, unknown_variables

DATA = "postgresql://lead_serve:canary-pass@db/lead"
KEYS = "postgresql://lead_serve:canary-pass@db/lead_keys"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in unknown_variables():
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("LEAD_NEUTRAL_STEP_MS", "0", "greater than or equal to 1"),
        ("LEAD_NEUTRAL_STEP_MS", "canary-pass", "valid integer"),
        ("LEAD_RELEASE_DELAY_SECONDS", "-1", "greater than"),
        ("LEAD_RELEASE_WINDOW_SECONDS", "0", "greater than"),
        ("LEAD_LOG_LEVEL", "canary-pass", "'debug'"),
        ("LEAD_BASE_URL", "gateway.example", "must be an `http://`"),
        ("LEAD_BASE_URL", "https://canary-pass@gateway.example", "without query"),
        ("LEAD_DATABASE_URL", "mysql://x:canary-pass@db/lead", "must be a `postgresql://` URL"),
        ("LEAD_SMTP_URL", "http://x:canary-pass@mail.example", "must be an `smtp://`"),
        ("LEAD_SMTP_URL", "smtp+plain://x:canary-pass@mail.example", "must use TLS beyond this machine"),
        ("LEAD_SMTP_FROM", "canary-pass", "must be one e-mail address"),
        ("LEAD_NUDGE_QUIET_HOURS", "canary-pass", "must be `HH:MM-HH:MM`"),
        ("LEAD_NUDGE_QUIET_HOURS", "21:00-21:00", "two different times"),
        ("LEAD_NUDGE_QUIET_HOURS", "25:00-07:00", "must be `HH:MM-HH:MM`"),
        ("LEAD_NUDGE_QUIET_HOURS", "21:00-07:00-08:00", "must be `HH:MM-HH:MM`"),
    ],
)
def test_a_bad_value_gives_one_line_with_the_variable_and_the_rule(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, rule: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load()
    said = str(caught.value)
    assert f"`{variable}`: " in said
    assert rule in said
    assert "\n" not in said
    assert "canary-pass" not in said


def test_an_override_that_is_no_setting_is_refused() -> None:
    with pytest.raises(SettingsError, match="LEAD_COLOUR"):
        load(colour="red")


def test_two_sources_of_the_key_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_KEK_FILE", "/x")
    monkeypatch.setenv("LEAD_KEK_COMMAND", "true")
    with pytest.raises(SettingsError, match="at most one"):
        load()


def test_a_database_without_its_key_store_is_refused() -> None:
    with pytest.raises(SettingsError, match="`LEAD_KEYS_URL`: must be set exactly when"):
        load(database_url=DATA)


def test_keys_in_the_data_database_are_refused() -> None:
    with pytest.raises(SettingsError, match="`LEAD_KEYS_URL`: must be another database"):
        load(database_url=DATA, keys_url=DATA.replace("lead_serve", "another"))


def test_the_defaults_stand_alone() -> None:
    settings = load()
    assert settings.neutral_step_ms == 250
    assert settings.database_url is None


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_DATABASE_URL", "")
    assert load().database_url is None


def test_what_is_given_wins_over_the_environment_and_none_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_DATA_DIR", "/srv/a")
    assert load(data_dir=Path("/srv/b")).data_dir == Path("/srv/b")
    assert load(data_dir=None).data_dir == Path("/srv/a")


def test_urls_get_our_driver_and_hide_their_password() -> None:
    settings = load(database_url=DATA, keys_url=KEYS, base_url="https://gateway.example/")
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value().startswith("postgresql+psycopg://")
    assert "canary-pass" not in repr(settings)
    assert settings.base_url == "https://gateway.example"


def test_a_misspelled_variable_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_DATABSE_URL", "x")
    monkeypatch.setenv("LEAD_KEK_ENV", "LEAD_THE_KEY")
    monkeypatch.setenv("LEAD_THE_KEY", "x")
    assert unknown_variables() == ["LEAD_DATABSE_URL"]


def test_mail_from_nobody_is_refused() -> None:
    with pytest.raises(SettingsError, match="`LEAD_SMTP_FROM`: must be set where"):
        load(smtp_url="smtp://mail.example")


def test_the_password_of_the_mail_server_is_not_shown() -> None:
    settings = load(smtp_url="smtp://gateway:canary-pass@mail.example", smtp_from="gateway@cedar.example")
    assert "canary-pass" not in repr(settings)


def test_quiet_hours() -> None:
    assert quiet_of(load().nudge_quiet_hours) == (time(21), time(7))
    assert quiet_of("none") is None
