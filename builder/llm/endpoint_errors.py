"""What an endpoint reports when it does not answer: the error in a body, without API keys, and what it means.

Servers report errors in many forms: as `error`, `message`, `detail` or `errors`, as text, as an HTML page, or not at
all. `read_error` brings them into one record; its text is safe to print.
"""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from metrics.redaction import without_keys

PLACEHOLDER_KEY: Final = "none"
"""Key that is sent to an endpoint that needs none."""
_NO_SECRETS: Final = frozenset({"", PLACEHOLDER_KEY, "empty", "dummy", "ollama", "lm-studio", "not-needed", "no-key"})
"""Keys in lower case that users set for endpoints that need none."""
_LONGEST: Final = 300
"""Maximum length in characters of a printed message."""
_LONGEST_KEPT: Final = 4_000
"""Maximum length in characters of a message from which its meaning is read."""
_MOST_READ: Final = 20_000
"""Number of characters of a body that are searched for a message."""
_QUOTA_CODES: Final = frozenset(
    {
        "insufficient_quota",
        "insufficient_user_quota",
        "insufficient_balance",
        "insufficient_credits",
        "exceeded_current_quota_error",
        "billing_hard_limit_reached",
        "billing_not_active",
        "payment_required",
        "credits_exhausted",
        "1113",
    }
)
"""Error codes for a used-up quota, after which no request succeeds: OpenAI, one-api, DeepSeek, Moonshot, Zhipu. The
message is not used: Gemini reports rate limits in the same words."""
_QUOTA_TEXT: Final = re.compile(r"credit balance is too low|insufficient balance", re.IGNORECASE)
_FILTER_CODES: Final = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "responsibleaipolicyviolation",
        "data_inspection_failed",
        "datainspectionfailed",
        "moderation_blocked",
        "sensitive_words_detected",
    }
)
"""Error codes of content filters: Azure, OpenAI, DashScope, one-api."""


@dataclass(frozen=True, slots=True)
class EndpointMessage:
    """Error that an endpoint reports in a body."""

    text: str
    """Message without API keys on one line; a description of the body if it contains no message."""
    codes: frozenset[str] = frozenset()
    """Codes and types of the error, in lower case."""
    fields: tuple[str, ...] = ()
    """Request fields that the error names apart from its text."""
    status: int | None = None
    """HTTP status that the body states."""

    @property
    def line(self) -> str:
        """The message, cut to the length of a printed line."""
        return one_line(self.text)

    @property
    def is_quota(self) -> bool:
        """True if a quota or balance is used up, which waiting does not change."""
        return bool(self.codes & _QUOTA_CODES) or _QUOTA_TEXT.search(self.text) is not None

    @property
    def is_filter(self) -> bool:
        """True if a content filter refused this one request."""
        return bool(self.codes & _FILTER_CODES)


def secret_of(api_key: str | None) -> str | None:
    """Return an API key, or None if it is a placeholder and therefore no secret."""
    return None if api_key is None or api_key.lower() in _NO_SECRETS else api_key


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Return a text as one printable line of limited length."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= longest else f"{line[:longest]}..."


def decoded(content: bytes, content_type: str = "") -> str:
    """Return the text of a body in the charset that its content type declares, else as JSON detects it.

    Bytes that the charset does not allow become replacement characters.
    """
    declared = re.search(r"charset\s*=\s*\"?([\w.:-]+)", content_type, re.IGNORECASE)
    charset = declared[1] if declared else json.detect_encoding(content)
    try:
        name = codecs.lookup(charset).name
        text = content.decode("utf-8-sig" if name == "utf-8" else name, "replace")
    except (LookupError, ValueError, UnicodeError):  # an unknown charset, or one that is not a text encoding
        text = content.decode("utf-8-sig", "replace")
    return text.removeprefix("\ufeff")


def read_error(body: str, api_key: str | None, content_type: str = "") -> EndpointMessage:
    """Read the error in the body of a response.

    Args:
        body: Decoded body.
        api_key: Key that was sent, to be removed from the message; None if it was a placeholder.
        content_type: Content type of the response.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return EndpointMessage(one_line(without_keys(_page(body, content_type), api_key), _LONGEST_KEPT))
    return error_of(value, api_key)


def error_of(value: Any, api_key: str | None) -> EndpointMessage:
    """Read the error in a decoded JSON body, as in `read_error`."""
    texts = list(dict.fromkeys(filter(None, map(str.strip, _texts(value)))))
    found = list(_objects(value))
    codes = frozenset(
        str(item[key]).lower()
        for item in found
        for key in ("code", "type", "status", "error_type", "error_code")
        if isinstance(item.get(key), str | int)
    )
    text = "; ".join(texts)[:_MOST_READ] or f"no message, but the body {_shown(value)}"
    statuses = (int(code) for code in sorted(codes) if code.isdecimal() and 400 <= int(code) < 600)
    return EndpointMessage(
        one_line(without_keys(text, api_key), _LONGEST_KEPT),
        codes,
        tuple(dict.fromkeys(_fields(found))),
        next(statuses, None),
    )


def _shown(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)[:_MOST_READ]
    except RecursionError:
        return "is nested too deeply"


def _page(body: str, content_type: str) -> str:
    """Describe a body that is not JSON."""
    if not body.strip():
        return "an empty body"
    title = re.search(r"<title[^<>]*>([^<]*)", body[:_MOST_READ], re.IGNORECASE)
    if title or "html" in content_type or re.match(r"\s*<(?:!doctype|html)", body, re.IGNORECASE):
        content = re.sub(r"<[^<>]*>", " ", body[:_MOST_READ])
        about = html.unescape(title[1] if title else content).strip()
        return f"an HTML page instead of JSON{f': {about}' if about else ''}"
    return body[:_MOST_READ]


_MESSAGE_KEYS: Final = (
    "message",
    "msg",
    "detail",
    "error_description",
    "description",
    "status_msg",
    "error_msg",
    "title",
    "reason",
)
"""Keys of an object with a message, the most specific first."""
_NESTED_KEYS: Final = (
    "error",
    "errors",
    "detail",
    "data",
    "response",
    "base_resp",
    "innererror",
    "metadata",
    "details",
    "body",
)
"""Keys of an object with further objects about the error."""


def _objects(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield the objects about an error, outer ones first."""
    if depth > 5:
        return
    if isinstance(value, list):
        for item in value[:20]:
            yield from _objects(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key in (*_NESTED_KEYS, "choices"):
            yield from _objects(value.get(key), depth + 1)


def _texts(value: Any) -> Iterator[str]:
    """Yield the messages in an error body, outer ones first."""
    if isinstance(value, str):
        yield value
    for item in _objects(value):
        where = ".".join(map(str, item["loc"])) if isinstance(item.get("loc"), list) else ""
        for key in _MESSAGE_KEYS:
            if isinstance(item.get(key), str) and item[key].strip():
                yield f"{where}: {item[key]}" if where else item[key]
                break
        for key in ("error", "raw"):
            if isinstance(item.get(key), str):
                yield item[key]


def _fields(found: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the request fields that an error names: `param` of OpenAI, the last part of `loc` of FastAPI."""
    for item in found:
        if isinstance(item.get("param"), str) and item["param"]:
            yield item["param"]
        if isinstance(item.get("loc"), list) and item["loc"]:
            yield str(next((part for part in reversed(item["loc"]) if isinstance(part, str)), item["loc"][-1]))
