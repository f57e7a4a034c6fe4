"""Files and batches of the Batch API. A batch advances by one step at each poll, independent of the clock."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from .completions import CREATED, Model, Outcome, content_hash
from .errors import ApiError, missing
from .faults import Fault
from .log import LINE, RequestLog
from .responses import answered

Line = dict[str, Any]
URLS = ("/v1/chat/completions", "/v1/responses")
TERMINAL = ("failed", "completed", "expired", "cancelled")


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file, or an output file of a batch."""

    name: str
    filename: str
    purpose: str
    data: bytes

    def shown(self) -> dict[str, Any]:
        """Return the file object of the API."""
        return {
            "id": self.name,
            "object": "file",
            "bytes": len(self.data),
            "created_at": CREATED,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
        }


@dataclass(slots=True)
class Batch:
    """State of a batch."""

    name: str
    request: dict[str, Any]
    lines: list[Line]
    steps: list[str]
    """Remaining statuses. Each poll removes one."""

    fault: Fault | None = None
    seed: str = ""
    """Seed of the order of the results."""

    status: str = "validating"
    errors: list[dict[str, Any]] = field(default_factory=list)
    output: list[Line] = field(default_factory=list)
    rejected: list[Line] = field(default_factory=list)
    """Lines of the error file."""

    files: dict[str, str] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)
    """Number of tokens by kind."""

    @property
    def executed(self) -> int:
        """Number of leading lines that have a result."""
        return len(self.output) + len(self.rejected)

    def shown(self) -> dict[str, Any]:
        """Return the batch object of the API."""
        usage = {
            "input_tokens": self.used["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self.used["completion_tokens"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.used["total_tokens"],
        }
        times = {f"{self.status}_at": CREATED} if self.status != "validating" else {}
        return {
            "id": self.name,
            "object": "batch",
            "endpoint": self.request["endpoint"],
            "errors": {"object": "list", "data": self.errors} if self.status == "failed" else None,
            "input_file_id": self.request["input_file_id"],
            "completion_window": self.request.get("completion_window", "24h"),
            "status": self.status,
            "output_file_id": self.files.get("output"),
            "error_file_id": self.files.get("error"),
            "created_at": CREATED,
            "metadata": self.request.get("metadata"),
            "request_counts": {
                "total": len(self.lines),
                "completed": len(self.output),
                "failed": len(self.rejected),
            },
            "usage": usage,
            **times,
        }


class Batches:
    """Files and batches of one server.

    Args:
        model: Model that answers the lines.
        log: Log of all executed lines.
    """

    def __init__(self, model: Model, log: RequestLog) -> None:
        self._model = model
        self._log = log
        self._files: dict[str, File] = {}
        self._batches: dict[str, Batch] = {}
        self._named: Counter[str] = Counter()

    def upload(self, filename: str, purpose: str, data: bytes) -> dict[str, Any]:
        """Store an uploaded file and return its file object.

        Raises:
            ApiError: If the purpose is not "batch", or the file is empty or exceeds a limit.
        """
        limits = self._model.settings
        if purpose != "batch":
            raise ApiError(400, f"Invalid value for purpose: {purpose!r}. This server takes 'batch'.", param="purpose")
        if len(data) > limits.max_file_bytes:
            raise ApiError(400, f"File is too large: {len(data)} bytes, limit {limits.max_file_bytes}.", param="file")
        count = sum(bool(line.strip()) for line in data.splitlines())
        if not 0 < count <= limits.max_file_requests:
            raise ApiError(400, f"File has {count} requests, limit {limits.max_file_requests}.", param="file")
        return self._keep(filename, purpose, data).shown()

    def file(self, name: str) -> File:
        """Return a file by its id.

        Raises:
            ApiError: If it does not exist.
        """
        if name not in self._files:
            raise missing("File object", name)
        return self._files[name]

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create a batch and return its batch object.

        Raises:
            ApiError: If the request is invalid or its input file does not exist.
        """
        if request.get("endpoint") not in URLS:
            allowed = ", ".join(map(repr, URLS))
            raise ApiError(400, f"Invalid value: {request.get('endpoint')!r}. Supported: {allowed}.", param="endpoint")
        if request.get("completion_window") != "24h":
            raise ApiError(400, "Invalid completion_window. Supported: '24h'.", param="completion_window")
        data = self.file(str(request.get("input_file_id"))).data
        content = sha256(data).hexdigest()[:32]
        name = self._new_name("batch_", content)
        hit = self._model.faults.for_batch(content, self._named[f"batch_{content}"])
        lines, errors = _parsed(data, request["endpoint"])
        if hit.fault is Fault.BATCH_FAILED:
            message = "Enqueued token limit reached for this model. Please try again once some batches have completed."
            errors.append({"code": "token_limit_exceeded", "line": None, "message": message, "param": None})
        steps = _steps(self._model.settings.batch_polls, bool(errors), hit.fault is Fault.BATCH_EXPIRED)
        batch = Batch(name, request, lines, steps, hit.fault, f"{self._model.faults.seed}:{content}", errors=errors)
        self._batches[name] = batch
        return batch.shown()

    def poll(self, name: str) -> dict[str, Any]:
        """Advance a batch by one step and return its batch object."""
        batch = self._batch(name)
        if batch.steps:
            self._enter(batch, batch.steps.pop(0))
        return batch.shown()

    def cancel(self, name: str) -> dict[str, Any]:
        """Cancel a batch. Existing results are kept, and the next poll returns the status "cancelled".

        Raises:
            ApiError: If the batch has ended or is about to.
        """
        batch = self._batch(name)
        if batch.status in TERMINAL or batch.status == "finalizing":
            raise ApiError(409, f"Cannot cancel a batch with status {batch.status!r}.")
        batch.status, batch.steps = "cancelling", ["cancelled"]
        return batch.shown()

    def _batch(self, name: str) -> Batch:
        if name not in self._batches:
            raise missing("batch", name)
        return self._batches[name]

    def _enter(self, batch: Batch, status: str) -> None:
        batch.status = status
        if status in ("in_progress", "finalizing", "completed", "expired"):
            reach = len(batch.lines) if batch.fault is not Fault.BATCH_EXPIRED else len(batch.lines) // 2
            if status == "in_progress":  # execute an equal share at each step
                reach = reach // (1 + batch.steps.count("in_progress") + 1)
            for line in batch.lines[batch.executed : reach]:
                self._execute(batch, line)
        if status in ("completed", "expired", "cancelled"):
            if status != "completed":
                self._give_up(batch, f"batch_{status}")
            self._write(batch)

    def _execute(self, batch: Batch, line: Line) -> None:
        visit = self._log.arrive(LINE, content_hash(line["body"]))
        outcome = answered(self._model, line["url"].rpartition("/")[2], line["body"], visit)
        unsent = outcome.done in (Fault.DROPPED, Fault.TIME_OUT)
        self._log.record(visit, outcome.done, *((0, 0) if unsent else outcome.tokens))
        name = f"batch_req_{visit.content[:16]}-{visit.attempt}"
        if unsent:
            error = {"code": "server_error", "message": "The request could not be processed."}
            batch.rejected.append({"id": name, "custom_id": line["custom_id"], "response": None, "error": error})
            return
        batch.used.update(_usage(outcome))
        response = {"status_code": outcome.status, "request_id": f"req_{name}", "body": outcome.payload}
        result = {"id": name, "custom_id": line["custom_id"], "response": response, "error": None}
        (batch.output if outcome.status == 200 else batch.rejected).append(result)

    def _give_up(self, batch: Batch, code: str) -> None:
        message = "This request could not be executed before the batch was ended."
        for line in batch.lines[batch.executed :]:
            error = {"code": code, "message": message}
            name = f"batch_req_{content_hash(line['custom_id'])[:16]}-0"
            batch.rejected.append({"id": name, "custom_id": line["custom_id"], "response": None, "error": error})

    def _write(self, batch: Batch) -> None:
        order = random.Random(batch.seed)  # noqa: S311 - not used for security
        for kind, results in (("output", batch.output), ("error", batch.rejected)):
            if results:
                shuffled = order.sample(results, len(results))
                data = "".join(json.dumps(result, ensure_ascii=False) + "\n" for result in shuffled).encode()
                batch.files[kind] = self._keep(f"{batch.name}_{kind}.jsonl", "batch_output", data).name

    def _keep(self, filename: str, purpose: str, data: bytes) -> File:
        file = File(self._new_name("file-", sha256(data).hexdigest()[:32]), filename, purpose, data)
        self._files[file.name] = file
        return file

    def _new_name(self, prefix: str, content: str) -> str:
        self._named[prefix + content] += 1
        return f"{prefix}{content[:24]}-{self._named[prefix + content]}"


def _usage(outcome: Outcome) -> dict[str, int]:
    prompt, completion = outcome.tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _steps(polls: int, fails: bool, expires: bool) -> list[str]:
    if fails:
        return ["validating", "failed"][-polls:]
    ending = ["in_progress", "expired"] if expires else ["finalizing", "completed"]
    return ["validating", *["in_progress"] * max(1, polls - 3), *ending][-polls:]


def _parsed(data: bytes, url: str) -> tuple[list[Line], list[dict[str, Any]]]:
    lines: list[Line] = []
    errors: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, text in enumerate(data.splitlines(), 1):
        if not text.strip():
            continue
        problem, line = _problem(text, seen, url)
        if problem:
            errors.append({"code": problem, "line": number, "message": f"Line {number}: {problem}.", "param": None})
        else:
            seen.add(line["custom_id"])
            lines.append(line)
    return lines, errors


def _problem(text: bytes, seen: set[str], url: str) -> tuple[str | None, Line]:
    try:
        line = json.loads(text)
    except ValueError:
        return "invalid_json_line", {}
    if (
        not isinstance(line, dict)
        or not isinstance(line.get("custom_id"), str)
        or not isinstance(line.get("body"), dict)
    ):
        return "missing_required_parameter", {}
    if line["custom_id"] in seen:
        return "duplicate_custom_id", {}
    return (None, line) if (line.get("method"), line.get("url")) == ("POST", url) else ("invalid_url", {})
