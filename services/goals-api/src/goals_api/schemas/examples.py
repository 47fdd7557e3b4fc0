"""Examples for the documentation; a test sends each of them."""

from typing import Any, Final

CITY: Final[dict[str, Any]] = {
    "title": "City of Tacoma",
    "calendar": {"fiscal_year_start_month": 1, "biennium_starts_odd": True},
    "suppress_under": 10,
    "policy": "weighted",
    "minimum_coverage": 0.5,
}
AREA: Final[dict[str, Any]] = {
    "code": "livability",
    "title": "Livability",
    "kind": "goal_area",
    "plan_version": "2017",
    "parents": [],
    "related": [],
}
DEPARTMENT: Final[dict[str, Any]] = {
    "code": "fire",
    "title": "Fire",
    "names": [{"title": "Fire", "from": "2013-01-01", "until": None}],
}
MEASURE: Final[dict[str, Any]] = {
    "code": "fire-response-p90",
    "title": "Response time, 90th percentile",
    "department": "fire",
    "areas": ["livability"],
    "type": "service_quality",
    "unit": "minutes",
    "direction": "down",
    "frequency": "month",
    "aggregation": {"time": "average", "breakdown": "average"},
    "breakdowns": ["council_district"],
    "owner": "Deputy fire chief",
    "source": "Dispatch records",
    "method": {"id": "threshold", "params": {"near_percent": "10"}, "version": None},
    "grace_days": 30,
    "baseline": {"period": "2016-12", "value": 8.4},
}
DERIVED: Final[dict[str, Any]] = {
    "code": "answered-in-time-share",
    "title": "Calls answered in time",
    "unit": "percent",
    "direction": "up",
    "frequency": "quarter",
    "aggregation": {"time": "average", "breakdown": "average"},
    "breakdowns": ["council_district"],
    "equity": [{"dimension": "council_district", "ratio": 1.25}],
    "formula": "100 * {calls-answered-in-time} / {calls}",
    "weighted_by": "calls",
    "peers": [{"code": "spokane", "title": "Spokane", "source": "Its own quarterly report"}],
}
GOAL: Final[dict[str, Any]] = {
    "code": "faster-response",
    "title": "Reach every call in time",
    "department": "fire",
    "areas": ["livability"],
    "horizon_years": 2,
    "biennium": "2017-2018",
    "owners": ["Fire chief"],
    "kpi": "fire-response-p90",
    "metrics": [],
}
TARGET: Final[dict[str, Any]] = {"period": "2018-12", "value": 7.5}
PLAN: Final[dict[str, Any]] = {
    "title": "Tacoma 2025",
    "adopted_on": "2015-01-27",
    "resolution": "Resolution 39016",
    "versions": [{"id": "2017", "title": "Five goal areas", "on": "2017-01-01"}],
    "areas": [AREA],
    "departments": [DEPARTMENT],
    "goals": [GOAL],
    "measures": [MEASURE],
    "targets": [{"measure": "fire-response-p90", **TARGET}],
}
