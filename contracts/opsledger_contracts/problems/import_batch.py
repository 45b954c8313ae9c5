"""Refusals of import batches."""

from opsledger_contracts.problems.refusal import Conflict, Invalid


class ManifestInconsistent(Invalid):
    """The manifest of an import file contradicts itself."""

    code = "manifest_inconsistent"
    en = "The manifest contradicts itself: {field} is {found}, expected {expected}."
    zh = "导入清单自相矛盾:{field} 为 {found},应为 {expected}。"


class TypeNotImportable(Invalid):
    """An event of this type cannot come from a file."""

    code = "type_not_importable"
    en = "Events of the type {type} cannot be imported."
    zh = "类型 {type} 的事件不能导入。"
    needed_en = (
        "Types of the catalogue, except those of the ledger, of keys, of persons and of imports."
    )
    needed_zh = "须为目录中的类型,账本、密钥、人员与导入批次的事件除外。"


class SourceProposedAlready(Conflict):
    """The same file belongs to another batch that was not abandoned."""

    code = "source_proposed_already"
    en = "The file {source} belongs to import batch {batch} already."
    zh = "文件 {source} 已属于导入批次 {batch}。"


class SourceDiffers(Conflict):
    """The file is not what was approved."""

    code = "source_differs"
    en = "The file has {field} {found}; approved in import batch {batch} was {expected}."
    zh = "文件的 {field} 为 {found},而导入批次 {batch} 所批准的为 {expected}。"


class SourceDefective(Invalid):
    """Lines of the file cannot be imported."""

    code = "source_defective"
    en = "{count} lines of the file cannot be imported; the first is {line} ({code}): {detail_en}."
    zh = "文件中有 {count} 行不能导入,第一处在第 {line} 行({code}):{detail_zh}。"


class StreamTaken(Conflict):
    """A stream that a file begins exists in the ledger."""

    code = "stream_taken"
    en = "Line {line} begins {stream}, which is in the ledger at version {found} already."
    zh = "第 {line} 行新建 {stream},但账本中已有该流,版本为 {found}。"
