"""The closed lists of words that every service, event and document uses with one meaning."""

import re
from enum import StrEnum
from typing import Final

CODE: Final = re.compile(r"[a-z0-9-]{1,100}")
CITY_CODE: Final = "city"
FEED_KEY_PREFIX: Final = "tlk_"


class Kind(StrEnum):
    """What a node of the roll-up can be."""

    MEASURE = "measure"
    GOAL = "goal"
    DEPARTMENT = "department"
    AREA = "area"
    CITY = "city"


class AreaKind(StrEnum):
    FOCUS_AREA = "focus_area"
    GOAL_AREA = "goal_area"
    PRIORITY = "priority"
    SERVICE_AREA = "service_area"


class MeasureType(StrEnum):
    INPUT = "input"
    OUTPUT = "output"
    EFFICIENCY = "efficiency"
    PRODUCTIVITY = "productivity"
    SERVICE_QUALITY = "service_quality"
    OUTCOME = "outcome"


class Direction(StrEnum):
    """Which way a measure should move; `none` describes without judging."""

    UP = "up"
    DOWN = "down"
    RANGE = "range"
    NONE = "none"


class Frequency(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"
    BIENNIUM = "biennium"


class Aggregation(StrEnum):
    SUM = "sum"
    AVERAGE = "average"
    WEIGHTED_AVERAGE = "weighted_average"
    RATIO = "ratio"
    LAST = "last"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    MEDIAN = "median"


class Status(StrEnum):
    """A judgement (the first five) or the reason why there is none."""

    ACHIEVED = "achieved"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"
    DETERIORATING = "deteriorating"
    NO_TARGET = "no_target"
    NO_DATA = "no_data"
    INSUFFICIENT = "insufficient"
    SUPPRESSED = "suppressed"


JUDGEMENTS: Final = frozenset(
    {Status.ACHIEVED, Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK, Status.DETERIORATING}
)


class Flag(StrEnum):
    """What a source says about one value."""

    PROVISIONAL = "provisional"
    ESTIMATED = "estimated"
    FINAL = "final"
    SAMPLE = "sample"
    WITHDRAWN = "withdrawn"


class Policy(StrEnum):
    """How a parent is judged from its children."""

    KPI = "kpi"
    WEIGHTED = "weighted"
    WORST_OF = "worst_of"
    SHARE_ON_TRACK = "share_on_track"


class Role(StrEnum):
    VIEWER = "viewer"
    STEWARD = "steward"
    ANALYST = "analyst"
    DEPARTMENT_OWNER = "department_owner"
    COORDINATOR = "coordinator"
    PRIVACY_OFFICER = "privacy_officer"
    BOARD_MEMBER = "board_member"
    ADMINISTRATOR = "administrator"
