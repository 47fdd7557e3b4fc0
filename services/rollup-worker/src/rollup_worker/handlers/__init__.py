"""What each event does here: facts, the time they were known, and dirty marks, in the caller's transaction."""

from collections.abc import Mapping
from typing import Final

from rollup_worker.handlers.observations import on_observations_recorded
from rollup_worker.handlers.plan import (
    on_area_defined,
    on_city_defined,
    on_department_defined,
    on_goal_defined,
    on_measure_defined,
    on_targets_set,
)
from tideline.consumer import Handler
from tideline.events import (
    AreaDefined,
    CityDefined,
    DepartmentDefined,
    Event,
    GoalDefined,
    MeasureDefined,
    ObservationsRecorded,
    TargetsSet,
)

HANDLERS: Final[Mapping[str, Mapping[type[Event], Handler]]] = {
    "GOALS": {
        MeasureDefined: on_measure_defined,
        GoalDefined: on_goal_defined,
        DepartmentDefined: on_department_defined,
        AreaDefined: on_area_defined,
        CityDefined: on_city_defined,
        TargetsSet: on_targets_set,
    },
    "MEASUREMENTS": {ObservationsRecorded: on_observations_recorded},
}
