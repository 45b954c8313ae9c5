"""Refusals that any command or query can meet."""

from opsledger_contracts.problems.refusal import (
    ConditionMissing,
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    Stale,
    Throttled,
    Unauthenticated,
    Unavailable,
)


class UnknownThing(NotFound):
    """A stream that a command or query names has no event."""

    code = "not_found"
    en = "There is no {noun} {id}."
    zh = "不存在{noun} {id}。"


class AlreadyExists(Conflict):
    """A command that begins a stream met one that already exists."""

    code = "already_exists"
    en = "The {noun} {id} already exists."
    zh = "{noun} {id} 已存在。"


class WrongState(Conflict):
    """The thing is not in a state in which this can be done."""

    code = "wrong_state"
    en = "The {noun} {id} is {found}; this needs {expected}."
    zh = "{noun} {id} 当前状态为 {found},此操作需要 {expected}。"


class UnknownReference(Invalid):
    """A field names something that the ledger does not know."""

    code = "unknown_reference"
    en = "The field {field} names {noun} {id}, which does not exist."
    zh = "字段 {field} 引用的{noun} {id} 不存在。"


class OccurredInFuture(Invalid):
    """The stated time of occurrence lies after the time of recording."""

    code = "occurred_in_future"
    en = "occurred_at {occurred_at} lies after the ledger's clock {now}."
    zh = "发生时间 {occurred_at} 晚于账本时钟 {now}。"


class ReasonMissing(Invalid):
    """Refusals, overrides and corrections state a reason."""

    code = "reason_missing"
    en = "This needs a reason."
    zh = "此操作必须说明理由。"


class EntryTooLarge(Invalid):
    """An event would be larger than an entry may be."""

    code = "entry_too_large"
    en = "The event {type} would take {found} bytes; an entry holds at most {limit}."
    zh = "事件 {type} 需要 {found} 字节,单条记录上限为 {limit} 字节。"


class CredentialMissing(Unauthenticated):
    """No credential was given."""

    code = "credential_missing"
    en = "Send an API key as 'Authorization: Bearer opl_…'."
    zh = "请以 'Authorization: Bearer opl_…' 提供 API 密钥。"


class CredentialInvalid(Unauthenticated):
    """The credential is unknown, wrong, revoked or expired; which of these is not told."""

    code = "credential_invalid"
    en = "The API key is not valid."
    zh = "API 密钥无效。"


class ScopeMissing(Forbidden):
    """The credential does not have the scope for this."""

    code = "scope_missing"
    en = "This needs the scope {expected}; the API key has {found}."
    zh = "此操作需要权限范围 {expected},该密钥仅有 {found}。"


class PositionNotHeld(Forbidden):
    """The person does not hold the position in which they want to act."""

    code = "position_not_held"
    en = "Person {person} does not hold position {position} on {date}."
    zh = "人员 {person} 在 {date} 未任职于岗位 {position}。"


class DelegationNotValid(Forbidden):
    """The delegation does not cover this act at this moment."""

    code = "delegation_not_valid"
    en = "Delegation {delegation} does not give {person} this power on {date}: {detail}."
    zh = "授权 {delegation} 在 {date} 不能使 {person} 获得此权限:{detail}。"


class PositionRequired(Forbidden):
    """A business act needs a position in which the person acts."""

    code = "position_required"
    en = "State the position in which you act in the header Acting-Position."
    zh = "请在请求头 Acting-Position 中注明履职岗位。"


class FunctionMissing(Forbidden):
    """The position does not carry the function that this act belongs to."""

    code = "function_missing"
    en = "Position {position} does not carry the function {expected}."
    zh = "岗位 {position} 不具有职能 {expected}。"


class BodyMalformed(Malformed):
    """The body is not strict JSON."""

    code = "body_malformed"
    en = "The body is not acceptable JSON: {detail}."
    zh = "请求体不是可接受的 JSON:{detail}。"


class BodyTooLarge(Malformed):
    """The body passes the byte limit."""

    code = "body_too_large"
    en = "The body has more than {limit} bytes."
    zh = "请求体超过 {limit} 字节。"


class FieldInvalid(Invalid):
    """A field does not have the declared shape."""

    code = "field_invalid"
    en = "At {pointer}: {detail}."
    zh = "{pointer} 处有误:{detail}。"


class ParameterInvalid(Malformed):
    """A path or query parameter or a header does not have the declared shape."""

    code = "parameter_invalid"
    en = "Parameter {name}: {detail}."
    zh = "参数 {name} 有误:{detail}。"


class RouteUnknown(NotFound):
    """There is no such route."""

    code = "route_unknown"
    en = "There is nothing at {path}."
    zh = "路径 {path} 不存在。"


