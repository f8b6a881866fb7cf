"""Notable conditions of a request: a missing member, another user's resource, no credentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# In the order in which servers usually check, and in which sentences name them.
KINDS = (
    *("unknown path", "undocumented method", "preflight", "no credentials", "bad credentials"),
    *(
        "other user",
        "media type",
        "no body",
        "unreadable body",
        "missing",
        "wrong type",
        "out of bounds",
    ),
    *("unknown member", "invalid", "unknown thing", "deleted thing", "another's thing", "oneself"),
    *("precondition", "second time", "duplicate", "parameter", "notable"),
)
ORDER = {kind: at for at, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Condition:
    """One notable condition of a request.

    `kind` is one of `KINDS`; `subject` names a parameter, member, method or header field; `detail`
    is the violated schema keyword or the way in which a value is unusual.
    """

    kind: str
    subject: str = ""
    detail: str = ""


Conditions = tuple[Condition, ...]

# Conditions of requests that are refused for their content.
INVALID = frozenset(
    {"media type", "no body", "unreadable body", "missing", "wrong type", "out of bounds"}
    | {"unknown member", "invalid"}
)
# In which ways a text with characters beyond ASCII is notable.
BEYOND_ASCII = frozenset({"non-ASCII", "not normalised"})
# The choice of a media type matters.
ACCEPT = Condition("precondition", "accept")


def kinds_of(conditions: Conditions) -> frozenset[str]:
    """Return the kinds of the conditions."""
    return frozenset(condition.kind for condition in conditions)


def in_words(conditions: Conditions, noun: str = "resource") -> str:
    """Describe the conditions, as ` of another user's task, without credentials`.

    The text follows the name of a request; it is empty if there are no conditions.
    """
    parts = [_WORDS[one.kind](one, noun) for one in _folded(conditions)]
    return (" " + ", ".join(dict.fromkeys(parts))) if parts else ""


def _folded(conditions: Conditions) -> Iterator[Condition]:
    """Merge the subjects of each kind into one condition, to keep sentences short.

    Duplicate values are omitted for a repeated request, as they are implied.
    """
    again = "second time" in kinds_of(conditions)
    by_kind: dict[str, list[Condition]] = {}
    for condition in conditions:
        if again and condition.kind == "duplicate":
            continue
        by_kind.setdefault(condition.kind, []).append(condition)
    for kind, several in by_kind.items():
        # Those of clusters may be folded already.
        subjects = list(dict.fromkeys(filter(None, (one.subject for one in several)))) or [""]
        details = list(dict.fromkeys(one.detail for one in several))
        if len(subjects) <= 3:
            yield Condition(kind, "`, `".join(subjects), " or ".join(filter(None, details[:2])))
        else:
            yield Condition(kind, "", details[0] if len(details) == 1 else "")


def _about(text: str, subject: str) -> str:
    return f"{text} `{subject}`" if subject else text


_NOTABLE = {
    "empty": "empty",
    "blank": "blank",
    "null": "null",
    "zero": "0",
    "minLength": "at its minimum length",
    "maxLength": "at its maximum length",
    "minimum": "at its minimum",
    "maximum": "at its maximum",
    "outer white space": "surrounded by white space",
    "not normalised": "not in Unicode normalization form C",
    "NUL": "a string with U+0000",
    "upper case": "in upper case",
    "negative": "negative",
    "fraction": "a fraction",
}


def _notable_words(one: Condition, _noun: str) -> str:
    how = _NOTABLE.get(one.detail, f"a string with a {one.detail}" if one.detail else "unusual")
    if one.detail == "non-ASCII":
        how = "a non-ASCII string"
    elif one.detail == "large number":
        how = "a large number"
    elif one.detail.startswith("="):
        how = f"`{one.detail[1:]}`"
    return f"when `{one.subject}` is {how}" if one.subject else f"when a value is {how}"


def _bounds_words(one: Condition, _noun: str) -> str:
    rule = f" ({one.detail})" if one.detail else ""
    return f"with `{one.subject}` out of bounds{rule}" if one.subject else f"out of bounds{rule}"


_SPELLINGS = {"case": " in different letter case", "separators": " without its separators"}
_WORDS = {
    "unknown path": lambda _one, _noun: "at an unknown path",
    "undocumented method": lambda _one, _noun: "with a method that is not documented",
    "preflight": lambda one, _noun: (
        _about("as a CORS preflight request for", one.subject)
        if one.subject
        else "as a CORS preflight request"
    ),
    "no credentials": lambda one, _noun: (
        _about("without", one.subject) if one.subject else "without credentials"
    ),
    "bad credentials": lambda one, _noun: (
        _about("with a wrong", one.subject) if one.subject else "with bad credentials"
    ),
    "other user": lambda one, _noun: (
        f"as the user `{one.subject}`" if one.subject else "as users of another kind"
    ),
    "media type": lambda _one, _noun: "with a media type that is not documented",
    "no body": lambda _one, _noun: "without a body",
    "unreadable body": lambda one, _noun: (
        "with a multipart body without a boundary" if one.detail else "with a body that is not JSON"
    ),
    "missing": lambda one, _noun: (
        _about("without", one.subject) if one.subject else "without a required member"
    ),
    "wrong type": lambda one, _noun: (
        f"with `{one.subject}` of the wrong type"
        if one.subject
        else "with a value of the wrong type"
    ),
    "out of bounds": _bounds_words,
    "unknown member": lambda _one, _noun: "with a member that is not documented",
    "invalid": lambda _one, _noun: "with invalid content",
    "unknown thing": lambda _one, noun: f"for {_article(noun)} that does not exist",
    "deleted thing": lambda _one, noun: f"for {_article(noun)} that was deleted",
    "another's thing": lambda _one, noun: f"for {_article(noun)} of another user",
    "oneself": lambda _one, _noun: "for the user's own account",
    "precondition": lambda one, _noun: (
        _about("with", one.subject.title()) if one.subject else "with a conditional header field"
    ),
    "parameter": lambda one, _noun: _about("with", one.subject),
    "second time": lambda _one, _noun: "for the second time",
    "duplicate": lambda one, _noun: (
        (f"with `{one.subject}` already taken" if one.subject else "with a value already taken")
        + _SPELLINGS.get(one.detail, "")
    ),
    "notable": _notable_words,
}


def _article(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
