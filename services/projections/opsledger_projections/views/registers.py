"""The declared registers: one per noun whose rows are the plain fold of its events."""

from typing import Final

from opsledger_contracts.events import (
    adjustment,
    body,
    calendar,
    conflict,
    credential,
    cycle,
    delegation,
    dispute,
    distribution,
    group_status,
    import_batch,
    incident,
    indicator,
    ledger,
    matrix,
    measurement,
    person,
    plan,
    position,
    replay,
    result,
    rulebook,
    survey,
    work_item,
)
from opsledger_projections.views.register import register
from opsledger_projections.views.view import View

LEDGERS: Final = register(
    "ledger",
    name="ledgers",
    code="V30",
    zh="账本",
    en="ledger",
    statuses={ledger.LedgerFounded: "founded"},
    lists={
        ledger.PersonalDataErased: "erasures",
        ledger.LegalHoldPlaced: "holds",
        ledger.LegalHoldLifted: "lifted_holds",
    },
)

CREDENTIALS: Final = register(
    "credential",
    name="credentials",
    code="V22",
    zh="密钥",
    en="API keys",
    labels=("person",),
    statuses={
        credential.CredentialIssued: "active",
        credential.CredentialRevoked: "revoked",
    },
)

IMPORT_BATCHES: Final = register(
    "import_batch",
    name="import_batches",
    code="V30",
    zh="导入批次",
    en="import batches",
    statuses={
        import_batch.ImportProposed: "proposed",
        import_batch.ImportApproved: "approved",
        import_batch.ImportBegun: "running",
        import_batch.ImportCompleted: "completed",
        import_batch.ImportAbandoned: "abandoned",
    },
)

PERSONS: Final = register(
    "person",
    name="persons",
    code="V22",
    zh="人员",
    en="persons",
    statuses={person.PersonRegistered: "registered"},
)

POSITIONS: Final = register(
    "position",
    name="positions",
    code="V22",
    zh="岗位",
    en="positions",
    labels=("unit",),
    statuses={position.PositionDefined: "defined"},
    lists={
        position.PersonAppointed: "appointments",
        position.PersonRelieved: "reliefs",
        position.JobDescriptionPublished: "job_descriptions",
        position.PositionReviewed: "reviews",
    },
)

DELEGATIONS: Final = register(
    "delegation",
    name="delegations",
    code="V22",
    zh="授权",
    en="delegations",
    labels=("delegator", "delegate", "position"),
    statuses={
        delegation.DelegationGranted: "granted",
        delegation.DelegationRevoked: "revoked",
    },
    days=("valid_from", "valid_to"),
    ended_by=delegation.DelegationRevoked,
)

BODIES: Final = register(
    "body",
    name="bodies",
    code="V19",
    zh="决策机构",
    en="decision bodies",
    labels=("unit",),
    statuses={body.MeetingBodyChartered: "chartered"},
)

CALENDARS: Final = register(
    "calendar",
    name="calendars",
    code="V24",
    zh="工作日历",
    en="calendars",
    labels=("content_hash",),
    statuses={calendar.CalendarPublished: "published"},
)

MATRICES: Final = register(
    "matrix",
    name="matrices",
    code="V22",
    zh="权责体系",
    en="authority matrices",
    labels=("content_hash",),
    statuses={
        matrix.MatrixDrafted: "drafted",
        matrix.MatrixVersionApproved: "approved",
        matrix.AuthorityMatrixVersionPublished: "published",
        matrix.MatrixSuperseded: "superseded",
        matrix.MatrixWithdrawn: "withdrawn",
    },
    days=("effective_from", "effective_to"),
)

RULEBOOKS: Final = register(
    "rulebook",
    name="rulebooks",
    code="V23",
    version=2,
    zh="考核管理办法",
    en="rulebooks",
    labels=("content_hash",),
    statuses={
        rulebook.RulebookDrafted: "drafted",
        rulebook.LintReported: "linted",
        rulebook.RulebookVersionApproved: "approved",
        rulebook.RulebookVersionPublished: "published",
        rulebook.RulebookSuperseded: "superseded",
        rulebook.RulebookWithdrawn: "withdrawn",
    },
    lists={
        rulebook.ClauseWritten: "clauses",
        rulebook.LintReported: "lint_reports",
        rulebook.LintWarningAccepted: "accepted_warnings",
        rulebook.ShadowRunAttached: "shadow_runs",
        rulebook.ErratumProposed: "proposals",
        rulebook.ErratumIssued: "errata",
        rulebook.ErratumSwept: "errata_swept",
    },
    days=("effective_from", "effective_to"),
)

