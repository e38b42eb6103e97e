"""What the API page promises, held against the service by generated questions."""

from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case

from server.api.app import create_app
from server.api.service import utc_now
from server.demonstration import build_demo
from server.settings import Settings

EXAMPLES = 30


def test_every_generated_question_gets_an_answer_or_a_problem(store_url: str, tmp_path: Path) -> None:
    demo = build_demo(Settings(home=tmp_path, store=store_url), (60, 80), 5, utc_now, lambda _words: None)
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(demo.settings))
    asked = set()
    for operation in schema.get_all_operations():
        strategy = operation.ok().as_strategy()

        @given(case=strategy)
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def ask(case: Case) -> None:
            answer = case.call(base_url="http://127.0.0.1", headers={"Host": "127.0.0.1"})
            asked.add((case.method, case.path))
            assert answer.status_code < 500, (case.as_curl_command(), answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == ["application/problem+json"], case.as_curl_command()
                assert {"type", "title", "status", "detail"} <= answer.json().keys()

        ask()
    assert ("POST", "/v1/owners") in asked
    assert len(asked) >= 20
