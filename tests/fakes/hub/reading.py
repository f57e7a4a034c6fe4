"""Handlers of read requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

import yaml
from aiohttp import web

from .call import Call, page, reply
from .errors import HubError, missing_token, no_entry
from .objects import File, parent_of
from .repository import MAIN, Commit, Repository

FENCE = "---\n"


def whoami(call: Call) -> web.Response:
    """GET /api/whoami-v2."""
    caller = call.caller
    if caller is None:
        raise missing_token(code=None)
    orgs = [{"type": "org", "name": name, "fullname": name, "roleInOrg": "write"} for name in caller.orgs]
    token = {"type": "access_token", "accessToken": {"displayName": "tests", "role": caller.role}}
    who = {"type": "user", "id": caller.name, "name": caller.name, "fullname": caller.name, "avatarUrl": ""}
    return reply({**who, "orgs": orgs, "auth": token})


def validate_yaml(call: Call) -> web.Response:
    """POST /api/validate-yaml: the YAML header of a README must be a mapping. A missing header is a warning."""
    content: str = call.json()["content"].replace("\r\n", "\n")
    header, closed, _ = content.removeprefix(FENCE).partition(f"\n{FENCE}")
    errors, warnings = [], []
    if not content.startswith(FENCE) or not closed:
        warnings.append({"message": "empty or missing yaml metadata in repo card"})
    else:
        try:
            if not isinstance(yaml.safe_load(header), dict):
                errors.append({"message": "the yaml metadata must be a mapping"})
        except yaml.YAMLError as error:
            errors.append({"message": str(error)})
    return reply({"errors": errors, "warnings": warnings}, 400 if errors else 200)


def auth_check(call: Call) -> web.Response:
    """GET /api/{type}/{owner}/{name}/auth-check, or with /write."""
    _ = call.writable if call.names["right"] else call.readable
    return reply()


def info(call: Call) -> web.Response:
    """GET /api/{type}/{owner}/{name}, or with /revision/{revision}."""
    repository = call.readable
    commit = repository.at(call.names.get("revision", MAIN))
    siblings = [
        {"rfilename": path, **(_blob(file) if call.flag("blobs") else {})}
        for path, file in sorted(commit.files.items())
    ]
    details: dict[str, Any] = {
        "_id": repository.name,
        "id": repository.name,
        "author": repository.owner,
        "sha": commit.id,
        "createdAt": _timestamp(repository.commits()[-1].date),
        "lastModified": _timestamp(commit.date),
        "private": repository.private,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "siblings": siblings,
    }
    return reply(details | ({"sdk": repository.sdk} if repository.sdk else {}))


def refs(call: Call) -> web.Response:
    """GET /api/{type}/{owner}/{name}/refs."""
    repository = call.readable
    references: dict[str, Any] = {
        "branches": [_ref("heads", name, oid) for name, oid in repository.branches().items()],
        "converts": [],
        "tags": [_ref("tags", name, oid) for name, oid in repository.tags().items()],
    }
    if call.flag("include_prs"):
        references["pullRequests"] = [_ref("pr", name, oid) for name, oid in repository.pull_requests().items()]
    return reply(references)


def commits(call: Call) -> web.Response:
    """GET /api/{type}/{owner}/{name}/commits/{revision}."""
    entries = [
        {
            "id": commit.id,
            "title": commit.title,
            "message": commit.description,
            "authors": [{"user": commit.author}],
            "date": _timestamp(commit.date),
        }
        for commit in call.readable.commits(call.names["revision"])
    ]
    return page(call, entries)


def tree(call: Call) -> web.Response:
    """GET /api/{type}/{owner}/{name}/tree/{revision}, or with /{folder}."""
    repository, revision = call.readable, call.names["revision"]
    folder = call.names.get("path", "").rstrip("/")
    commit = repository.at(revision)
    if folder not in commit.trees:
        raise no_entry(folder, revision, commit.id)
    paths = _below(commit, folder) if call.flag("recursive") else _inside(commit, folder)
    return page(call, [_entry(repository, commit, path, call.flag("expand")) for path in sorted(paths)])


def paths_info(call: Call) -> web.Response:
    """POST /api/{type}/{owner}/{name}/paths-info/{revision}: unknown paths are left out of the reply."""
    repository = call.readable
    commit = repository.at(call.names["revision"])
    paths = [str(path).rstrip("/") for path in call.form.getall("paths", [])]
    expand = str(call.form.get("expand", "")).lower() == "true"
    existing = [path for path in paths if path in commit.files or (path and path in commit.trees)]
    return reply([_entry(repository, commit, path, expand) for path in existing])


def resolve(call: Call) -> web.Response:
    """GET and HEAD /{prefix}{owner}/{name}/resolve/{revision}/{path}: a file, or a byte range of it."""
    revision, path = call.names["revision"], call.names["path"]
    commit = call.readable.at(revision)
    file = commit.files.get(path)
    if file is None:
        raise no_entry(path, revision, commit.id)
    headers = {
        "X-Repo-Commit": commit.id,
        "ETag": f'"{file.etag}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'inline; filename="{PurePosixPath(path).name}"',
        "Content-Type": "application/octet-stream" if file.sha256 else "text/plain; charset=utf-8",
    }
    size = len(file.data)
    if call.range == slice(None):
        return web.Response(body=file.data, headers=headers)
    start, end, _ = call.range.indices(size)
    if start >= end:
        raise HubError(416, "Range Not Satisfiable", headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return web.Response(status=206, body=file.data[start:end], headers=headers)


def _ref(kind: str, name: str, oid: str) -> dict[str, str]:
    return {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid}


def _below(commit: Commit, folder: str) -> Iterator[str]:
    prefix = f"{folder}/" if folder else ""
    yield from (path for path in (*commit.files, *commit.trees) if path and path.startswith(prefix))


def _inside(commit: Commit, folder: str) -> Iterator[str]:
    yield from (path for path in _below(commit, folder) if parent_of(path) == folder)


def _entry(repository: Repository, commit: Commit, path: str, expand: bool) -> dict[str, Any]:
    file = commit.files.get(path)
    if file is None:
        entry: dict[str, Any] = {"type": "directory", "oid": commit.trees[path], "size": 0, "path": path}
    else:
        entry = {"type": "file", "oid": file.oid, "size": len(file.data), "path": path}
        if file.sha256:
            entry["lfs"] = {"oid": file.sha256, "size": len(file.data), "pointerSize": file.pointer_size}
    if expand:
        last = _last_change(repository, commit, path)
        entry["lastCommit"] = {"id": last.id, "title": last.title, "date": _timestamp(last.date)}
    return entry


def _last_change(repository: Repository, commit: Commit, path: str) -> Commit:
    history = repository.commits(commit.id)
    for later, earlier in pairwise(history):
        if later.changed(path, earlier):
            return later
    return history[-1]


def _blob(file: File) -> Mapping[str, Any]:
    blob: dict[str, Any] = {"size": len(file.data), "blobId": file.oid}
    if file.sha256:
        blob["lfs"] = {"sha256": file.sha256, "size": len(file.data), "pointerSize": file.pointer_size}
    return blob


def _timestamp(date: datetime) -> str:
    return date.strftime("%Y-%m-%dT%H:%M:%S.000Z")
