"""What the command line prints: tables and trees for people, in Chinese and English data alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.tree import Tree

Body = Mapping[str, Any]


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Make a table; a column whose heading ends in `#` is set to the right."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold cyan",
        show_header=any(columns),
    )
    for column in columns:
        made.add_column(
            column.removesuffix("#"),
            justify="right" if column.endswith("#") else "left",
            overflow="fold",
        )
    for row in rows:
        made.add_row(*("" if cell is None else str(cell) for cell in row))
    return made


def letters(rows: Iterable[Body]) -> Table:
    """Show letters as they stand."""
    return table(
        "target letters 目标责任书",
        ("letter", "title", "unit", "period", "kind", "status", "revision#", "items#"),
        (
            (
                body["id"],
                body["document"]["title"],
                body["document"]["responsible_unit"],
                body["document"]["period"],
                body["document"]["kind"],
                body["status"],
                body["revision"],
                len(body["document"].get("items", ())),
            )
            for body in rows
        ),
    )


def letter(answer: Body) -> Sequence[RenderableType]:
    """Show a letter as of both cuts: its items, its signatures and its commitments."""
    revision = answer["revision"]
    if revision is None:
        return [f"{answer['id']} was not in force on that day (status {answer['status']})."]
    document = revision["document"]
    since = f" · valid from {revision['valid_from']}" if revision.get("valid_from") else ""
    shown: list[RenderableType] = [
        table(
            f"{answer['id']} {document['title']} · revision {revision['revision']}{since} · "
            f"{answer['status']}",
            ("item", "name", "level", "weight#", "clause", "terms", "due"),
            (
                (
                    item["item"],
                    item["name"],
                    item["level"],
                    item["weight"],
                    item["clause"],
                    _terms(item),
                    item.get("due"),
                )
                for item in document.get("items", ())
            ),
        )
    ]
    if answer["signatures"]:
        shown.append(
            table(
                "signatures",
                ("party", "signer", "post", "content hash"),
                (
                    (
                        signature["party"],
                        signature["signer"],
                        signature["position"],
                        _short(signature["content_hash"]),
                    )
                    for signature in answer["signatures"]
                ),
            )
        )
    if answer["commitments"]:
        shown.append(
            table(
                "commitments",
                ("item", "unit", "what", "by"),
                (
                    (given["item"], given["unit"], given["what"], given["by_when"])
                    for given in answer["commitments"]
                ),
            )
        )
    return shown


def _terms(item: Body) -> str:
    numbers = (item.get(name) for name in ("threshold", "target", "stretch"))
    unit = item.get("unit", "")
    return " / ".join(number for number in numbers if number) + (f" {unit}" if unit else "")


def revisions(letter: str, rows: Iterable[Body]) -> Table:
    """Show the revisions of a letter with what each changed."""
    return table(
        f"revisions of {letter}",
        ("revision#", "in force from", "by adjustment", "what changed", "content hash"),
        (
            (
                body["revision"],
                body.get("effective_from"),
                body.get("adjustment"),
                "\n".join(_changes(body.get("changes", ()))),
                body["content_hash"][:16] + "…",
            )
            for body in rows
        ),
    )


def _changes(changes: Iterable[Body]) -> Iterable[str]:
    for change in changes:
        if change.get("added"):
            yield f"{change['item']} added"
        elif change.get("removed"):
            yield f"{change['item']} removed"
        for field in change.get("changes", ()):
            yield f"{change['item']} {field['field']}: {field['from']} → {field['to']}"


def trail(title: str, rows: Iterable[Body]) -> Table:
    """Show events in the order in which they were recorded."""
    return table(
        title,
        ("position#", "recorded", "occurred", "who", "post", "what", "stream", "why"),
        (
            (
                body["position"],
                _minute(body["recorded_at"]),
                _minute(body["occurred_at"]) if body["occurred_at"] != body["recorded_at"] else "",
                body["person"]
                + (f" for {body['on_behalf_of']}" if body.get("on_behalf_of") else ""),
                body.get("acting_position"),
                body["type"].removesuffix(".v1"),
                body["stream"],
                body.get("reason"),
            )
            for body in rows
        ),
    )


def case_acts(body: Body) -> Table:
    """Show the way of an approval case."""
    amount = f" · {body['amount']} CNY" if body.get("amount") else ""
    return table(
        f"case {body['id']} · {body['item']} on {body['subject']}{amount} · {body['status']}",
        ("position#", "recorded", "act", "seq#", "who", "post", "opinion or content hash"),
        (
            (
                act["recorded"]["position"],
                _minute(act["recorded"]["recorded_at"]),
                act["act"],
                act["fields"].get("seq"),
                act["recorded"]["person"],
                act["recorded"].get("acting_position"),
                _short(
                    act["fields"].get("opinion")
                    or act["fields"].get("subject_hash")
                    or act["fields"].get("recipient")
                    or act["fields"].get("to")
                ),
            )
            for act in body["acts"]
        ),
    )


def score_versions(body: Body) -> Table:
    """Show the published versions of a score."""
    return table(
        f"published scores of {body['id']} ({body['subject']}, {body['period']})",
        ("version#", "total#", "grade", "published", "appeal until", "state"),
        (
            (
                version["score_version"],
                version["total"],
                version["grade"],
                version["published_on"],
                version["appeal_until"],
                version["state"]
                + (f" by {version['superseded_by']}" if "superseded_by" in version else ""),
            )
            for version in body["score_versions"]
        ),
    )


def explanation(node: Body, language: str) -> Tree:
    """Show an explanation tree: every operation with its clause, value, rounding and sources."""
    grown = Tree(_explained(node, language))
    for child in node.get("inputs", ()):
        grown.add(explanation(child, language))
    return grown


def _explained(node: Body, language: str) -> str:
    value = node.get("exact") or ""
    if node.get("rounded") is not None:
        value = f"{value} → [bold]{node['rounded']}[/bold] ({node['point']})"
    sources = " ".join(f"{source['stream']}@{source['version']}" for source in node["sources"])
    text = node["zh" if language == "zh" else "en"].replace("[", r"\[")
    return (
        f"{text}  [cyan]{value}[/cyan]  [dim]§{node['clause']}"
        + (f" · {sources}" if sources else "")
        + "[/dim]"
    )


def replayed(answer: Body, language: str) -> Sequence[RenderableType]:
    """Show a replay beside the run that it replays."""
    recorded, found = answer["recorded"], answer["replayed"]
    shown: list[RenderableType] = []
    if answer["watermark"]:
        shown.append(
            f"[bold red]{answer['watermark']['en']} · {answer['watermark']['zh']}[/bold red]"
        )
    shown.append(
        table(
            f"replay of run {answer['run']} of {answer['assessment']} · {answer['mode']}"
            + (" · bit-identical" if answer["matches"] else " · differs"),
            ("", "recorded", "replayed"),
            (
                (name, _short(recorded[field]), _short(found[field]))
                for name, field in (
                    ("total", "total"),
                    ("exact", "total_exact"),
                    ("grade", "grade"),
                    ("letter revision", "letter_revision"),
                    ("inputs digest", "inputs_digest"),
                    ("result digest", "result_digest"),
                    ("tree digest", "tree_digest"),
                )
            ),
        )
    )
    shown.append(f"difference of the totals: [bold]{answer['delta']}[/bold]")
    if answer["differences"]:
        shown.extend(differences(answer["differences"], language))
    return shown


def differences(found: Sequence[Body], language: str) -> Sequence[RenderableType]:
    """Show where two explanations differ, the first reason first.

    Places that only cite another entry for the same value are counted and not listed.
    """
    told = [difference for difference in found if difference["field"] != "sources"]
    made = table(
        "differences, the first reason first",
        ("item", "clause", "what differs", "item score"),
        (
            (
                difference["item"],
                difference["clause"],
                difference["zh" if language == "zh" else "en"],
                f"{difference['score_a']} → {difference['score_b']}"
                if difference.get("score_a") != difference.get("score_b")
                else "",
            )
            for difference in told
        ),
    )
    cited = len(found) - len(told)
    return [made, f"[dim]{cited} more only cite another entry[/dim]"] if cited else [made]


def explained(answer: Body, language: str) -> Sequence[RenderableType]:
    """Show why a run gave its score, and how near the next grade is."""
    boundary = answer["nearest_boundary"]
    near = f" · {boundary['zh' if language == 'zh' else 'en']}" if boundary else ""
    same = "matches the record" if answer["matches"] else "DIFFERS from the record"
    heading = (
        f"{answer['assessment']} · run {answer['run']} · {answer['total']} ({answer['grade']})"
    )
    return [
        f"[bold]{heading}{near}[/bold]",
        explanation(answer["tree"], language),
        f"tree digest {_short(answer['tree_digest'])} {same}",
    ]


def verified(verdict: Body, findings: Sequence[Body]) -> Sequence[RenderableType]:
    """Show the verdict on a log, and the findings in order of position."""
    if verdict.get("sound"):
        return [f"[bold green]sound[/bold green]: {verdict['entries']} entries verified"]
    first = findings[0] if findings else None
    place = f"first at position {first['position']}, {first['field']}" if first else "no verdict"
    return [
        table(
            "what is wrong",
            ("position#", "field", "check", "expected", "found"),
            (
                (
                    finding["position"],
                    finding["field"],
                    finding["check"],
                    _short(finding["expected"]),
                    _short(finding["found"]),
                )
                for finding in findings
            ),
        ),
        f"[bold red]not sound[/bold red]: {place}",
    ]


def rebuilt(views: Sequence[Body]) -> Table:
    """Show the digests of served and rebuilt views beside one another."""
    return table(
        "views rebuilt from the log",
        ("view", "position#", "served", "rebuilt", ""),
        (
            (
                view["view"],
                view["position"],
                _short(view["live"]),
                _short(view["rebuilt"]),
                "equal" if view["equal"] else "[bold red]DIFFERS[/bold red]",
            )
            for view in views
        ),
    )


def facts(title: str, rows: Iterable[tuple[str, Any]]) -> Table:
    """Show named facts."""
    return table(title, ("", ""), rows)


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ")


def _short(value: Any) -> Any:
    return value[:16] + "…" if isinstance(value, str) and len(value) == 64 else value  # noqa: PLR2004 - the length of a digest.


def dispute(body: Body) -> Table:
    """Show a dispute from its filing to its end."""
    contested = ", ".join(f"{found['element']} {found['name']}" for found in body["contested"])
    decision = body.get("decisions", [{}])[-1]
    finding = body.get("findings", [{}])[-1]
    return table(
        f"dispute {body['id']} · {body['status']}",
        ("", ""),
        (
            ("filed by", f"{body['unit']}, against version {body['score_version']}"),
            ("contested", f"{contested} · {', '.join(body['grounds'])}"),
            ("statement", body["statement"]),
            ("limit of filing", body["limit"]),
            ("handler", f"{body.get('handler')}, decision due {body.get('due')}"),
            ("finding", f"{finding.get('kind')}: {finding.get('detail')}"),
            ("decision", f"{decision.get('outcome')} by clause {decision.get('clause')}"),
            ("remedy", f"{decision.get('remedy')}, on replay {decision.get('replay')}"),
        ),
    )


def affected(found: Sequence[Body]) -> Table:
    """Show the scores that a sweep found."""
    return table(
        "published scores on a superseded revision",
        ("assessment", "subject", "version#", "why"),
        (
            (score["assessment"], score["subject"], score["score_version"], score["detail"])
            for score in found
        ),
    )


def quota_change(bodies: Iterable[Body]) -> Table:
    """Show how the quotas of a unit followed its grade."""
    return table(
        "quotas of individual grades",
        ("score version#", "unit's grade", "headcount#", "quotas"),
        (
            (
                body["score_version"],
                body["organisation_grade"],
                body["headcount"],
                ", ".join(
                    f"{'+'.join(quota['grades'])} "
                    f"{'≤' if quota['bound'] == 'max' else '≥'} {quota['persons']}"
                    for quota in body["quotas"]
                ),
            )
            for body in bodies
        ),
    )


def signed(delta: str) -> str:
    """Write a difference with its sign."""
    return delta if delta.startswith("-") else f"+{delta}"
