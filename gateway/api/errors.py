"""Errors become constants on partner routes; what an exception says is never sent."""

from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gateway.api import fixed
from gateway.api.responses import FixedResponse
from gateway.exit import is_partner


def catch(app: FastAPI) -> None:
    """Register the answers to every kind of error. Routes that are no partner's keep the framework's own."""
    app.add_exception_handler(HTTPException, _of_status)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(Exception, _of_failure)


async def _of_status(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return await _of_failure(request, error)
    if is_partner(request.scope):
        return FixedResponse(fixed.for_status(error.status_code))
    return await http_exception_handler(request, error)


async def _of_validation(request: Request, error: Exception) -> Response:
    if is_partner(request.scope) or not isinstance(error, RequestValidationError):
        return FixedResponse(fixed.UNPROCESSABLE)
    return await request_validation_exception_handler(request, error)


async def _of_failure(request: Request, _error: Exception) -> Response:
    if is_partner(request.scope):
        return FixedResponse(fixed.SERVER_ERROR)
    return PlainTextResponse("the request could not be served", status_code=500)
