"""What a client is told whose body is not the JSON that a route takes."""

from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

import starlette.exceptions
from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

__all__ = ["JsonRoute", "refuse_compressed"]


class JsonRoute(APIRoute):
    """A route whose body, where it has one, is JSON: whoever sends another is told so.

    ``wanted`` says what to send; a route that takes something else has a class of its own.
    """

    wanted = 'send {"inputs": [{"column": value, ...}, ...]}, one object for each row'

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        if self.body_field is None:
            return answer

        async def handle(request: Request) -> Response:
            refuse_compressed(request)
            kind = request.headers.get("content-type", "")
            if not _means_json(kind):
                found = f"found {kind[:100]!r}" if kind else "found none"
                raise HTTPException(415, f"send Content-Type: application/json; {found}")
            try:
                return await answer(request)
            except RequestValidationError as error:
                for fault in error.errors():
                    if fault["type"] == "json_invalid":
                        where = f"{fault['ctx']['error']} at character {fault['loc'][-1]}"
                        fault["msg"] = f"not JSON: {where}; {self.wanted}"
                    elif fault["loc"] == ("body",) or fault["type"] == "model_attributes_type":
                        fault["msg"] = self.wanted  # nothing, or no object
                raise
            except starlette.exceptions.HTTPException as error:
                if fault := _unreadable(error.__cause__, self.wanted):
                    raise RequestValidationError([fault]) from None
                raise

        return handle


def _unreadable(cause: BaseException | None, wanted: str) -> dict[str, Any] | None:
    """The fault of a body that could not be read, where FastAPI says no more than that."""
    place: tuple[str | int, ...] = ("body",)
    if isinstance(cause, UnicodeDecodeError):
        why, place = f"no UTF-8 at byte {cause.start}", ("body", cause.start)
    elif isinstance(cause, RecursionError):
        why = "nested too deep"
    else:
        return None
    said = f"not JSON: {why}; {wanted}"
    return {"type": "json_invalid", "loc": place, "msg": said, "input": None}


def refuse_compressed(request: Request) -> None:
    """Raises HTTPException: the body would have to be unpacked first."""
    coding = request.headers.get("content-encoding", "identity")
    if coding.lower() != "identity":
        sentence = f"send the body uncompressed; found Content-Encoding: {coding[:100]}"
        raise HTTPException(415, sentence, headers={"accept-encoding": "identity"})


def _means_json(content_type: str) -> bool:
    """Whether FastAPI reads a body of this type as JSON."""
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    is_json = subtype == "json" or subtype.endswith("+json")
    return message.get_content_maintype() == "application" and is_json
