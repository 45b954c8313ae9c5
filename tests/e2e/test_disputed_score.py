"""S1 and S2 through HTTP, on each database, with ledger and projections as processes of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from opsledger.story.cast import AUDITOR, ROLES, SUBSCRIBER
from opsledger.story.chapters import CHAPTERS, PEOPLE
from opsledger.story.founding import FOUNDED
from opsledger.story.player import Player
from opsledger.story.step import Step
from support.command_line import Serving, run, serving, wait_for_views
from support.service_places import ON_EACH_DATABASE, service_places

pytestmark = pytest.mark.xdist_group("played")


@dataclass
class Played:
    """The story, played; both services still run."""

    ledger: Serving
    read_side: Serving
    ledger_url: str
    read_url: str
    player: Player
    directory: Path

    def read(self, path: str, **parameters: Any) -> Any:
        """Read JSON from the read side as the auditor."""
        answer = httpx2.get(
            self.read_url + path, params=parameters, headers=self.headers("AUDITOR")
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def headers(self, position: str) -> dict[str, str]:
        """Give the headers of a person of the story."""
        return {"Authorization": f"Bearer {self.player.key_of(position)}"}

    def ask(self, *arguments: object) -> Any:
        """Ask on the command line as the auditor; gives status and JSON."""
        ran = run(
            *arguments,
            "--json",
            environment={
                "OPSLEDGER_URL": self.read_url,
                "OPSLEDGER_LEDGER_URL": self.ledger_url,
                "OPSLEDGER_KEY": self.player.key_of("AUDITOR"),
            },
        )
        return ran.status, orjson.loads(ran.out)


@pytest.fixture(scope="module", params=ON_EACH_DATABASE)
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """Two service processes, and the story played through their public APIs."""
    folder = tmp_path_factory.mktemp("played")
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
        for step in PEOPLE.steps():
            player.play(step)
        for step in player.introduce((*ROLES, AUDITOR, SUBSCRIBER), FOUNDED):
            player.play(step)
        reader_key.write_text(player.key_of("PAYROLL"))
        with serving(
            *("projections", "serve", *places.views, "--port", 0),
            *("--ledger-url", ledger_url, "--key-file", reader_key, "--clock-file", clock_file),
            log=folder / "views.log",
        ) as read_side:
            read_url = read_side.address("read side")
            for chapter in CHAPTERS:
                for step in chapter.steps():
                    player.play(step)
            wait_for_views(read_url, player.key_of("AUDITOR"), player.position())
            yield Played(ledger, read_side, ledger_url, read_url, player, folder)
            player.close()


def test_the_score_versions_come_out_to_the_digit(played: Played) -> None:
    """S1 and S2: 94.37 (B) superseded by 96.26 (A), which is final; both stay readable (R160)."""
    sheet = played.read("/v1/assessments/A-BJ-2026")["assessment"]
    versions = [
        (version["total"], version["grade"], version["state"])
        for version in sheet["score_versions"]
    ]
    assert versions == [("94.37", "B", "superseded"), ("96.26", "A", "final")]
    assert sheet["rescores"][-1]["delta"] == "1.89"


def test_a_read_as_of_the_past_still_gives_the_old_score(played: Played) -> None:
    """R161: known_at cuts every view; on 2027-02-01 the score was 94.37, provisional."""
    sheet = played.read("/v1/assessments/A-BJ-2026", known_at="2027-02-01")["assessment"]
    assert [version["state"] for version in sheet["score_versions"]] == ["provisional"]
    assert sheet["total"] == "94.37"


def test_the_letter_reads_on_both_axes(played: Played) -> None:
    """R117: N01 was due 05-29 until the amendment took effect, and later that is still readable."""

    def due(**cuts: str) -> str:
        revision = played.read("/v1/letters/BJ-2026", **cuts)["revision"]
        items = {item["item"]: item for item in revision["document"]["items"]}
        return str(items["N01"]["due"])

    assert due() == "2026-06-03"
    assert due(known_at="2026-06-01") == "2026-05-29"
    assert due(valid_at="2026-05-01") == "2026-05-29"


def test_the_explanation_matches_the_record(played: Played) -> None:
    """R141: the assessed party reads its own tree; it is recomputed and has the recorded digest."""
    answer = httpx2.get(
        f"{played.read_url}/v1/assessments/A-BJ-2026/explanation",
        params={"run": 1, "lang": "zh"},
        headers=played.headers("BJ-GM"),
    ).json()
    assert answer["matches"] is True
    assert (answer["total"], answer["grade"]) == ("94.37", "B")
    assert any("N01" in line for line in answer["lines"])


def test_replays_answer_on_the_command_line(played: Played) -> None:
    """R157, R158: verify is bit-identical (0), as-of differs (1), a counterfactual is watermarked."""
    status, verified = played.ask("replay", "A-BJ-2026", "--run", 1)
    assert (status, verified["matches"]) == (0, True)
    status, as_of = played.ask("replay", "A-BJ-2026", "--run", 1, "--mode", "as-of")
    assert (status, as_of["replayed"]["total"], as_of["delta"]) == (1, "96.26", "1.89")
    assert (as_of["first_difference"]["item"], as_of["first_difference"]["clause"]) == (
        "N01",
        "6.2",
    )
    _, excluded = played.ask(
        *("replay", "A-BJ-2026", "--mode", "counterfactual"),
        *("--override", "adjustments.AD-N01.treatment=exclude"),
    )
    assert (excluded["replayed"]["total"], excluded["official"]) == ("97.50", False)
    assert excluded["watermark"]["zh"]


def test_the_history_of_a_letter_has_everything_around_it(played: Played) -> None:
    """R162: who, when at two times, in which post, over the letter and all that belongs to it."""
    status, history = played.ask("history", "BJ-2026")
    assert status == 0
    nouns = {event["stream"].partition("/")[0] for event in history["trail"]}
    assert nouns >= {
        "letter",
        "case",
        "conflict",
        "adjustment",
        "work_item",
        "assessment",
        "dispute",
        "replay",
        "distribution",
        "result",
    }
    positions = [event["position"] for event in history["trail"]]
    assert positions == sorted(positions)
    assert [revision["revision"] for revision in history["revisions"]] == [1, 2]


def test_the_approval_trail_names_posts_and_content(played: Played) -> None:
    """R038, R040: each act with its post, in order, over one content hash."""
    status, trail = played.ask("trail", "C-BJ-2026")
    assert (status, trail["case"]["status"]) == (0, "archived")
    hashes = {
        act["fields"]["subject_hash"]
        for act in trail["case"]["acts"]
        if "subject_hash" in act["fields"]
    }
    assert hashes == {trail["case"]["subject_hash"]}


def test_payroll_sees_the_correction_once_and_in_order(played: Played) -> None:
    """R164: a subscriber that was offline catches up from its cursor in one gapless order."""
    after, seen = 0, []
    while True:
        page = httpx2.get(
            f"{played.ledger_url}/v1/events",
            params={"after": after, "limit": 100},
            headers={
                **played.headers("PAYROLL"),
                "Accept": "application/x-ndjson;profile=positions",
            },
        )
        lines = [orjson.loads(line) for line in page.content.splitlines()]
        if not lines:
            break
        seen += lines
        after = lines[-1]["position"]
    assert [line["position"] for line in seen] == list(range(1, played.player.position() + 1))
    superseded = [
        line for line in seen if line["entry"]["type"] == "assessment.score_superseded.v1"
    ]
    flagged = [line for line in seen if line["entry"]["type"] == "result.application_flagged.v1"]
    assert (len(superseded), len(flagged)) == (1, 2)


def test_the_log_is_sound_and_the_views_equal_their_rebuild(played: Played) -> None:
    """R161: everything is recomputed from the entries; rebuilt views equal the served ones."""
    status, verified = played.ask("verify")
    assert (status, verified["verdict"]["sound"]) == (0, True)
    status, rebuilt = played.ask("rebuild")
    assert (status, rebuilt["equal"]) == (0, True)
    assert len(rebuilt["views"]) > 20


def test_no_name_of_a_person_is_in_an_entry(played: Played) -> None:
    """Names are salted commitments; no entry holds one in the clear."""
    entries = httpx2.get(
        f"{played.ledger_url}/v1/events",
        params={"types": "person.registered.v1"},
        headers={**played.headers("AUDITOR"), "Accept": "application/x-ndjson"},
    ).text
    assert entries.count("name_commitment") == len({*ROLES, AUDITOR, SUBSCRIBER}) + 1
    for role in (*ROLES, AUDITOR, SUBSCRIBER):
        assert f'"{role.name}"' not in entries


def test_nobody_reads_without_a_key(played: Played) -> None:
    """Default is deny, on both services; a payroll key reads the feed and no view."""
    assert httpx2.get(f"{played.ledger_url}/v1/events").status_code == 401
    assert httpx2.get(f"{played.read_url}/v1/views").status_code == 401
    refused = httpx2.get(f"{played.read_url}/v1/views", headers=played.headers("PAYROLL"))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


def test_operations_see_every_item_on_one_board(played: Played) -> None:
    """R102, R109, R007: the board shows each item in force with its work, level and dates."""
    rows = played.read("/v1/views/plan_board", letter="BJ-2026", kind="item")["rows"]
    board = {row["body"]["terms"]["item"]: row["body"] for row in rows}
    assert len(board) == 9
    assert (board["N01"]["status"], board["N01"]["actual_date"]) == ("verified", "2026-06-08")
    assert board["N01"]["terms"]["node_level"] == 1
    then = played.read(
        "/v1/views/plan_board", letter="BJ-2026", kind="item", known_at="2026-05-01"
    )["rows"]
    before = {row["body"]["terms"]["item"]: row["body"] for row in then}
    assert (before["N01"]["percent"], before["N01"]["forecast"]) == (70, "2026-05-29")


def test_a_supporting_unit_follows_the_changes_of_a_plan(played: Played) -> None:
    """R076: one question to the feed gives every revision of a letter, from any position on."""
    answer = httpx2.get(
        f"{played.ledger_url}/v1/events",
        params={"types": "letter.amended.v1"},
        headers={**played.headers("PAYROLL"), "Accept": "application/x-ndjson"},
    )
    amended = [orjson.loads(line) for line in answer.content.splitlines()]
    assert [entry["subject"] for entry in amended] == ["letter/BJ-2026", "letter/LG-2026"]
