"""Ask the service what it has seen since its deployment, and keep one issue about it.

A repository's issues may be public: the issue has the names of columns and verdicts, and no
number of what was served. GITHUB_API_URL and GITHUB_REPOSITORY are what a workflow has them.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

from tools.release.project import Stop, setting

__all__ = ["monitor"]

LABEL = "drift"
TITLE = "What is served is not what the model was trained on"
_FINE = "At the last look nothing drifted, and no truth said worse."
_WHERE = (
    "The page `/live` of the service, behind an operator's key, shows what changed and by how much; "
    "docs/loop.md goes on from there. Close this once it is dealt with: the next look opens another "
    "one where it is not."
)


def monitor() -> str:
    """Open or update the issue where something drifted or the answers became worse.

    Raises:
        Stop: the service or GitHub does not answer as it should.
    """
    address = setting("LIVE_URL", "name the public address of the service").rstrip("/")
    key = setting("OPERATOR_KEY", "hand over one of the service's OPERATOR_KEYS")
    found = [*_verdicts(_live(address, key))]
    text = "\n".join([*found, "", f"{_WHERE}\n"]) if found else f"{_FINE}\n\n{_WHERE}\n"
    issue = next(iter(_issues()), None)
    if issue is None:
        if not found:
            return _FINE
        made = _github("POST", "issues", {"title": TITLE, "body": text, "labels": [LABEL]})
        return f"opened {made['html_url']}: {len(found)} verdict(s)"
    if issue["body"] == text:
        return f"{issue['html_url']} says it already"
    _github("PATCH", f"issues/{issue['number']}", {"body": text})
    return f"updated {issue['html_url']}: {len(found)} verdict(s)"


def _verdicts(live: Mapping[str, Any]) -> Iterator[str]:
    """A line for each column that drifted, and for truth that says worse."""
    for name in live["drifted"]:
        # In a span of code nobody is mentioned, and nothing is a link.
        shown = re.sub(r"[`\s]+", " ", str(name)).strip()
        yield f"- `{shown}`: drifted"
    if (live["truth"] or {}).get("worse"):
        yield "- the labels that came back say: worse than on held-out rows"


def _live(address: str, key: str) -> dict[str, Any]:
    headers = {"accept": "application/json", "x-api-key": key}
    try:
        found = _call(urllib.request.Request(f"{address}/live", headers=headers))
        return {"drifted": [*found["drifted"]], "truth": found["truth"]}
    except urllib.error.HTTPError as error:
        cure = (
            "give the secret OPERATOR_KEY one of the service's OPERATOR_KEYS"
            if error.code in (401, 403)
            else "look at the service's log"
        )
        raise Stop(f"{address}/live answers {error.code}: {cure}") from None
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise Stop(f"{address}/live does not answer ({error}): look at the service") from None


def _issues() -> list[dict[str, Any]]:
    """The issue that is open, if one is."""
    open_ones = _github("GET", f"issues?state=open&labels={LABEL}&per_page=100")
    return [one for one in open_ones if one["title"] == TITLE and "pull_request" not in one]


def _github(method: str, path: str, body: object = None) -> Any:
    """Ask GitHub's REST API about this repository."""
    api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    repository = setting("GITHUB_REPOSITORY", "name it as owner/name; a workflow has it")
    token = setting("GH_TOKEN", "hand over github.token, with issues: write")
    request = urllib.request.Request(
        f"{api}/repos/{repository}/{path}",
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={
            "accept": "application/vnd.github+json",
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "x-github-api-version": "2022-11-28",
        },
    )
    try:
        return _call(request)
    except urllib.error.HTTPError as error:
        raise Stop(
            f"{method} {path.partition('?')[0]} of {repository}: GitHub answers {error.code}: see "
            "that the job has issues: write, and that the repository has issues"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Stop(f"{api} does not answer ({error}): run the job again") from None


def _call(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)
