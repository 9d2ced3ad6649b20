"""A believable software shop with planted facts: default data, and tests that know the answers.

With the default `users` and `days`, whatever the seed and the end, these hold (days are UTC days):

- 61 days. One of them, the 18th from the end, is an outage: on it nothing happens but 60 `Support Ticket`s.
  On every other day there are 2.
- 1,200 people, each with one `Sign Up` and one profile: 20 on each of the 60 other days, all before 08:00.
- Plan at sign-up: free 720, team 360, business 120. Country: US 600, DE 400, GB 200.
- `Trial Started`, at most once each, on the day of the sign-up: free 216 (30 %), team 288 (80 %),
  business 108 (90 %); together 612.
- `Invoice Paid`, at most once each, by people on trial: free 72 (10 % of sign-ups), team 180 (50 %),
  business 90 (75 %); together 342. Amounts 9, 49 and 199: revenue 27,378, in the US 13,689, DE 9,126, GB 4,563.
- 30 invoices were delivered twice with one `$insert_id`: loaded lines exceed counted events by 30.
- Other days have 500 `Page View`, 200 `Feature Used` and 100 `Login` from Monday to Friday, and 200, 80 and 40 on
  Saturday and Sunday.
- `Feature Used` by `feature`: dashboards 50 %, export 30 %, alerts 15 %, api 5 %, of every day. `api` alone carries
  the number `calls`, always 100.
- `referrer` is not set on every third `Page View`.

Everything else (who, when, which page) is drawn from the seed, in the same way on every machine.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Event = dict[str, Any]
Profile = dict[str, Any]

OUTAGE_FROM_END = 17
PLANS = ("free",) * 6 + ("team",) * 3 + ("business",)
COUNTRIES = ("US", "US", "US", "DE", "DE", "GB")  # for blocks of twenty people of one plan
TRIALS = {"free": 6, "team": 16, "business": 18}  # of each twenty
PAYERS = {"free": 2, "team": 10, "business": 15}
AMOUNTS = {"free": 9, "team": 49, "business": 199}
SEATS = {"free": 1, "team": 8, "business": 40}
TWICE = 30
DAILY = {"Page View": (500, 200), "Feature Used": (200, 80), "Login": (100, 40)}
FEATURES = ("dashboards",) * 10 + ("export",) * 6 + ("alerts",) * 3 + ("api",)
PAGES = ("/", "/pricing", "/docs", "/blog", "/app")
REFERRERS = ("google", "newsletter", "partner")
BROWSERS = ("Chrome", "Chrome", "Safari", "Firefox")
SYSTEMS = ("Windows", "Mac OS X", "iOS", "Android")
TOPICS = ("billing", "bug", "how-to", "account")
FIRST = ("Ada", "Ben", "Chloe", "David", "Emma", "Felix", "Grace", "Hugo", "Ines", "Jonas")
LAST = ("Adler", "Brown", "Clark", "Dietz", "Evans", "Fischer", "Green", "Huber", "Irwin", "Jones")
HOUR = 3600


@attrs.frozen
class Person:
    """One customer, and what is decided for them."""

    number: int
    plan: str
    country: str
    place: int  # among twenty of one plan and country
    signed_up: int  # the day, counted from the first

    @property
    def id(self) -> str:
        return f"user-{self.number:05d}"


def generate_shop(
    seed: int = 7, users: int = 1200, days: int = 61, end: dt.date | None = None
) -> tuple[list[Event], list[Profile]]:
    """The shop's events in order of time, and its profiles; the last day is `end` (today, UTC, by default)."""
    if users < 1 or days <= OUTAGE_FROM_END + 1:
        raise ValueError(f"A shop needs at least 1 user and {OUTAGE_FROM_END + 2} days.")
    last = end or dt.datetime.now(dt.UTC).date()
    shop = _Shop(random.Random(seed), days, last - dt.timedelta(days=days - 1))  # noqa: S311 - not a secret
    people = list(shop.people(users))
    events = [*shop.purchases(people), *shop.traffic(people), *shop.tickets(people)]
    events.sort(key=lambda event: event["properties"]["time"])
    return events, [shop.profile(person) for person in people]


