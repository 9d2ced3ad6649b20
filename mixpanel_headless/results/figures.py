"""Answers as plotly figures, and figures as files; the one place that imports plotly."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from mixpanel_headless.errors import ConfigError, InvalidArgumentError, shown

from .curves import Curve, is_number
from .drawings import CHART_KINDS
from .frames import import_extra
from .plot import plot_of
from .svg import COLOURS
from .table import WHOLE_RANGE
from .views import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects as go

    from .drawings import ChartKind
    from .tabular import Tabular

MOST_CURVES: Final = 20
MOST_BARS: Final = 50
MOST_FUNNELS: Final = 10
PAGES: Final = frozenset({".html", ".htm"})
IMAGES: Final = frozenset({".png", ".svg", ".pdf", ".webp", ".jpg", ".jpeg"})
GREY: Final = "#999999"


@attrs.frozen
class Drawn:
    """Traces and the layout that they need; `left_out` says what they do not show."""

    traces: list[Any]
    layout: dict[str, Any]
    left_out: str = ""


def figure_of(result: Tabular, kind: ChartKind | None, to: str | Path | None) -> go.Figure:
    """The figure of an answer, kept in the file `to` if that is given; see `Tabular.plot`."""
    _check_kind(result, kind)
    target = None if to is None else _check_target(to)
    import_extra("plotly", "A chart", "plot")
    import plotly.graph_objects as go

    candidates = (_DRAWN_AS[name](result) for name in ([kind] if kind else result.charts))
    drawn = next((drawn for drawn in candidates if drawn is not None), None)
    if drawn is None and kind is not None:
        hint = "Leave `kind` out for a chart that suits the answer."
        raise InvalidArgumentError(f"The answer holds no {_NEEDS[kind]}, which a {kind} chart shows.", hint=hint)
    drawn = drawn or Drawn([], {"annotations": [{"text": "No numbers to draw.", "showarrow": False}]})
    note = "; ".join(filter(None, [drawn.left_out, result.note]))
    title = {"text": f"{_text(result.title)}<br><sub>{_text(note)}</sub>"}
    figure = go.Figure(drawn.traces, {"template": "plotly_white", "title": title, **drawn.layout})
    if target is not None:
        _keep(figure, target)
    return figure


def _check_kind(result: Tabular, kind: object) -> None:
    if kind is not None and kind not in CHART_KINDS:
        hint = f"Give one of {', '.join(CHART_KINDS)}, or None for the one that suits the answer."
        raise InvalidArgumentError(f"kind is {shown(kind)}.", hint=hint)
    if kind in result.charts or (kind is None and result.charts):
        return
    drawn_as = f"It is drawn as {' or '.join(result.charts)}." if result.charts else "Draw its `.df` or `.pl()`."
    raise InvalidArgumentError(f"{type(result).__name__} is not drawn{f' as {kind}' if kind else ''}.", hint=drawn_as)


def _check_target(to: str | Path) -> Path:
    target = Path(to)
    if target.suffix.lower() in PAGES | IMAGES:
        return target
    hint = f"End the name with one of {', '.join(sorted(PAGES | IMAGES))}."
    raise InvalidArgumentError(
        f"to is {shown(target.name)}, which is no kind of file that charts are kept in.", hint=hint
    )


def _keep(figure: go.Figure, target: Path) -> None:
    """Writes the figure: as a page that needs no network, or as an image by way of kaleido and a Chrome browser."""
    if target.suffix.lower() in PAGES:
        figure.write_html(target)
        return
    import_extra("kaleido", "A chart as an image", "image")
    try:
        figure.write_image(target)
    except RuntimeError as wrong:
        if "chrome" not in str(wrong).lower():
            raise
        hint = "Install Google Chrome (the command plotly_get_chrome does), or end the name with .html."
        raise ConfigError("A chart as an image needs the browser Chrome, which was not found.", hint=hint) from wrong


def _lines(result: Tabular) -> Drawn | None:
    import plotly.graph_objects as go

    plot = plot_of(result.curves(), MOST_CURVES)
    if plot is None:
        return None
    traces = [
        go.Scatter(x=dates, y=values, name=_text(curve.label), mode="lines")
        for curve in plot.curves
        for dates, values in [_points(curve)]
    ]
    return Drawn(traces, {"showlegend": True, "hovermode": "x unified"}, plot.left_out)


def _bars(result: Tabular) -> Drawn | None:
    """Bars over dates where there are several, else one bar a curve from the top down."""
    import plotly.graph_objects as go

    curves = [curve for curve in result.curves() if curve.numbers]
    plot = plot_of(curves, MOST_CURVES)
    if plot is not None:
        dated = [(curve, *_points(curve)) for curve in plot.curves]
        traces = [go.Bar(x=dates, y=values, name=_text(curve.label)) for curve, dates, values in dated]
        return Drawn(traces, {"showlegend": True, "barmode": "group"}, plot.left_out)
    if not curves:
        return None
    drawn = curves[:MOST_BARS]
    labels = [curve.label for curve in drawn]
    numbers = [curve.numbers[-1][1] for curve in drawn]
    bars = go.Bar(
        x=numbers, y=[*range(len(drawn))], orientation="h", hovertext=[*map(_text, labels)], hoverinfo="text+x"
    )
    return Drawn([bars], {"yaxis": _names(labels)}, _left_out(curves, MOST_BARS, "bars"))


def _funnels(result: Tabular) -> Drawn | None:
    import plotly.graph_objects as go

    funnels = [funnel for funnel in result.stages() if funnel.names]
    if not funnels:
        return None
    traces = [
        go.Funnel(
            name=_text(funnel.label or "everybody"),
            y=[f"{place}. {_text(name)}" for place, name in enumerate(funnel.names, 1)],
            x=funnel.counts,
            textinfo="value+percent initial",
        )
        for funnel in funnels[:MOST_FUNNELS]
    ]
    return Drawn(traces, {"showlegend": len(traces) > 1}, _left_out(funnels, MOST_FUNNELS, "segments"))


def _heatmap(result: Tabular) -> Drawn | None:
    import plotly.graph_objects as go

    grid = result.grid()
    if grid is None:
        return None
    cells = [[value if is_number(value) else None for value in row] for row in grid.values]
    form = "%{z:.0%}" if grid.shares else "%{z}"
    rows, columns = [*map(_text, grid.rows)], [*map(_text, grid.columns)]
    trace = go.Heatmap(
        z=cells,
        x=[*range(len(columns))],
        y=[*range(len(rows))],
        customdata=[[(row, column) for column in columns] for row in rows],
        texttemplate=form,
        hovertemplate=f"%{{customdata[0]}}, %{{customdata[1]}}: {form}<extra></extra>",
        colorscale="Blues",
        hoverongaps=False,
        **({"zmin": 0, "zmax": 1} if grid.shares else {"zmin": 0}),
    )
    ticks = {"tickvals": [*range(len(columns))], "ticktext": columns, "side": "top"}
    return Drawn([trace], {"xaxis": ticks, "yaxis": _names(grid.rows)})


def _sankey(result: Tabular) -> Drawn | None:
    import plotly.graph_objects as go

    ways = result.ways()
    if not ways:
        return None
    places = {place: number for number, place in enumerate(dict.fromkeys(place for way in ways for place in way))}
    ends = {place for _, place in ways} - {place for place, _ in ways}
    colours = [GREY if place in ends else COLOURS[place[0] % len(COLOURS)] for place in places]
    node = {"label": [_text(name) for _, name in places], "color": colours, "pad": 16}
    link = {
        "source": [places[source] for source, _ in ways],
        "target": [places[target] for _, target in ways],
        "value": [*ways.values()],
    }
    return Drawn([go.Sankey(node=node, link=link)], {})


_DRAWN_AS: Final[dict[ChartKind, Callable[[Tabular], Drawn | None]]] = {
    "line": _lines,
    "bar": _bars,
    "funnel": _funnels,
    "heatmap": _heatmap,
    "sankey": _sankey,
}
_NEEDS: Final[dict[ChartKind, str]] = {
    "line": "numbers at two dates or more",
    "bar": "numbers",
    "funnel": "steps",
    "heatmap": "rows of numbers",
    "sankey": "ways between events",
}


def _points(curve: Curve) -> tuple[list[str], list[Any]]:
    """Dates in order and their values, None for a gap."""
    dated = sorted(
        ((date, value if is_number(value) else None) for date, value in zip(curve.dates, curve.values, strict=True)),
        key=lambda point: point[0],
    )
    return [date for date, _ in dated if date != WHOLE_RANGE], [value for date, value in dated if date != WHOLE_RANGE]


def _names(labels: Any) -> dict[str, Any]:
    """An axis of places from the top down under names of which several may be alike."""
    return {"tickvals": [*range(len(labels))], "ticktext": [*map(_text, labels)], "autorange": "reversed"}


def _left_out(every: list[Any], most: int, what: str) -> str:
    hidden = len(every) - most
    return f"{hidden:,} of {len(every):,} {what} left out" if hidden > 0 else ""


def _text(text: str) -> str:
    """Text as it is: plotly reads a few HTML tags, which names of events may contain."""
    return escape(printable(text), quote=False)
