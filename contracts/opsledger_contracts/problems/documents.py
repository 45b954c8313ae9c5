"""Refusals about the documents that decisions apply: rulebook, authority matrix, calendar."""

from opsledger_contracts.problems.refusal import Conflict, Invalid


class DocumentUnknown(Invalid):
    """Nothing was published under the content hash."""

    code = "document_unknown"
    en = "No published {noun} has the content hash {hash}."
    zh = "没有内容哈希为 {hash} 的已发布{noun}。"


class NoneInForce(Conflict):
    """No version is in force on the day."""

    code = "none_in_force"
    en = "No {noun} is in force on {date}."
    zh = "{date} 没有生效的{noun}。"


class DocumentDefective(Invalid):
    """The document does not pass its validation."""

    code = "document_defective"
    en = "The {noun} {id} has {count} defects: {findings}."
    zh = "{noun} {id} 有 {count} 处缺陷:{findings}。"


class DocumentMisnamed(Invalid):
    """The stream is not named after identifier and version of the document."""

    code = "document_misnamed"
    en = "The document calls itself {expected}, it was sent as {found}."
    zh = "文件自名为 {expected},却以 {found} 提交。"


class TakesEffectTooEarly(Invalid):
    """A version would take effect in the past, or not after the one before it."""

    code = "takes_effect_too_early"
    en = "The {noun} {id} would take effect on {found}; the first possible day is {expected}."
    zh = "{noun} {id} 拟于 {found} 生效,最早可于 {expected} 生效。"
