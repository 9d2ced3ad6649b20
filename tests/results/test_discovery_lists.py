from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING

from mixpanel_headless.results.discovery import Listing, TopEvent

if TYPE_CHECKING:
    from mixpanel_headless.results.provenance import Provenance


def test_a_listing_is_a_list(provenance: Provenance) -> None:
    names = Listing(["Login", "Purchase"], provenance=provenance)
    assert isinstance(names, list)
    assert names == ["Login", "Purchase"]
    assert names[:1] == ["Login"]
    assert names.provenance is provenance


def test_a_listing_keeps_its_provenance_when_copied(provenance: Provenance) -> None:
    names = Listing(["Login"], provenance=provenance)
    for again in (copy.copy(names), copy.deepcopy(names), pickle.loads(pickle.dumps(names))):
        assert again == names
        assert again.provenance == provenance


def test_names_are_a_table_of_one_column() -> None:
    assert Listing(["Login"]).table.to_dicts() == [{"value": "Login"}]
    assert Listing[str]().table.columns == ("value",)


def test_top_events_are_a_table_of_their_fields() -> None:
    busiest = Listing([TopEvent("Login", 75, -0.2)])
    assert busiest.table.to_dicts() == [{"event": "Login", "count": 75, "percent_change": -0.2}]
    assert busiest[0].to_dict() == {"event": "Login", "count": 75, "percent_change": -0.2}


def test_a_listing_shows_itself_in_notebooks(provenance: Provenance) -> None:
    html = Listing(["<b>"], provenance=provenance)._repr_html_()
    assert "&lt;b&gt;" in html
    assert "1 entry" in html
    assert "network, 1 request" in html
