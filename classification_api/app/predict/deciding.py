"""Decide whether POST /predict may be answered in front of FastAPI: only where that skips nothing."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.datastructures import DefaultPlaceholder
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import Host, Match

from ..api import PATH
from ..media import JsonRoute

__all__ = ["why_not"]

_PARAMETERS = ("path_params", "query_params", "header_params", "cookie_params", "body_params")
_OWN = {"body", "explain", "on_error"}
_HANDED_OVER = (
    "request", "websocket", "http_connection", "response", "background_tasks", "security_scopes",
)  # fmt: skip


def why_not(app: FastAPI, router: APIRouter) -> str | None:
    """Why FastAPI has to answer POST /predict itself; nothing where it need not.

    To be asked once all routes are there. An exception handler is never in the way: in front of
    FastAPI requests are answered or handed on, and nothing is raised. Nor are
    ``dependency_overrides``: they change dependencies, and with one FastAPI answers.

    Args:
        app: with all its routes.
        router: that of api.py, which the application has included.
    """
    if app.user_middleware:
        return "the application has middleware"
    route = _first(app)
    if route is None:
        return f"no route answers POST {PATH}"
    if route.original_route not in router.routes or type(route.original_route) is not JsonRoute:
        return f"another route, {route.path}, answers POST {PATH}"
    if route.dependencies or route.dependant.dependencies:
        return "the route has a dependency"
    if parameters := _parameters(route) ^ _OWN:
        return f"the route's parameters are not {', '.join(sorted(_OWN))}: {sorted(parameters)}"
    if app.max_body_size is not None or route.max_body_size is not None:
        return "the application sets max_body_size"
    if not isinstance(route.response_class, DefaultPlaceholder) or route.status_code:
        return "the route has a response class or a status of its own"
    return None


def _first(app: FastAPI) -> RouteContext | None:
    """The route that answers, with what including it has added."""
    request = {"type": "http", "method": "POST", "path": PATH, "headers": []}
    for route in iter_route_contexts(app.routes):
        # Which requests are for another host only they can say.
        if isinstance(route.original_route, Host) or route.matches({**request})[0] is Match.FULL:
            return route
    return None


def _parameters(route: RouteContext) -> set[str]:
    dependant = route.dependant
    named = {parameter.name for kind in _PARAMETERS for parameter in getattr(dependant, kind)}
    return named | {kind for kind in _HANDED_OVER if getattr(dependant, f"{kind}_param_name")}
