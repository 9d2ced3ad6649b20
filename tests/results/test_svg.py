from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from mixpanel_headless.results.curves import Curve, curves_of
from mixpanel_headless.results.plot import plot_of
from mixpanel_headless.results.svg import svg_plot
from mixpanel_headless.results.views import printable
from tests.results.conftest import Answer, days

SVG = "{http://www.w3.org/2000/svg}"


def test_a_notebook_draws_one_line_a_segment_above_the_table(answer: Answer) -> None:
    segments = {"pro": dict.fromkeys(days(3), 2), "free": dict.fromkeys(days(3), 1)}
    picture, _, table = answer({"Login": segments})._repr_html_().partition("<div>")
    assert len(ET.fromstring(picture).findall(f"{SVG}polyline")) == 2
    assert "<table>" in table


def test_the_line_of_a_rising_series_ends_at_the_upper_right(answer: Answer) -> None:
    plot = plot_of(curves_of(answer({"Login": {days(2)[0]: 0, days(2)[1]: 10}}).table))
    assert plot is not None
    assert plot.points(plot.curves[0]) == [(0.0, 0.0), (1.0, 1.0)]
    assert 'points="70.0,180.0 640.0,6.0"' in svg_plot(plot)


def test_an_answer_without_dates_is_a_table_alone(answer: Answer) -> None:
    assert "<svg" not in answer({"Login": {"all": 1}})._repr_html_()


named = st.characters(exclude_categories=["Cs", "Cn"])  # what a document may hold


@given(label=st.text(named, min_size=1, max_size=60), date=st.text(named, min_size=1, max_size=30))
def test_any_label_and_date_leave_the_picture_well_formed(label: str, date: str) -> None:
    plot = plot_of([Curve(label, (date, date + "!"), (1, 2))])
    assert plot is not None
    texts = [node.text or "" for node in ET.fromstring(svg_plot(plot)).iter(f"{SVG}text")]
    assert f"{printable(label)} (last 2)" in texts
