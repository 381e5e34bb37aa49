"""What every Monitoring operation of a system refuses alike, for the tests of each group."""

from typing import Any

import requests

from tests.sandbox.conftest import Person, World


def refused(answer: requests.Response, status: int, details: str) -> None:
    """Check an error in envelope M."""
    titles = {
        401: "Not Authorized",
        403: "Forbidden",
        404: "Not Found",
        422: "Unprocessable Entity",
        429: "Too Many Requests",
    }
    assert answer.status_code == status, answer.text
    assert answer.json() == {"message": titles[status], "details": details, "code": status}


def stands_apart(world: World, person: Person, method: str, path: str, **options: Any) -> None:
    """Check 401, 403, 404, 405, 429 and 501; `path` has {} where the system id belongs."""
    ask = {"headers": {"key": ""}, **options}
    refused(person.ask(method, path.format(703), **ask), 401, "User is not authorized")
    foreign = person.ask(method, path.format(801), **options)
    refused(foreign, 403, "Not authorized to access this resource")
    unknown = person.ask(method, path.format(5), **options)
    refused(unknown, 404, 'System not found for {:id=>"5"}')
    wrong = person.ask("PATCH", path.format(703), **options)
    assert wrong.status_code == 405
    assert wrong.json() == {"reason": "405", "message": ["Method not allowed"]}
    odd = person.ask("PURGE", path.format(703), **options)
    assert odd.json() == {"reason": "501", "message": ["Not Implemented"]}
    world.control("POST", "/limits", {"per_minute": 0})
    limited = person.ask(method, path.format(703), **options)
    world.control("POST", "/limits", {"per_minute": 300})
    assert limited.status_code == 429
    assert limited.json()["message"] == "Too Many Requests"
    assert limited.json()["details"].startswith("Usage limit exceeded for plan Partner")
