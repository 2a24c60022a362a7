"""Text from data in GitHub's Markdown: nothing in it is markup."""

_MARKS = str.maketrans(
    {mark: f"\\{mark}" for mark in r"\`*_[]|#~$!"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " "}
)


def escape_markdown(text: str) -> str:
    """Escape what GitHub's Markdown or HTML would take as markup or as the end of a cell."""
    return text.translate(_MARKS)
