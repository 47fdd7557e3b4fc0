"""A measure beside its peers and its past: its whole series read, then told in words."""

from collections.abc import Collection, Sequence

import msgspec

from rollup_worker.actions.answering import node_name
from rollup_worker.actions.judging import judge_loaded
from rollup_worker.actions.loading import Moment, load_series
from rollup_worker.actions.withholding import withheld_headlines
from rollup_worker.core import comparison
from rollup_worker.core.comparison import Position
from rollup_worker.core.facts import Node, Plan
from rollup_worker.core.headline import Headline
from rollup_worker.core.judge import latest, read
from rollup_worker.core.methods.method import Case
from rollup_worker.core.veil import covered
from rollup_worker.schemas.beside import Comparison, PastWords, PeerWords, PositionWords, point, point_words
from tideline import periods
from tideline.database import Connection
from tideline.events import Calendar, Peer
from tideline.periods import Period
from tideline.vocabulary import Direction, Kind, Status


async def compare(
    connection: Connection, known: Plan, code: str, when: Moment, most: int, *, staff: bool
) -> Comparison:
    """`most` is how many periods of each series are told, the latest ones."""
    definition = known.measures.get(code)
    name = node_name(Node(Kind.MEASURE, code), definition)
    if definition is None:
        return Comparison(node=name, known_at=when.known_at, status=Status.NO_DATA, notes=["no_data"])
    found = (await load_series(connection, {code: definition}, when))[code]
    definition = found.definition
    told = Comparison(
        node=name,
        known_at=when.known_at,
        status=Status.NO_DATA,
        unit=definition.unit,
        direction=definition.direction,
        source=definition.source,
    )
    last = latest(found.cells, when.as_of)
    if last is None:
        return msgspec.structs.replace(told, notes=["no_data"])
    case = read(definition, found.targets, found.cells, last, found.weights)
    own = _shown(case, frozenset() if staff else withheld_headlines(found, known))
    judged = judge_loaded(found, when)
    status = judged.status if staff else covered(judged.status, judged.veil)
    return _beside(msgspec.structs.replace(told, status=status.status), case, own, most)


def _shown(case: Case, hidden: Collection[Period]) -> list[Headline]:
    """The measure's own series without the periods of which a part is withheld."""
    concealed = {periods.parent(period, case.level, case.definition.calendar) for period in hidden}
    return [one for one in comparison.series(case) if one.period not in concealed]


def _beside(told: Comparison, case: Case, own: Sequence[Headline], most: int) -> Comparison:
    definition, calendar = case.definition, case.definition.calendar
    series = {code: comparison.series(case, held) for code, held in case.peers.items()}
    peers = {peer.code: series.get(peer.code, []) for peer in definition.peers} | series
    listed = {peer.code: peer for peer in definition.peers}
    mine = next((one for one in own if one.period == case.judged), None)
    position = comparison.position(case, own, peers)
    notes = {
        "suppressed": mine is None and case.at(case.level).value is not None,
        "no_peers": not peers,
        "no_direction": definition.direction == Direction.NONE,
    }
    return msgspec.structs.replace(
        told,
        status=Status.SUPPRESSED if notes["suppressed"] else told.status,
        as_of=periods.identify(case.judged, calendar),
        ends_on=case.judged.last_day,
        per=case.level,
        value=mine.value if mine else None,
        series=[point(one, calendar) for one in own[-most:]],
        peers=[_peer(listed.get(code) or Peer(code=code), held, case, most) for code, held in sorted(peers.items())],
        position=_position(position, calendar) if position else None,
        past=_past(case, own),
        notes=[code for code, holds in notes.items() if holds],
    )


def _peer(peer: Peer, series: Sequence[Headline], case: Case, most: int) -> PeerWords:
    calendar = case.definition.calendar
    return PeerWords(
        code=peer.code,
        title=peer.title or peer.code,
        source=peer.source,
        value=next((one.value for one in series if one.period == case.judged), None),
        latest=point_words(series[-1] if series else None, calendar),
        series=[point(one, calendar) for one in series[-most:]],
    )


def _position(found: Position, calendar: Calendar) -> PositionWords:
    low, middle, high = found.quartiles or (None, None, None)
    return PositionWords(
        period=periods.identify(found.period, calendar),
        rank=found.rank,
        of=found.of,
        text=None if found.rank is None else f"{found.rank} of {found.of}",
        tied=found.tied,
        share_worse=found.share_worse,
        lower_quartile=low,
        median=middle,
        upper_quartile=high,
        missing=list(found.missing),
    )


def _past(case: Case, own: Sequence[Headline]) -> PastWords:
    found, calendar = comparison.past(case, own), case.definition.calendar
    return PastWords(
        previous=point_words(found.previous, calendar),
        year_before=point_words(found.year_before, calendar),
        best=point_words(found.best, calendar),
        worst=point_words(found.worst, calendar),
        mean=found.mean,
        mean_of=found.mean_of,
        baseline=case.definition.baseline,
    )
