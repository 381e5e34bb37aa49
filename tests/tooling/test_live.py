"""Programs of a deployment, as broker and browser tests start them."""

import pytest

from portal.celery import app
from tests.browsers import assert_accessible


@pytest.mark.broker
def test_worker_and_beat_start_and_the_worker_answers(machine):
    worker = machine.start_worker()
    answers = app.control.ping(timeout=5, limit=1)
    assert [list(answer.values()) for answer in answers] == [[{"ok": "pong"}]]
    machine.stop()
    assert worker.process.returncode is not None


@pytest.mark.broker
def test_messages_wait_in_the_broker_until_it_is_emptied(machine):
    for _ in range(3):
        app.send_task("portal.operations.tasks.sweep_operations", queue="interactive")
    assert machine.empty_broker() == 3
    assert machine.empty_broker() == 0


@pytest.mark.browser
def test_browser_reaches_the_portal_and_nothing_else(page, portal):
    answer = page.goto("/healthz")
    assert answer is not None
    assert answer.status == 200


@pytest.mark.browser
def test_sign_in_page_is_accessible(page):
    page.goto("/")
    assert "/accounts/login/" in page.url
    assert_accessible(page)


@pytest.mark.browser
def test_a_strange_request_is_noticed(open_page, watch):
    page = open_page()
    page.route("**/*", lambda route: route.abort())
    page.evaluate("fetch('http://192.0.2.1/').catch(() => 0)")
    assert watch.strange_requests == ["http://192.0.2.1/"]
    watch.strange_requests.clear()