CYCLES: Final = register(
    "cycle",
    name="cycles",
    code="V24",
    zh="计划周期",
    en="plan cycles",
    labels=("period",),
    statuses={
        cycle.PlanCycleOpened: "opened",
        cycle.PlanGoalsSet: "goals_set",
        cycle.InformationCollected: "collecting",
        cycle.DraftingStarted: "drafting",
        cycle.BalancingOpened: "balancing",
        cycle.BalancingClosed: "approving",
        cycle.PlanCyclePublished: "published",
        cycle.PlanCycleClosed: "closed",
    },
    lists={
        cycle.InformationCollected: "information",
        cycle.PlanClashFound: "clashes",
        cycle.ClashResolved: "resolutions",
    },
)

PLANS: Final = register(
    "plan",
    name="plans",
    code="V01",
    zh="计划",
    en="plans",
    labels=("unit", "kind", "parent"),
    statuses={
        plan.PlanDrafted: "drafted",
        plan.PlanSubmitted: "submitted",
        plan.PlanApproved: "approved",
        plan.PlanPublished: "published",
        plan.PlanRevised: "published",
        plan.PlanSuperseded: "superseded",
    },
    lists={plan.GoalDecomposed: "decompositions", plan.GroupTargetSet: "group_targets"},
    days=("valid_from", "valid_to"),
)

WORK_ITEMS: Final = register(
    "work_item",
    name="work_items",
    code="V01",
    zh="工作项",
    en="work items",
    labels=("letter", "item", "responsible"),
    statuses={
        work_item.WorkItemOpened: "planned",
        work_item.WorkStarted: "in_progress",
        work_item.CompletionClaimed: "claimed",
        work_item.CompletionVerified: "verified",
        work_item.CompletionRejected: "in_progress",
        work_item.WorkItemSuspended: "suspended",
        work_item.WorkItemResumed: "in_progress",
        work_item.WorkItemCancelled: "cancelled",
    },
    lists={
        work_item.ProgressReported: "progress",
        work_item.ForecastRevised: "forecasts",
        work_item.NodeInspected: "inspections",
        work_item.DeviationExplained: "deviations",
        work_item.CompletionRejected: "rejections",
        work_item.HandoverOffered: "handovers_offered",
        work_item.HandoverAccepted: "handovers_accepted",
        work_item.HandoverDeclined: "handovers_declined",
    },
)

ADJUSTMENTS: Final = register(
    "adjustment",
    name="adjustments",
    code="V09",
    zh="调整台账",
    en="adjustment register",
    labels=("letter", "kind", "cause"),
    statuses={
        adjustment.ForceMajeureNotified: "notified",
        adjustment.AdjustmentRequested: "requested",
        adjustment.AdjustmentSubmitted: "under_review",
        adjustment.AdjustmentApproved: "approved",
        adjustment.AdjustmentRefused: "refused",
        adjustment.AdjustmentLapsed: "lapsed",
        adjustment.AdjustmentWithdrawn: "withdrawn",
        adjustment.AdjustmentApplied: "applied",
    },
    lists={
        adjustment.EvidenceSubmitted: "proofs",
        adjustment.ImpactAssessed: "impacts",
    },
)

CONFLICTS: Final = register(
    "conflict",
    name="conflicts",
    code="V16",
    zh="冲突台账",
    en="conflict register",
    labels=("category",),
    statuses={
        conflict.ConflictSubmitted: "submitted",
        conflict.MediationStarted: "mediating",
        conflict.MediationSettled: "settled",
        conflict.ConflictEscalated: "escalated",
        conflict.ConflictRuled: "ruled",
        conflict.ConflictClosed: "closed",
    },
)

INDICATORS: Final = register(
    "indicator",
    name="indicators",
    code="V21",
    zh="指标",
    en="indicators",
    labels=("owner", "category"),
    statuses={indicator.IndicatorDefined: "defined"},
)

MEASUREMENTS: Final = register(
    "measurement",
    name="measurements",
    code="V21",
    zh="实际值",
    en="measurements",
    labels=("indicator", "subject", "period"),
    statuses={
        measurement.MeasurementRecorded: "recorded",
        measurement.MeasurementAttested: "attested",
        measurement.MeasurementCorrected: "corrected",
    },
    lists={measurement.MeasurementAttested: "attestations"},
)

