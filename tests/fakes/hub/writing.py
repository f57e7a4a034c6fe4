"""Handlers of write requests: repositories, files, branches and tags."""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web
from yarl import URL

from .call import Call, reply
from .errors import HubError, bad_request, missing_token, no_repository
from .hub import Caller
from .objects import File
from .operations import is_large, read_commit
from .repository import MAIN, REPO_TYPES, VISIBILITIES, RepoType, Visibility


def named_in(body: dict[str, Any], caller: Caller) -> tuple[RepoType, str]:
    """Return type and name of the repository in the body of a request to create or delete it."""
    plural = f"{body.get('type') or 'model'}s"
    repo_type = next((known for known in REPO_TYPES if known == plural), None)
    if repo_type is None:
        raise bad_request(f"Invalid repo type: {body['type']!r}")
    return repo_type, f"{body.get('organization') or caller.name}/{body['name']}"


def create(call: Call) -> web.Response:
    """POST /api/repos/create."""
    if call.caller is None:
        raise missing_token()
    body = call.json()
    repo_type, name = named_in(body, call.caller)
    call.hub.check_writer(call.caller, name.partition("/")[0])
    if call.hub.exists(repo_type, name):
        raise already_there(call, repo_type, name)
    call.hub.create(repo_type, name, visibility=_visibility(body) or "public", sdk=body.get("sdk"))
    return reply({"url": call.address(repo_type, name), "name": name, "id": name})


def already_there(call: Call, repo_type: RepoType, name: str) -> HubError:
    """Return the 409 for a new repository that exists. The client reads its address from the error."""
    return HubError(
        409, f"You already created this {repo_type.removesuffix('s')} repo", url=call.address(repo_type, name)
    )


def delete(call: Call) -> web.Response:
    """DELETE /api/repos/delete."""
    if call.caller is None:
        raise missing_token()
    repo_type, name = named_in(call.json(), call.caller)
    if not call.hub.exists(repo_type, name):
        raise no_repository()
    call.hub.writable(call.caller, repo_type, name)  # raises if the caller may not write to it
    call.hub.remove(repo_type, name)
    return reply()


def settings(call: Call) -> web.Response:
    """PUT /api/{type}/{owner}/{name}/settings: only the visibility is supported."""
    repository, body = call.writable, call.json()
    visibility = _visibility(body)
    if visibility is None or body.keys() - {"private", "visibility"}:
        raise bad_request(f"Unsupported settings: {sorted(body)}. Supported settings: private, visibility.")
    repository.visibility = visibility
    return reply({"private": repository.private, "visibility": repository.visibility})


def preupload(call: Call) -> web.Response:
    """POST /api/{type}/{owner}/{name}/preupload/{revision}: the upload mode of each file. No file is ignored."""
    repository = call.readable if call.flag("create_pr") else call.writable
    files = repository.at(call.names["revision"]).files
    modes = [
        {
            "path": file["path"],
            "uploadMode": "lfs"
            if is_large(file["path"], file["size"], base64.b64decode(file["sample"]))
            else "regular",
            "shouldIgnore": False,
            "oid": files[file["path"]].etag if file["path"] in files else None,
        }
        for file in call.json()["files"]
    ]
    return reply({"files": modes})


def lfs_batch(call: Call) -> web.Response:
    """POST /{prefix}{owner}/{name}.git/info/lfs/objects/batch: upload addresses of the missing files."""
    repository, body = call.readable, call.json()
    if call.caller is None:
        raise missing_token()
    if "ref" in body:  # without a ref it is for a pull request, which any reader may open
        call.hub.check_writer(call.caller, repository.owner)
    if body["operation"] != "upload":
        raise bad_request(f"Unsupported operation {body['operation']!r}. Supported operation: upload.")
    entries: list[dict[str, Any]] = []
    for requested in body["objects"]:
        entry = {"oid": requested["oid"], "size": requested["size"]}
        if requested["oid"] not in repository.uploaded:
            href = _upload_address(call, requested["oid"], requested["size"])
            entry["actions"] = {"upload": {"href": str(href), "header": {}}}
        entries.append(entry)
    return reply({"transfer": "basic", "objects": entries})


def lfs_upload(call: Call) -> web.Response:
    """PUT /lfs/{type}/{owner}/{name}/{oid}: the content, which must have the announced SHA-256 and size.

    The request has no token. On the real Hub, the address is signed and grants the access.
    """
    if not call.hub.exists(call.repo_type, call.name):
        raise no_repository()
    repository = call.hub.repo(call.repo_type, call.name)
    file = File.large(call.body)
    if file.sha256 != call.names["oid"] or len(call.body) != int(call.url.query["size"]):
        raise bad_request("The content does not have the announced SHA-256 and size")
    repository.uploaded[call.names["oid"]] = file
    return reply()


def commit(call: Call) -> web.Response:
    """POST /api/{type}/{owner}/{name}/commit/{revision}."""
    wants_review = call.flag("create_pr")
    repository = call.readable if wants_review else call.writable
    if call.caller is None:
        raise missing_token()
    request = read_commit(call.body, repository.uploaded)
    address = call.address(repository.repo_type, repository.name)
    revision, author = call.names["revision"], call.caller.name
    result: dict[str, Any] = {"success": True, "hookOutput": ""}
    if wants_review:
        number, new = repository.open_pull_request(
            request.operations, request.parent or revision, request.title, request.description, author
        )
        result["pullRequestUrl"] = f"{address}/discussions/{number}"
    else:
        new = repository.commit(
            request.operations,
            revision=revision,
            title=request.title,
            description=request.description,
            author=author,
            parent=request.parent,
        )
    return reply({**result, "commitOid": new.id, "commitUrl": f"{address}/commit/{new.id}"})


def create_branch(call: Call) -> web.Response:
    """POST /api/{type}/{owner}/{name}/branch/{branch}."""
    call.writable.create_branch(call.names["branch"], call.json().get("startingPoint", MAIN))
    return reply(status=201)


def delete_branch(call: Call) -> web.Response:
    """DELETE /api/{type}/{owner}/{name}/branch/{branch}."""
    call.writable.delete_branch(call.names["branch"])
    return reply()


def create_tag(call: Call) -> web.Response:
    """POST /api/{type}/{owner}/{name}/tag/{revision}."""
    call.writable.create_tag(call.json()["tag"], call.names["revision"])
    return reply(status=201)


def delete_tag(call: Call) -> web.Response:
    """DELETE /api/{type}/{owner}/{name}/tag/{tag}."""
    call.writable.delete_tag(call.names["revision"])
    return reply()


def _visibility(body: dict[str, Any]) -> Visibility | None:
    if "private" in body:
        return "private" if body["private"] else "public"
    value = body.get("visibility")
    if value is not None and value not in VISIBILITIES:
        raise bad_request(f"Invalid visibility: {value!r}")
    return next((visibility for visibility in VISIBILITIES if visibility == value), None)


def _upload_address(call: Call, oid: str, size: int) -> URL:
    return call.url.origin() / f"lfs/{call.repo_type}/{call.name}/{oid}" % {"size": size}
