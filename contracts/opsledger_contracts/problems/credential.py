"""Refusals of API keys."""

from opsledger_contracts.problems.refusal import Conflict, Invalid


class CredentialExpiresInPast(Invalid):
    """A key expires after it was issued."""

    code = "credential_expires_in_past"
    en = "The API key would have expired at {expires_at}, before {now}."
    zh = "该 API 密钥的失效时间 {expires_at} 早于当前时间 {now}。"


class LastAdministratorKey(Conflict):
    """Without this key nobody could administrate the ledger any more."""

    code = "last_administrator_key"
    en = "API key {id} is the last one that can administrate this ledger."
    zh = "API 密钥 {id} 是最后一个可管理本账本的密钥。"
    needed_en = "Another API key with the scope administrator that is valid and does not expire."
    needed_zh = "须另有一个具有 administrator 权限范围、有效且不会失效的 API 密钥。"
