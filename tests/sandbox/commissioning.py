"""What every Commissioning operation of a system refuses alike, for the tests of each group."""

from typing import Any

from tests.sandbox.conftest import Person, World

NOT_YOURS = "Not authorized to access requested resource."


def stands_apart(
    world: World, person: Person, method: str, path: str, *, windowed: bool = True, **options: Any
) -> None:
    """Check 401 (three ways), 404, 405, 429 and 501; `path` has {} where the system id belongs."""
    bare = person.ask(method, path.format(703), headers={"key": ""}, **options)
    assert bare.status_code == 401
    assert bare.json() == {
        "reason": "401",
        "message": [NOT_YOURS, "API Key missing in url/headers!"],
    }
    foreign = person.ask(method, path.format(801), **options)
    assert (foreign.status_code, foreign.json()["message"]) == (401, [NOT_YOURS])
    unknown = person.ask(method, path.format(5), **options)
    assert unknown.status_code == 404
    assert unknown.json() == {"reason": "404", "message": ["System not found"]}
    wrong = person.ask("PATCH", path.format(703), **options)
    assert wrong.json() == {"reason": "405", "message": ["Method not allowed"]}
    odd = person.ask("PURGE", path.format(703), **options)
    assert odd.json() == {"reason": "501", "message": ["Not Implemented"]}
    world.control("POST", "/limits", {"per_minute": 0})
    limited = person.ask(method, path.format(703), **options)
    world.control("POST", "/limits", {"per_minute": 300})
    assert limited.status_code == 429
    assert ("period_end" in limited.json()) is windowed
    assert limited.json()["reason"] == "429"


def mistakes(answer: Any) -> list[str]:
    """Give the texts of a 422 in envelope U."""
    assert answer.status_code == 422, answer.text
    assert set(answer.json()) <= {"errorCode", "errorMessages"}
    return list(answer.json()["errorMessages"])
