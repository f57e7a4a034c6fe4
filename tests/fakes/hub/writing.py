"""Requests that change something: repositories, their files, and their branches and tags."""

from __future__ import annotations

import base64
from typing import Any

from aiohttp import web
from yarl import URL

from .call import Call, reply
from .errors import HubError, bad_request, no_repository, nobody
from .hub import Caller
from .objects import File
from .operations import is_large, read_commit
from .repository import MAIN, REPO_TYPES, VISIBILITIES, RepoType, Visibility


def named_in(body: dict[str, Any], caller: Caller) -> tuple[RepoType, str]:
    """The repository that the body of a request to make or delete one names."""
    plural = f"{body.get('type') or 'model'}s"
    repo_type = next((known for known in REPO_TYPES if known == plural), None)
    if repo_type is None:
        raise bad_request(f"Invalid repo type: {body['type']!r}")
    return repo_type, f"{body.get('organization') or caller.name}/{body['name']}"


def create(call: Call) -> web.Response:
    """POST /api/repos/create."""
    if call.caller is None:
        raise nobody()
    body = call.json()
    repo_type, name = named_in(body, call.caller)
    call.hub.check_writer(call.caller, name.partition("/")[0])
    if call.hub.exists(repo_type, name):
        raise already_there(call, repo_type, name)
    made = call.hub.create(repo_type, name, visibility=_visibility(body) or "public", sdk=body.get("sdk"))
    return reply({"url": call.address(made.repo_type, made.name), "name": made.name, "id": made.name})


def already_there(call: Call, repo_type: RepoType, name: str) -> HubError:
    """A repository to be made exists; the client takes its address from the error."""
    return HubError(
        409, f"You already created this {repo_type.removesuffix('s')} repo", url=call.address(repo_type, name)
    )


def delete(call: Call) -> web.Response:
    """DELETE /api/repos/delete."""
    if call.caller is None:
        raise nobody()
    repo_type, name = named_in(call.json(), call.caller)
    if not call.hub.exists(repo_type, name):
        raise no_repository()
    found = call.hub.writable(call.caller, repo_type, name)
    call.hub.remove(found.repo_type, found.name)
    return reply()


def settings(call: Call) -> web.Response:
    """PUT /api/{type}/{owner}/{name}/settings: who may read it, and nothing else."""
    repository, body = call.writable, call.json()
    visibility = _visibility(body)
    if visibility is None or body.keys() - {"private", "visibility"}:
        raise bad_request(f"Of the settings this server knows the visibility only, not {sorted(body)}")
    repository.visibility = visibility
    return reply({"private": repository.private, "visibility": repository.visibility})


def preupload(call: Call) -> web.Response:
    """POST /api/{type}/{owner}/{name}/preupload/{revision}: how each file is to come; nothing is ever ignored."""
    repository = call.readable if call.flag("create_pr") else call.writable
    files = repository.at(call.names["revision"]).files
    told = [
        {
            "path": asked["path"],
            "uploadMode": "lfs"
            if is_large(asked["path"], asked["size"], base64.b64decode(asked["sample"]))
            else "regular",
            "shouldIgnore": False,
            "oid": files[asked["path"]].etag if asked["path"] in files else None,
        }
        for asked in call.json()["files"]
    ]
    return reply({"files": told})


def lfs_batch(call: Call) -> web.Response:
    """POST /{prefix}{owner}/{name}.git/info/lfs/objects/batch: where to send what has not yet arrived."""
    repository, asked = call.readable, call.json()
    if call.caller is None:
        raise nobody()
    if "ref" in asked:  # without one it is for a pull request, which a reader may open
        call.hub.check_writer(call.caller, repository.owner)
    if asked["operation"] != "upload":
        raise bad_request(f"Only uploads are served, not {asked['operation']!r}")
    told: list[dict[str, Any]] = []
    for wanted in asked["objects"]:
        entry = {"oid": wanted["oid"], "size": wanted["size"]}
        if wanted["oid"] not in repository.uploaded:
            href = _upload_address(call, wanted["oid"], wanted["size"])
            entry["actions"] = {"upload": {"href": str(href), "header": {}}}
        told.append(entry)
    return reply({"transfer": "basic", "objects": told})


def lfs_upload(call: Call) -> web.Response:
    """PUT /lfs/{type}/{owner}/{name}/{oid}: the content, which must be what was announced.

    As the real address is signed, so this one is taken to prove a right by itself: no token comes with it.
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
        raise nobody()
    asked = read_commit(call.body, repository.uploaded)
    address = call.address(repository.repo_type, repository.name)
    revision, author = call.names["revision"], call.caller.name
    told: dict[str, Any] = {"success": True, "hookOutput": ""}
    if wants_review:
        number, made = repository.open_pull_request(
            asked.operations, asked.parent or revision, asked.title, asked.description, author
        )
        told["pullRequestUrl"] = f"{address}/discussions/{number}"
    else:
        made = repository.commit(
            asked.operations,
            revision=revision,
            title=asked.title,
            description=asked.description,
            author=author,
            parent=asked.parent,
        )
    return reply({**told, "commitOid": made.id, "commitUrl": f"{address}/commit/{made.id}"})


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
    asked = body.get("visibility")
    if asked is not None and asked not in VISIBILITIES:
        raise bad_request(f"Invalid visibility: {asked!r}")
    return next((visibility for visibility in VISIBILITIES if visibility == asked), None)


def _upload_address(call: Call, oid: str, size: int) -> URL:
    return call.url.origin() / f"lfs/{call.repo_type}/{call.name}/{oid}" % {"size": size}