@attrs.define
class _Shop:
    rng: random.Random
    days: int
    first: dt.date
    counter: int = 0

    @property
    def outage(self) -> int:
        return self.days - 1 - OUTAGE_FROM_END

    def pick(self, choices: Sequence[Any]) -> Any:
        return choices[int(self.rng.random() * len(choices))]

    def moment(self, day: int, from_hour: float, to_hour: float) -> int:
        midnight = dt.datetime.combine(self.first + dt.timedelta(days=day), dt.time(), dt.UTC)
        return int(midnight.timestamp() + (from_hour + self.rng.random() * (to_hour - from_hour)) * HOUR)

    def event(self, name: str, person: Person, time: int, **properties: Any) -> Event:
        self.counter += 1
        own = {"distinct_id": person.id, "time": time, "$insert_id": f"shop-{self.counter:06d}"}
        shared = {"plan": person.plan, "country": person.country}
        return {"event": name, "properties": {**own, **shared, **properties}}

    def people(self, users: int) -> Iterator[Person]:
        open_days = [day for day in range(self.days) if day != self.outage]
        seen = dict.fromkeys(AMOUNTS, 0)
        for number in range(users):
            plan = PLANS[number % len(PLANS)]
            block, place = divmod(seen[plan], 20)
            seen[plan] += 1
            country = COUNTRIES[block % len(COUNTRIES)]
            yield Person(number, plan, country, place, open_days[number % len(open_days)])

    def purchases(self, people: Sequence[Person]) -> Iterator[Event]:
        """Sign-ups, trials and invoices, some of which arrive twice."""
        twice = TWICE
        for person in people:
            start = self.moment(person.signed_up, 0, 8)
            yield self.event("Sign Up", person, start, source=self.pick(REFERRERS))
            if person.place >= TRIALS[person.plan]:
                continue
            trial = self.moment(person.signed_up, 8, 14)
            yield self.event("Trial Started", person, trial, days=14)
            if person.place >= PAYERS[person.plan]:
                continue
            invoice = self.invoice(person)
            yield invoice
            if twice:
                twice -= 1
                yield {"event": invoice["event"], "properties": dict(invoice["properties"])}

    def invoice(self, person: Person) -> Event:
        day = min(person.signed_up + int(self.rng.random() * 14), self.days - 1)
        if day == self.outage:
            day += 1
        items = ["seats"] if person.plan == "free" else ["seats", self.pick(("storage", "support"))]
        paid = self.moment(day, 14, 24)
        return self.event("Invoice Paid", person, paid, amount=AMOUNTS[person.plan], items=items, first=True)

    def traffic(self, people: Sequence[Person]) -> Iterator[Event]:
        """Page views, features and logins of those who have signed up, fewer at weekends, none in the outage."""
        by_day = sorted(people, key=lambda person: person.signed_up)
        known = 0
        for day in range(self.days):
            while known < len(by_day) and by_day[known].signed_up <= day:
                known += 1
            weekend = (self.first + dt.timedelta(days=day)).weekday() >= 5
            for name, counts in DAILY.items():
                for place in range(0 if day == self.outage else counts[weekend]):
                    person = by_day[int(self.rng.random() * known)]
                    yield self.event(name, person, self.moment(day, 8, 24), **self.details(name, place))

    def details(self, name: str, place: int) -> dict[str, Any]:
        if name == "Feature Used":
            feature = FEATURES[place % len(FEATURES)]
            details = {"feature": feature, "seconds": round(self.rng.random() * 300, 1)}
            return {**details, "calls": 100} if feature == "api" else details
        device = {"$browser": self.pick(BROWSERS), "$os": self.pick(SYSTEMS)}
        if name == "Login":
            return {**device, "remembered": self.rng.random() < 0.5}
        page = {"page": self.pick(PAGES), "seconds": 1 + int(self.rng.random() * 240)}
        return {**device, **page, **({"referrer": self.pick(REFERRERS)} if place % 3 else {})}

    def tickets(self, people: Sequence[Person]) -> Iterator[Event]:
        """Two tickets a day, sixty on the day of the outage."""
        for day in range(self.days):
            customers = [person for person in people if person.signed_up <= day]
            for _ in range(60 if day == self.outage else 2):
                topics = [self.pick(TOPICS)] if day != self.outage else ["bug", "outage"]
                person, high = self.pick(customers), day == self.outage
                opened = self.moment(day, 8, 24)
                yield self.event("Support Ticket", person, opened, topics=topics, urgent=high)

    def profile(self, person: Person) -> Profile:
        name = f"{self.pick(FIRST)} {self.pick(LAST)}"
        created = dt.datetime.combine(self.first + dt.timedelta(days=person.signed_up), dt.time(), dt.UTC)
        properties = {
            "$name": name,
            "$email": f"{person.id}@example.com",
            "$created": created.strftime("%Y-%m-%dT%H:%M:%S"),
            "plan": person.plan,
            "country": person.country,
            "seats": SEATS[person.plan],
            "newsletter": self.rng.random() < 0.4,
        }
        return {"$distinct_id": person.id, "$properties": properties}
