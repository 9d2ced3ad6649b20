"""Experiments: variants of a product that are held against each other.

ws.launch_experiment(ws.create_experiment(mp.CreateExperimentParams(name="Short form")).id)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_headless._lazy import LazyModule
from mixpanel_headless.app_api import at, delete, get, patch, post, put
from mixpanel_headless.operation import Mode, Surface, operation
from mixpanel_headless.request import Request, Scope

if TYPE_CHECKING:
    from mixpanel_headless.models import experiments as kinds
    from mixpanel_headless.results.discovery import Listing
else:
    kinds = LazyModule("mixpanel_headless.models.experiments")

VIEW = Scope.WORKSPACE_IF_PINNED


class Experiments(Surface[Mode]):
    """Variants that are held against each other; none of these calls costs a query.

    An experiment goes from draft to active to concluded, and is decided then; the service refuses other ways (409).
    """

    @operation
    def list_experiments(self, *, include_archived: bool = False) -> Request[Listing[kinds.Experiment]]:
        """The experiments, without those that are archived unless they are asked for.

        - `include_archived`: those in the archive too.
        """
        return get(
            "experiments/", list[kinds.Experiment], scope=VIEW, include_archived=True if include_archived else None
        )

    @operation
    def create_experiment(self, params: kinds.CreateExperimentParams) -> Request[kinds.Experiment]:
        """A new experiment, a draft."""
        return post("experiments/", kinds.Experiment, scope=VIEW, json=params)

    @operation
    def get_experiment(self, experiment_id: str) -> Request[kinds.Experiment]:
        """One experiment."""
        return get(at("experiments/{}", experiment_id), kinds.Experiment, scope=VIEW)

    @operation
    def update_experiment(self, experiment_id: str, params: kinds.UpdateExperimentParams) -> Request[kinds.Experiment]:
        """The changed experiment; what is not given stays."""
        return patch(at("experiments/{}", experiment_id), kinds.Experiment, scope=VIEW, json=params)

    @operation
    def delete_experiment(self, experiment_id: str) -> Request[None]:
        """Delete an experiment for good."""
        return delete(at("experiments/{}", experiment_id), scope=VIEW)

    @operation
    def launch_experiment(self, experiment_id: str) -> Request[kinds.Experiment]:
        """A draft that people see from now on."""
        return put(at("experiments/{}/launch", experiment_id), kinds.Experiment, scope=VIEW)

    @operation
    def conclude_experiment(
        self, experiment_id: str, params: kinds.ExperimentConcludeParams | None = None
    ) -> Request[kinds.Experiment]:
        """An active experiment that has ended, now unless `params` say when."""
        return put(at("experiments/{}/force_conclude", experiment_id), kinds.Experiment, scope=VIEW, json=params or {})

    @operation
    def decide_experiment(self, experiment_id: str, params: kinds.ExperimentDecideParams) -> Request[kinds.Experiment]:
        """A concluded experiment with what came out of it."""
        return patch(at("experiments/{}/decide", experiment_id), kinds.Experiment, scope=VIEW, json=params)

    @operation
    def archive_experiment(self, experiment_id: str) -> Request[None]:
        """Put an experiment away; `restore_experiment` brings it back."""
        return post(at("experiments/{}/archive", experiment_id), scope=VIEW)

    @operation
    def restore_experiment(self, experiment_id: str) -> Request[kinds.Experiment]:
        """An experiment that was archived, brought back."""
        return delete(at("experiments/{}/archive", experiment_id), kinds.Experiment, scope=VIEW)

    @operation
    def duplicate_experiment(
        self, experiment_id: str, params: kinds.DuplicateExperimentParams
    ) -> Request[kinds.Experiment]:
        """A new draft that is like another experiment."""
        return post(at("experiments/{}/duplicate", experiment_id), kinds.Experiment, scope=VIEW, json=params)

    @operation
    def list_erf_experiments(self) -> Request[Listing[Any]]:
        """The experiments as the service's own reports list them, as they come."""
        return get("experiments/erf/", list[Any], scope=VIEW)
