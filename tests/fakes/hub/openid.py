"""Fake OpenID provider of the Hub, as the sign-in of a Space uses it, with a page to choose an account.

Usage:
    with Provider({"ann": "64f0"}) as provider:
        environment = provider.environment()
        # The app redirects the browser to provider.url/oauth/authorize, where a click on `ann` signs in.
"""

from __future__ import annotations

import base64
import html
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "the-space", "its-secret"
SCOPES = "openid profile"
VALID_S = 3600
DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class _Grant:
    """Sign-in that an authorization code stands for."""

    name: str
    redirect_uri: str
    nonce: str


class Provider:
    """Provider in a background thread. A context manager that can be entered once.

    The exit raises the first error of an invalid request.

    Args:
        people: Account ids by account name.
    """

    def __init__(self, people: Mapping[str, str]) -> None:
        self.people = dict(people)
        self.redirects: list[str] = []
        """All redirect addresses that clients sent."""
        self.valid_s = VALID_S
        """Lifetime of new access tokens in seconds."""
        self.errors: list[Exception] = []
        self._codes: dict[str, _Grant] = {}
        self._tokens: dict[str, str] = {}
        self._key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"}, private=True)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, name="openid-provider", daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self) -> dict[str, str]:
        """Return the environment variables that the Hub sets for a Space with `hf_oauth: true`."""
        return {
            "OAUTH_CLIENT_ID": CLIENT,
            "OAUTH_CLIENT_SECRET": SECRET,
            "OAUTH_SCOPES": SCOPES,
            "OPENID_PROVIDER_URL": self.url,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self.errors and error is None:
            raise self.errors[0]

    def discovery(self) -> dict[str, Any]:
        """GET /.well-known/openid-configuration."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/oauth/authorize",
            "token_endpoint": f"{self.url}/oauth/token",
            "userinfo_endpoint": f"{self.url}/oauth/userinfo",
            "jwks_uri": f"{self.url}/.well-known/jwks.json",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": SCOPES.split(),
        }

    def keys(self) -> dict[str, Any]:
        """GET /.well-known/jwks.json."""
        return {"keys": [self._key.as_dict(private=False)]}

    def authorize(self, query: Mapping[str, str]) -> str:
        """GET /oauth/authorize: a page with a link for each account, and one that denies access.

        Raises:
            ValueError: If the client id, response type or scopes are wrong.
        """
        if (query.get("client_id"), query.get("response_type"), query.get("scope")) != (CLIENT, "code", SCOPES):
            raise ValueError(f"Unexpected parameters: {dict(query)}.")
        back = query["redirect_uri"]
        self.redirects.append(back)
        links = {"nobody": {"error": "access_denied"}}
        for name in self.people:
            code = secrets.token_urlsafe(12)
            self._codes[code] = _Grant(name, back, query.get("nonce", ""))
            links[name] = {"code": code}
        listed = "".join(
            f'<li><a href="{html.escape(_with_query(back, answer | {"state": query["state"]}))}">{name}</a></li>'
            for name, answer in links.items()
        )
        return f"<!doctype html><title>Sign in</title><link rel='icon' href='data:,'><ul>{listed}</ul>"

    def token(self, authorization: str, form: Mapping[str, str]) -> dict[str, Any]:
        """POST /oauth/token: exchange a code for tokens. A code is valid once.

        Raises:
            KeyError: If the code is unknown or used.
            ValueError: If the client secret, grant type or redirect address is wrong.
        """
        if authorization != "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode():
            raise ValueError("The client id or secret is wrong.")
        grant = self._codes.pop(form["code"])
        if (form["grant_type"], form["redirect_uri"]) != ("authorization_code", grant.redirect_uri):
            raise ValueError(f"Unexpected parameters: {dict(form)}.")
        token, now = secrets.token_urlsafe(24), int(time.time())
        self._tokens[token] = grant.name
        claims = {
            **self.claims(grant.name),
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "auth_time": now,
            "exp": now + VALID_S,
            **({"nonce": grant.nonce} if grant.nonce else {}),
        }
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": self.valid_s,
            "scope": SCOPES,
            "id_token": jwt.encode({"alg": "RS256", "kid": "1"}, claims, self._key),
        }

    def userinfo(self, authorization: str) -> dict[str, Any]:
        """GET /oauth/userinfo.

        Raises:
            KeyError: If the token is unknown.
        """
        return self.claims(self._tokens[authorization.removeprefix("Bearer ")])

    def claims(self, name: str) -> dict[str, Any]:
        """Return the OpenID claims of an account."""
        return {
            "sub": self.people[name],
            "name": name.capitalize(),
            "preferred_username": name,
            "profile": f"{self.url}/{name}",
            "picture": "",
        }


def _with_query(address: str, more: Mapping[str, str]) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *more.items()])))


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            replies: dict[str, Callable[[], Any]] = {
                DISCOVERY: provider.discovery,
                "/.well-known/jwks.json": provider.keys,
                "/oauth/authorize": lambda: provider.authorize(query),
                "/oauth/userinfo": lambda: provider.userinfo(self.headers["Authorization"]),
            }
            self._reply(replies.get(address.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            known = self.path == "/oauth/token"
            self._reply((lambda: provider.token(self.headers["Authorization"], form)) if known else None)

        def log_message(self, *_: object) -> None:
            """Disable logging."""

        def _reply(self, make: Callable[[], Any] | None) -> None:
            try:
                status, body = (404, {"error": "not_found"}) if make is None else (200, make())
            except (KeyError, ValueError) as error:  # raised when the provider exits
                provider.errors.append(error)
                status, body = 400, {"error": "invalid_request"}
            text, kind = (body, "text/html") if isinstance(body, str) else (json.dumps(body), "application/json")
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