SURVEYS: Final = register(
    "survey",
    name="surveys",
    code="V12",
    zh="满意度调查",
    en="surveys",
    labels=("ratee", "period"),
    statuses={
        survey.SurveyOpened: "open",
        survey.SurveyClosed: "closed",
        survey.SatisfactionComputed: "computed",
    },
    lists={survey.RatingSubmitted: "ballots"},
)

INCIDENTS: Final = register(
    "incident",
    name="incidents",
    code="V26",
    zh="事故",
    en="incidents",
    labels=("unit", "category"),
    statuses={
        incident.IncidentReported: "reported",
        incident.IncidentDetermined: "determined",
        incident.IncidentDeterminationRevoked: "revoked",
    },
)

DISPUTES: Final = register(
    "dispute",
    name="disputes",
    code="V08",
    zh="申诉台账",
    en="dispute register",
    labels=("assessment", "unit"),
    statuses={
        dispute.DisputeFiled: "filed",
        dispute.DisputeAccepted: "accepted",
        dispute.DisputeInadmissible: "inadmissible",
        dispute.ReplayOrdered: "investigating",
        dispute.FindingRecorded: "investigating",
        dispute.HearingHeld: "heard",
        dispute.DisputeDecided: "decided",
        dispute.SecondReviewRequested: "second_instance",
        dispute.RemedyApplied: "remedied",
        dispute.DisputeWithdrawn: "withdrawn",
        dispute.DisputeClosed: "closed",
    },
    lists={
        dispute.HandlerRecused: "recusals",
        dispute.ReplayOrdered: "replays",
        dispute.FindingRecorded: "findings",
        dispute.HearingHeld: "hearings",
        dispute.DisputeDecided: "decisions",
        dispute.SecondReviewRequested: "second_reviews",
        dispute.RemedyApplied: "remedies",
    },
)

REPLAYS: Final = register(
    "replay",
    name="replays",
    code="V07",
    zh="回放报告",
    en="replay reports",
    labels=("assessment", "mode", "dispute"),
    statuses={
        replay.ReplayRequested: "requested",
        replay.ReplayCompleted: "completed",
        replay.SweepCompleted: "completed",
        replay.ReplayDiverged: "diverged",
    },
)

DISTRIBUTIONS: Final = register(
    "distribution",
    name="distributions",
    code="V14",
    zh="等级分布",
    en="grade distributions",
    labels=("unit", "period", "assessment"),
    statuses={
        distribution.QuotaDerived: "derived",
        distribution.DistributionConflictRaised: "in_conflict",
        distribution.DistributionConfirmed: "confirmed",
    },
    lists={
        distribution.IndividualGradeAssigned: "assigned",
        distribution.DistributionConflictRaised: "conflicts",
        distribution.QuotaExceptionGranted: "exceptions",
    },
)

RESULTS: Final = register(
    "result",
    name="results",
    code="V14",
    zh="个人结果",
    en="individual results",
    labels=("person", "unit", "period", "assessment"),
    statuses={
        result.IndividualScoreReceived: "received",
        result.IndividualResultCombined: "combined",
        result.ResultApplied: "applied",
        result.ResultApplicationFlagged: "flagged",
    },
    lists={
        result.ResultApplied: "uses",
        result.ResultApplicationFlagged: "flags",
        result.InterviewHeld: "interviews",
    },
)

GROUP_STATUSES: Final = register(
    "group_status",
    name="group_statuses",
    code="V15",
    zh="集团运营状态",
    en="group statuses",
    labels=("period", "operating_status"),
    statuses={
        group_status.GroupStatusCalculated: "calculated",
        group_status.GroupStatusFlagged: "flagged",
    },
    lists={group_status.GroupStatusFlagged: "flags"},
)

REGISTERS: Final[tuple[View, ...]] = (
    LEDGERS,
    CREDENTIALS,
    IMPORT_BATCHES,
    PERSONS,
    POSITIONS,
    DELEGATIONS,
    BODIES,
    CALENDARS,
    MATRICES,
    RULEBOOKS,
    CYCLES,
    PLANS,
    WORK_ITEMS,
    ADJUSTMENTS,
    CONFLICTS,
    INDICATORS,
    MEASUREMENTS,
    SURVEYS,
    INCIDENTS,
    DISPUTES,
    REPLAYS,
    DISTRIBUTIONS,
    RESULTS,
    GROUP_STATUSES,
)
