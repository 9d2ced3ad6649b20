"""What Mixpanel's OpenAPI documents of the App API allow to be asked and changed; answers keep to their schemas."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

import mixpanel_headless as mp
from mixpanel_headless.sandbox import Sandbox
from tests.sandbox.conftest import EVENTS, NOW, caller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis.specs.openapi.schemas import OpenApiSchema

    Case = schemathesis.Case[Any]

DATA = Path(__file__).parents[1] / "data" / "openapi"
few = settings(max_examples=8, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
an_hour_later = count(0.0, 3600.0).__next__
"""A clock that leaves every window empty, so that nothing is refused for its rate."""


def document(name: str, mode: GenerationMode) -> OpenApiSchema:
    loaded = schemathesis.openapi.from_path(DATA / f"{name}.openapi.yaml")
    loaded.config.generation.update(modes=[mode])
    return loaded


NAMES = ("annotations", "experiments", "feature-flags-management", "lexicon-schemas")
ANNOTATIONS, EXPERIMENTS, FLAGS, SCHEMAS = (document(name, GenerationMode.POSITIVE) for name in NAMES)

ANNOTATION = {"date": "2026-01-05 00:00:00", "description": "Release", "tags": []}
EXPERIMENT = {
    "name": "Button",
    "description": "Red",
    "hypothesis": "Better",
    "settings": {},
    "variants": [],
    "metrics": [],
}
FLAG = {
    "name": "Other", "key": "other", "tags": ["a"], "context": "distinct_id", "serving_method": "server",
    "ruleset": {
        "variants": [{"key": "On", "value": True, "is_control": False, "split": 1.0}],
        "rollout": [{"rollout_percentage": 1.0, "variant_splits": {"On": 1.0}}],
    },
}  # fmt: skip
SCHEMA = {"description": "Somebody buys", "properties": {"amount": {"type": "number"}}}
WHOLE: list[tuple[Any, str, str, dict[str, Any]]] = [
    (ANNOTATIONS, "/projects/{projectId}/annotations", "POST", ANNOTATION),
    (ANNOTATIONS, "/projects/{projectId}/annotations/{annotationId}", "PATCH", {"description": "Other"}),
    (EXPERIMENTS, "/workspaces/{workspace_id}/experiments", "POST", EXPERIMENT),
    (EXPERIMENTS, "/workspaces/{workspace_id}/experiments/{experiment_id}", "PATCH", EXPERIMENT),
    (EXPERIMENTS, "/workspaces/{workspace_id}/experiments/{experiment_id}/launch", "PUT", {}),
    (EXPERIMENTS, "/workspaces/{workspace_id}/experiments/{experiment_id}/force_conclude", "PUT", {}),
    (EXPERIMENTS, "/workspaces/{workspace_id}/experiments/{experiment_id}/decide", "PATCH", {"success": True}),
    (FLAGS, "/projects/{project_id}/workspaces/{workspace_id}/feature-flags", "POST", FLAG),
    (FLAGS, "/projects/{project_id}/workspaces/{workspace_id}/feature-flags/{flag_id}", "PUT", FLAG),
    (SCHEMAS, "/projects/{projectId}/schemas/{entityType}/{name}", "POST", SCHEMA),
    (SCHEMAS, "/projects/{projectId}/schemas", "POST", {
        "entries": [{"entityType": "event", "name": "Order", "schemaJson": SCHEMA}], "truncate": True,
    }),
]  # fmt: skip
"""What the service takes, whole and sound, by document and address."""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(EVENTS, now=NOW, clock=an_hour_later) as opened:
        yield opened


@pytest.fixture(scope="module")
def ws(box: Sandbox) -> Iterator[mp.Workspace]:
    with box.workspace(policy="admin") as workspace:
        yield workspace


def make_experiment(ws: mp.Workspace, path: str) -> str:
    """An experiment that has come as far as a call needs it."""
    made = ws.create_experiment(mp.CreateExperimentParams(name="Button")).id
    if path.endswith(("force_conclude", "decide")):
        ws.launch_experiment(made)
    if path.endswith("decide"):
        ws.conclude_experiment(made)
    return made


def make_flag(ws: mp.Workspace) -> str:
    """The only flag there is."""
    for flag in ws.list_feature_flags():
        ws.delete_feature_flag(flag.id)
    return ws.create_feature_flag(mp.CreateFeatureFlagParams(name="Button", key="button")).id


@ANNOTATIONS.parametrize()
@few
def test_an_annotation_is_refused_or_answered_as_the_document_says(case: Case, box: Sandbox, ws: mp.Workspace) -> None:
    if "annotationId" in case.path_parameters:
        note = mp.CreateAnnotationParams(date="2026-01-05 00:00:00", description="Release")
        case.path_parameters["annotationId"] = ws.create_annotation(note).id
    assert send(case, box) in allowed(case)


@EXPERIMENTS.parametrize()
@few
def test_an_experiment_is_refused_or_answered_as_the_document_says(case: Case, box: Sandbox, ws: mp.Workspace) -> None:
    if "experiment_id" in case.path_parameters:
        case.path_parameters["experiment_id"] = make_experiment(ws, case.path)
    assert send(case, box) in allowed(case)


@FLAGS.parametrize()
@few
def test_a_flag_is_refused_or_answered_as_the_document_says(case: Case, box: Sandbox, ws: mp.Workspace) -> None:
    made = make_flag(ws)
    if "flag_id" in case.path_parameters:
        case.path_parameters["flag_id"] = made
    assert send(case, box) in allowed(case)


@SCHEMAS.parametrize()
@few
def test_schemas_are_refused_or_answered_as_the_document_says(case: Case, box: Sandbox) -> None:
    place = f"/api/app/projects/{box.project}/schemas/event/Order"
    assert caller(box).post(place, {"properties": {"amount": {"type": "number"}}}).status == 200
    if "name" in case.path_parameters:
        case.path_parameters |= {"entityType": "event", "name": "Order"}
    elif "entity_name" in case.query:
        case.path_parameters["entityType"], case.query["entity_name"] = "event", "Order"
    assert send(case, box) in allowed(case)


def allowed(case: Case) -> set[int]:
    """The statuses that an answer may have: what reads or deletes a thing that is there may not be refused."""
    return {200} if case.method in {"GET", "DELETE"} else {200, 201, 400}


@pytest.mark.parametrize(
    ("document", "path", "verb", "body"), WHOLE, ids=lambda one: one if isinstance(one, str) else ""
)
def test_what_is_whole_is_answered_as_the_document_says(
    document: Any, path: str, verb: str, body: dict[str, Any], box: Sandbox, ws: mp.Workspace
) -> None:
    note = mp.CreateAnnotationParams(date="2026-01-05 00:00:00", description="Release")
    made = {"annotationId": ws.create_annotation(note).id, "experiment_id": make_experiment(ws, path)}
    made |= {"flag_id": make_flag(ws), "entityType": "event", "name": "Order", "workspace_id": 1}
    places = {name: value for name, value in {**made, "projectId": 0, "project_id": 0}.items() if f"{{{name}}}" in path}
    case = document[path][verb].Case(path_parameters=places, body=body, media_type="application/json")
    assert send(case, box) in {200, 201}


@pytest.mark.parametrize("name", NAMES)
def test_what_the_document_does_not_allow_is_no_failure_of_the_service(name: str, box: Sandbox) -> None:
    for found in document(name, GenerationMode.NEGATIVE).get_all_operations():
        assert isinstance(found, Ok)

        @given(case=found.ok().as_strategy(GenerationMode.NEGATIVE))
        @few
        def ask(case: Case) -> None:
            assert send(case, box, checks=[]) < 500

        ask()


def send(case: Case, box: Sandbox, checks: Any = (response_schema_conformance, status_code_conformance)) -> int:
    """The status of the answer; the document describes the body of a success."""
    real = {"project_id": box.project, "projectId": box.project, "workspace_id": 1}  # others are refused at once
    case.path_parameters |= {name: real[name] for name in real.keys() & case.path_parameters.keys()}
    answer = case.call(base_url=f"{box.url}/api/app", auth=(box.username, box.secret))
    if answer.status_code < 300 and checks:
        case.validate_response(answer, checks=list(checks))
    return answer.status_code
