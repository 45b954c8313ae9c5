"""Opening a ledger: founded once, with one name and one clock, and nothing secret on display."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from opsledger_ledger.bootstrap.founding import new_secret
from opsledger_ledger.bootstrap.opening import open_ledger
from opsledger_ledger.clock import ScriptedClock, SystemClock
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.errors import ClockMismatch, ClockUnreadable, NameMismatch, NotFounded
from opsledger_ledger.recording.log import LogInUse, NewEntry
from opsledger_ledger.recording.sqlite_log import open_log

EARLY = "2026-03-01T01:00:00.000000Z"
LATE = "2026-03-02T01:00:00.000000Z"


def scripted(directory: Path, instant: str = EARLY) -> LedgerSettings:
    """Settings for a ledger under a scripted clock."""
    file = directory / "now"
    file.write_text(f"{instant}\n", encoding="ascii")
    return LedgerSettings(directory=directory / "ledger", clock="scripted", clock_file=file)


def test_a_ledger_is_founded_once(tmp_path: Path) -> None:
    """The key of the first administrator comes with the founding and never again."""
    settings = LedgerSettings(directory=tmp_path)
    with open_ledger(settings) as ledger:
        key = ledger.administrator_key
        assert key is not None
        assert key.token == f"opl_administrator_{key.secret}"
        assert key.secret not in repr(key)
        assert key.secret not in repr(ledger)
        state = ledger.credentials.verified("administrator", key.secret, ledger.clock.now())
        assert state.scopes == ("administrator",)
        assert ledger.log.head().position == 3
    with open_ledger(settings) as ledger:
        assert ledger.administrator_key is None
        assert ledger.log.head().position == 3
        assert ledger.signal.position == 3


def test_no_secret_is_in_the_directory(tmp_path: Path) -> None:
    """Only the digest of the key is stored."""
    with open_ledger(LedgerSettings(directory=tmp_path)) as ledger:
        key = ledger.administrator_key
        assert key is not None
    for file in tmp_path.rglob("*"):
        assert key.secret.encode() not in file.read_bytes()


def test_a_ledger_is_opened_by_its_own_name_only(tmp_path: Path) -> None:
    """The name is in every entry, so that it cannot change."""
    open_ledger(LedgerSettings(directory=tmp_path, name="north")).close()
    with pytest.raises(NameMismatch, match="'north', not 'south'"):
        open_ledger(LedgerSettings(directory=tmp_path, name="south"))


def test_a_scripted_ledger_never_passes_for_a_real_one(tmp_path: Path) -> None:
    """Founded under a script, it cannot be opened with the machine's clock, nor the reverse."""
    settings = scripted(tmp_path)
    with open_ledger(settings) as ledger:
        assert ledger.log.head().recorded_at == EARLY
    with pytest.raises(ClockMismatch):
        open_ledger(LedgerSettings(directory=settings.directory))
    open_ledger(LedgerSettings(directory=tmp_path / "real")).close()
    with pytest.raises(ClockMismatch):
        open_ledger(settings.model_copy(update={"directory": tmp_path / "real"}))


def test_a_log_that_was_not_founded_is_not_opened(tmp_path: Path) -> None:
    """Entries without a founding are not a ledger."""
    settings = LedgerSettings(directory=tmp_path / "one")
    with open_ledger(settings) as ledger:
        entry = ledger.log.entries(1, 1)[0]
        recorded_at = ledger.log.head().recorded_at
    log = open_log(tmp_path / "two")
    with log.begin() as batch:
        batch.append([NewEntry(entry.stream, 1, entry.type, entry.entry)], recorded_at)
    log.close()
    with pytest.raises(NotFounded):
        open_ledger(LedgerSettings(directory=tmp_path / "two"))
    # What could not be opened is closed again.
    open_log(tmp_path / "two").close()


def test_a_directory_is_opened_once_at_a_time(tmp_path: Path) -> None:
    """Two writers on one log would be two truths."""
    settings = LedgerSettings(directory=tmp_path)
    with open_ledger(settings), pytest.raises(LogInUse):
        open_ledger(settings)
    open_ledger(settings).close()


def test_the_scripted_clock_follows_its_file_and_never_goes_back(tmp_path: Path) -> None:
    """It stands still where the file says, or at the latest instant seen."""
    file = tmp_path / "now"
    file.write_text(EARLY, encoding="ascii")
    clock = ScriptedClock(file)
    assert clock.now() == clock.now() == EARLY
    file.write_text(LATE, encoding="ascii")
    assert clock.now() == LATE
    file.write_text(EARLY, encoding="ascii")
    assert clock.now() == LATE


@pytest.mark.parametrize("content", [None, "", "yesterday", "2026-02-30T00:00:00.000000Z", "é"])
def test_a_clock_file_without_an_instant_is_an_error(tmp_path: Path, content: str | None) -> None:
    """Nothing is recorded under a guessed time."""
    file = tmp_path / "now"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ClockUnreadable):
        ScriptedClock(file)


def test_the_system_clock_has_the_fixed_form() -> None:
    """Six digits of a second, so that text order is time order."""
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert len(first) == len(EARLY)
    assert EARLY < first <= second


@pytest.mark.parametrize(
    "wrong",
    [
        {"clock": "scripted"},
        {"clock_file": "now"},
        {"name": "a b"},
        {"port": 65_536},
        {"queue_max": 0},
        {"unknown": 1},
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_are_refused(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    """Before anything is opened."""
    with pytest.raises(ValidationError):
        LedgerSettings.model_validate({"directory": tmp_path} | wrong)


def test_settings_come_from_the_environment_and_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read once; loopback unless somebody says otherwise."""
    monkeypatch.setenv("OPSLEDGER_LEDGER_DIRECTORY", os.fspath(tmp_path))
    monkeypatch.setenv("OPSLEDGER_LEDGER_PORT", "1234")
    settings = LedgerSettings()
    assert (settings.directory, settings.port, settings.host) == (tmp_path, 1234, "127.0.0.1")
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_secrets_are_long_and_plain() -> None:
    """Letters and digits only, since an underscore ends the identifier of a key."""
    drawn = {new_secret() for _ in range(20)}
    assert len(drawn) == 20
    assert all(len(secret) == 43 and secret.isalnum() and secret.isascii() for secret in drawn)
