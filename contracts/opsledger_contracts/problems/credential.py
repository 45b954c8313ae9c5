"""Refusals of API keys."""

from opsledger_contracts.problems.refusal import Invalid


class CredentialExpiresInPast(Invalid):
    """A key expires after it was issued."""

    code = "credential_expires_in_past"
    en = "The API key would have expired at {expires_at}, before {now}."
    zh = "该 API 密钥的失效时间 {expires_at} 早于当前时间 {now}。"
