"""Values of several fields from JSON: by field, by constructor, one inside another, and what is none."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest

import mixpanel_headless as mp
from mixpanel_headless.cli.describing import inner_classes
from mixpanel_headless.cli.naming import operations
from mixpanel_headless.cli.operations import definition_of
from mixpanel_headless.cli.parameters import slots_of
from mixpanel_headless.cli.values import arguments_of, constructors, fields_of, items_of, read_text
from mixpanel_headless.errors import InvalidArgumentError, MixpanelHeadlessError


def read(tree: Any, *kinds: Any) -> Any:
    (value,) = read_text(json.dumps(tree), kinds, "it")
    return value


def test_fields_make_the_class_that_has_them() -> None:
    kinds = (str, mp.GroupBy, mp.CohortBreakdown, mp.FrequencyBreakdown)
    assert read({"property": "plan"}, *kinds) == mp.GroupBy("plan")
    assert read({"cohort": 5}, *kinds) == mp.CohortBreakdown(5)
    assert read({"event": "Seen", "bucket_size": 2}, *kinds) == mp.FrequencyBreakdown("Seen", 2)


def test_a_class_can_be_named() -> None:
    assert read({"class": "CohortBreakdown", "cohort": 5}, mp.GroupBy, mp.CohortBreakdown) == mp.CohortBreakdown(5)


def test_a_class_of_another_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidArgumentError, match="did you mean 'GroupBy'"):
        read({"class": "GroupBuy", "property": "plan"}, mp.GroupBy, mp.CohortBreakdown)


def test_a_list_gives_the_arguments_of_a_constructor_in_their_order() -> None:
    assert read({"between": ["amount", 1, 5]}, mp.Filter) == mp.Filter.between("amount", 1, 5)
    with pytest.raises(InvalidArgumentError, match=r"it\.is_set: 3 values; it takes property"):
        read({"is_set": ["amount", 1, 5]}, mp.Filter)


def test_an_object_gives_them_by_name() -> None:
    asked = read({"equals": {"property": "plan", "value": "pro", "resource_type": "people"}}, mp.Filter)
    assert asked == mp.Filter.equals("plan", "pro", resource_type="people")


def test_a_constructor_of_any_number_of_values_takes_a_list() -> None:
    seen = {"did_event": {"event": "Seen", "at_least": 2, "within_days": 30}}
    wanted = mp.CohortCriteria.did_event("Seen", at_least=2, within_days=30)
    assert read({"any_of": [seen, seen]}, int, mp.CohortDefinition) == mp.CohortDefinition.any_of(wanted, wanted)
    assert read({"criteria": [seen], "operator": "or"}, mp.CohortDefinition) == mp.CohortDefinition.any_of(wanted)


def test_a_constructor_of_names_of_ones_own_takes_them() -> None:
    asked = read({"list_contains": {"property": "items", "brand": "acme"}}, mp.Filter)
    assert asked == mp.Filter.list_contains("items", brand="acme")
    number = read({"numeric": {"formula": "A * 2", "A": "price"}}, str, mp.InlineCustomProperty)
    assert number == mp.InlineCustomProperty.numeric("A * 2", A="price")


def test_classes_inside_classes_are_read_too() -> None:
    inner = {"formula": "A", "inputs": {"A": {"name": "price", "type": "number"}}}
    asked = read({"event": "Seen", "math": "average", "property": inner}, str, mp.Metric)
    assert asked.property == mp.InlineCustomProperty("A", {"A": mp.PropertyInput("price", "number")})


def test_a_condition_inside_json_is_an_expression() -> None:
    asked = read({"event": "Seen", "filters": ['plan == "pro" and amount > 5', {"is_set": ["x"]}]}, str, mp.FunnelStep)
    pro, big = mp.Filter.equals("plan", "pro"), mp.Filter.greater_than("amount", 5)
    assert asked == mp.FunnelStep("Seen", filters=[pro, big, mp.Filter.is_set("x")])


def test_a_whole_number_stays_one_and_a_name_stays_a_name() -> None:
    assert read_text("5", (int, mp.CohortDefinition), "cohort") == [5]
    assert read_text("Sign Up", (str, mp.Metric), "events") == ["Sign Up"]
    assert read_text("007", (str, int), "id") == ["007"]


def test_what_is_no_value_says_what_one_is() -> None:
    with pytest.raises(InvalidArgumentError, match="'x' is no TimeComparison") as refused:
        read_text("x", (mp.TimeComparison,), "time_comparison")
    assert "@FILE" in refused.value.hint


@pytest.mark.parametrize("depth", [300, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("kind", [mp.Metric, mp.Filter, dict[str, Any]])
def test_brackets_without_an_end_are_an_error_of_ours(kind: Any, opening: str, closing: str, depth: int) -> None:
    text = opening * depth + "1" + closing * depth
    strangers = []
    try:
        read_text(text, (kind,), "--events")
    except Exception as error:
        strangers = [] if isinstance(error, mp.MixpanelHeadlessError) else [error]
    assert strangers == []


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match=r"nowhere\.json cannot be read: No such file"):
        read_text("@nowhere.json", (mp.TimeComparison,), "time_comparison")


def all_kinds() -> list[tuple[Any, ...]]:
    methods = [method for commands in operations().values() for method in commands.values()]
    return [items_of(slot.kinds) for method in methods for slot in slots_of(definition_of(method)) if slot.kinds]


class Junk:
    """Random texts that are nearly values."""

    words: tuple[Any, ...] = ("plan", "2025-01-01", "all", "", 5, -1, 1.5, True, None, [], {}, 'plan == "x"')
    signs = ("plan", '"x"', "5", "-", "==", "<", ">=", "in", "and", "or", "not", "(", ")", "[", "]", "defined", "true")

    def __init__(self, seed: int, classes: list[Any]) -> None:
        self.random, self.classes = random.Random(seed), classes

    def tree(self, depth: int) -> Any:
        if depth == 0 or self.random.random() < 0.3:
            return self.random.choice(self.words)
        cls = self.random.choice(self.classes)
        makers = constructors(cls)
        if makers and self.random.random() < 0.5:
            name = self.random.choice(sorted(makers))
            names = sorted(arguments_of(makers[name], cls.__module__))
            named = {one: self.tree(depth - 1) for one in names if self.random.random() < 0.6}
            return {name: named if self.random.random() < 0.5 else [*named.values()]}
        return {one: self.tree(depth - 1) for one in sorted(fields_of(cls)) if self.random.random() < 0.5}

    def text(self) -> str:
        if self.random.random() < 0.6:
            return json.dumps(self.tree(3))
        return " ".join(self.random.choice(self.signs) for _ in range(self.random.randrange(1, 9)))


def classes_of(kinds: list[tuple[Any, ...]]) -> list[Any]:
    found: dict[Any, None] = {}
    waiting = [one for some in kinds for kind in some for one in inner_classes(kind)]
    while waiting:
        cls = waiting.pop()
        if cls not in found:
            found[cls] = None
            waiting += [one for field in fields_of(cls).values() for one in inner_classes(field.kind)]
    return sorted(found, key=lambda cls: str(cls.__name__))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_typed_is_a_value_or_an_error_of_ours(seed: int) -> None:
    print(f"seed {seed}")
    kinds = all_kinds()
    junk = Junk(seed, classes_of(kinds))
    read_in_all = 0
    for _ in range(1500):
        text = junk.text()
        with contextlib.suppress(MixpanelHeadlessError):
            read_text(text, junk.random.choice(kinds), "it")
            read_in_all += 1
    assert 0 < read_in_all < 1500