class MethodNotAllowed(Malformed):
    """The route exists but not with this method."""

    code = "method_not_allowed"
    en = "{path} does not take {method}."
    zh = "{path} 不支持 {method}。"


class MediaTypeUnsupported(Malformed):
    """The body has a media type or an encoding that no command takes."""

    code = "media_type_unsupported"
    en = "A body is application/json in UTF-8 without an encoding, not {found}."
    zh = "请求体须为未压缩的 UTF-8 application/json,而非 {found}。"


class NotAcceptable(Malformed):
    """The caller accepts none of the forms that this resource has."""

    code = "not_acceptable"
    en = "This is available as {available}, not as {found}."
    zh = "此资源提供的格式为 {available},不提供 {found}。"


class IdempotencyKeyMissing(Malformed):
    """A command came without the key that makes its repetition safe."""

    code = "idempotency_key_missing"
    en = "Send an Idempotency-Key header with every command."
    zh = "每个命令都必须带 Idempotency-Key 请求头。"


class IdempotencyKeyReused(Invalid):
    """The same key came with another command or payload."""

    code = "idempotency_key_reused"
    en = "The Idempotency-Key {key} was used for another request."
    zh = "Idempotency-Key {key} 已用于另一请求。"


class IdempotencyKeyInFlight(Conflict):
    """The same key is being worked on at this moment."""

    code = "idempotency_key_in_flight"
    en = "A request with the Idempotency-Key {key} is still being worked on."
    zh = "带 Idempotency-Key {key} 的请求仍在处理中。"


class VersionStale(Stale):
    """If-Match names a version that is no longer the current one."""

    code = "version_stale"
    en = "{stream} is at version {found}, not {expected}."
    zh = "{stream} 当前版本为 {found},而非 {expected}。"


class VersionMissing(ConditionMissing):
    """The command changes an existing thing and must state the version it was decided on."""

    code = "version_missing"
    en = "Send If-Match with the version of {stream} that you decided on."
    zh = "请以 If-Match 注明据以决定的 {stream} 版本。"


class QueueFull(Throttled):
    """The bounded queue of commands is full."""

    code = "queue_full"
    en = "The ledger has {limit} commands waiting; try again."
    zh = "账本已有 {limit} 个命令排队,请稍后重试。"


class StreamsTooMany(Throttled):
    """The caller has as many open event streams as one person may have."""

    code = "streams_too_many"
    en = "You have {found} event streams open; at most {limit} are allowed."
    zh = "您已打开 {found} 个事件流,上限为 {limit}。"


class VerificationRunning(Throttled):
    """The log is being verified for somebody already."""

    code = "verification_running"
    en = "A verification of the log is running; only one runs at a time."
    zh = "正在核验日志,同一时间只能进行一次核验。"


class LedgerStopping(Unavailable):
    """The ledger is being stopped and begins nothing new."""

    code = "ledger_stopping"
    en = "The ledger is stopping; nothing was recorded. Try again after it is back."
    zh = "账本正在停止,未记录任何内容,请在恢复后重试。"


class ClockBehind(Unavailable):
    """The clock runs behind the last recorded time, so that nothing can be recorded truly."""

    code = "clock_behind"
    en = "The ledger's clock says {now}, before its last entry of {found}. Nothing was recorded."
    zh = "账本时钟为 {now},早于最后一条记录的 {found}。未记录任何内容。"


class LedgerFault(Unavailable):
    """The ledger's own program failed on this request; it is reported in its log."""

    code = "ledger_fault"
    en = "The ledger met a fault of its own; it is logged under {reference}."
    zh = "账本程序自身出现故障,日志编号 {reference}。"


class OutcomeUnknown(Unavailable):
    """The commit was sent and its answer lost."""

    code = "outcome_unknown"
    en = "Whether the command was recorded is unknown; send it again with the same Idempotency-Key."
    zh = "命令是否已记录未知,请以相同 Idempotency-Key 重试。"


class StorageUnavailable(Unavailable):
    """The ledger cannot write; nothing was recorded."""

    code = "storage_unavailable"
    en = "The ledger cannot write now: {detail}. Nothing was recorded."
    zh = "账本当前无法写入:{detail}。未记录任何内容。"


class PositionNotReached(Unavailable):
    """The read side has not yet come to the position that the reader asked for."""

    code = "position_not_reached"
    en = "The views are at position {found}, not yet at {expected}."
    zh = "视图位于位置 {found},尚未到达 {expected}。"


class KnownAtAhead(Invalid):
    """A read was asked as of a position that the ledger has not reached."""

    code = "known_at_ahead"
    en = "known_at {expected} lies after the last position {found}."
    zh = "known_at {expected} 晚于最后位置 {found}。"
