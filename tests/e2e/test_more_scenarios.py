"""S4 and S5 through HTTP: the monthly letter, and the veto; one ledger process and its read side."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from opsledger.story.cast import AUDITOR, LATER_ROLES, ROLES, SUBSCRIBER
from opsledger.story.founding import FOUNDED
from opsledger.story.monthly import ASSESSMENT as MONTHLY_ASSESSMENT
from opsledger.story.monthly import LETTER as MONTHLY_LETTER
from opsledger.story.monthly import MONTHLY
from opsledger.story.player import Player
from opsledger.story.setting import NEWCOMERS, SETTING
from opsledger.story.step import Step
from opsledger.story.veto import ASSESSMENT, DISTRIBUTION, GROUP, INCIDENT, VETO
from support.command_line import serving, wait_for_views
from support.later_stories import steps_of
from support.service_places import ON_EACH_DATABASE, service_places

pytestmark = pytest.mark.xdist_group("more_played")


@dataclass
class Played:
    """Both stories, played on one ledger; the read side has followed."""

    read_url: str
    player: Player

    def read(self, path: str, **parameters: Any) -> Any:
        """Read JSON from the read side as the auditor."""
        answer = httpx2.get(
            self.read_url + path,
            params=parameters,
            headers={"Authorization": f"Bearer {self.player.key_of('AUDITOR')}"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def replay(self, assessment: str, **request: Any) -> Any:
        """Ask the read side for a replay."""
        answer = httpx2.post(
            f"{self.read_url}/v1/assessments/{assessment}/replay",
            json=request,
            headers={"Authorization": f"Bearer {self.player.key_of('AUDITOR')}"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module", params=ON_EACH_DATABASE)
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """A ledger and a read side as processes, and both stories played through the public API."""
    folder: Path = tmp_path_factory.mktemp("more")
    places = service_places(request, folder)
    clock_file, key_file, reader_key = folder / "clock", folder / "first.key", folder / "reader.key"
    clock_file.write_text(Step(at=FOUNDED, by="admin", do="", en="", zh="").moment())
    with serving(
        *("ledger", "serve", *places.ledger, "--name", "HX", "--port", 0),
        *("--clock-file", clock_file, "--key-file", key_file),
        log=folder / "ledger.log",
    ) as ledger:
        ledger_url = ledger.address("ledger")
        player = Player(ledger_url, key_file.read_text().strip(), clock_file)
        for chapter in NEWCOMERS:
            for step in chapter.steps():
                player.play(step)
        for step in player.introduce((*ROLES, *LATER_ROLES, AUDITOR, SUBSCRIBER), FOUNDED):
            player.play(step)
        reader_key.write_text(player.key_of("PAYROLL"))
        with serving(
            *("projections", "serve", *places.views, "--port", 0),
            *("--ledger-url", ledger_url, "--key-file", reader_key, "--clock-file", clock_file),
            log=folder / "views.log",
        ) as read_side:
            read_url = read_side.address("read side")
            for step in steps_of((*SETTING, *MONTHLY, *VETO)):
                player.play(step)
            wait_for_views(read_url, player.key_of("AUDITOR"), player.position())
            yield Played(read_url, player)
            player.close()


def test_the_month_comes_out_to_the_digit(played: Played) -> None:
    """S4, R130: 90.00 by 0.6 x 92.66 + 0.4 x 86, good since the band compares the rounded total."""
    sheet = played.read(f"/v1/assessments/{MONTHLY_ASSESSMENT}")["assessment"]
    assert (sheet["total"], sheet["operating_status"]) == ("90.00", "good")
    scores = {row["component"]: row["score"] for row in sheet["components"]}
    assert (scores["letter"], scores["satisfaction"]) == ("92.6590", "86.0000")
    explained = played.read(f"/v1/assessments/{MONTHLY_ASSESSMENT}/explanation", lang="en")
    assert explained["matches"] is True
    assert explained["tree"]["params"]["basis"] == "rounded"
    assert "the rounded total 90" in explained["lines"][0]


def test_the_weights_are_shown_so_that_they_total_one_hundred(played: Played) -> None:
    """S4, R116, R117: every revision of the letter with its exact and its displayed weights."""
    history = played.read(f"/v1/letters/{MONTHLY_LETTER}/history")
    in_force = [row for row in history["revisions"] if row["revision"]]
    assert [row["displayed_weights"] for row in in_force] == [
        {"A": "30.00", "B": "25.00", "C": "20.00", "D": "15.00", "E": "10.00"},
        {"A": "27.00", "B": "22.50", "C": "18.00", "D": "13.50", "E": "9.00", "F": "10.00"},
        {"A": "31.21", "B": "26.01", "C": "20.81", "E": "10.41", "F": "11.56"},
    ]
    assert in_force[-1]["document"]["items"][0]["weight"] == "5400/173"


def test_the_letter_reads_as_of_any_day_of_the_month(played: Played) -> None:
    """S4: five items, six from 03-12, five again from 03-20, by validity and by knowledge."""
    for cut in ("valid_at", "known_at"):
        counts = [
            len(
                played.read(f"/v1/letters/{MONTHLY_LETTER}", **{cut: day})["revision"][
                    "displayed_weights"
                ]
            )
            for day in ("2026-03-11", "2026-03-12", "2026-03-19", "2026-03-20")
        ]
        assert counts == [5, 6, 6, 5]


@pytest.mark.parametrize(
    ("known_at", "total", "grade", "versions"),
    [
        ("2027-02-01", "88.40", "B", 1),
        ("2027-03-01", "59.99", "E", 2),
        ("2027-06-01", "88.40", "B", 3),
    ],
)
def test_all_three_answers_stay_readable(
    played: Played, known_at: str, total: str, grade: str, versions: int
) -> None:
    """S5, R136: as known at each time; the sheet shows every version published by then."""
    sheet = played.read(f"/v1/assessments/{ASSESSMENT}", known_at=known_at)["assessment"]
    assert (sheet["total"], sheet["grade"]) == (total, grade)
    published = [(row["score_version"], row["total"]) for row in sheet["score_versions"]]
    assert published == [(1, "88.40"), (2, "59.99"), (3, "88.40")][:versions]
    in_force = [row["incident"] for row in sheet["vetoes"]]
    assert in_force == ([INCIDENT] if versions == 2 else [])


@pytest.mark.parametrize(
    ("run", "known_at", "total"),
    [(1, "2027-02-01", "88.40"), (2, "2027-03-01", "59.99"), (3, "2027-06-01", "88.40")],
)
def test_each_version_is_replayed_as_it_was_known(
    played: Played, run: int, known_at: str, total: str
) -> None:
    """R157, R158: verified bit for bit, and collected again as of its time with the same digest."""
    verified = played.replay(ASSESSMENT, mode="verify", run=run)
    assert verified["matches"] is True
    as_of = played.replay(ASSESSMENT, mode="as_of", run=run, known_at=known_at)
    assert (as_of["matches"], as_of["replayed"]["total"]) == (True, total)


def test_the_status_of_the_group_is_capped_while_the_veto_is_in_force(played: Played) -> None:
    """R129, SR-13: by its score the group stays good in March; the veto allows normal at most."""
    found = []
    for known_at in ("2027-02-01", "2027-03-01", "2027-06-01"):
        [row] = played.read("/v1/views/group_statuses", period="2026", known_at=known_at)["rows"]
        assert row["key"] == GROUP
        found.append((row["body"]["status_by_bands"], row["body"]["operating_status"]))
    assert found == [("excellent", "excellent"), ("good", "normal"), ("excellent", "excellent")]


def test_the_individual_quotas_follow_the_organisation(played: Played) -> None:
    """S5, R145: the grade of the organisation behind the quotas is B, E, and B again."""
    grades = []
    for known_at in ("2027-02-01", "2027-03-01", "2027-06-01"):
        rows = played.read("/v1/views/distributions", known_at=known_at)["rows"]
        grades += [row["body"]["organisation_grade"] for row in rows if row["key"] == DISTRIBUTION]
    assert grades == ["B", "E", "B"]
