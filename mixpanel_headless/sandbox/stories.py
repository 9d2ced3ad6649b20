"""What happens in the session recordings of the generated shop, each around one of its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mixpanel_headless.sandbox.tape import element

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_headless.sandbox.replies import Json
    from mixpanel_headless.sandbox.tape import Tape

SHOP = "https://shop.example.com"


@attrs.frozen(eq=False)
class Story:
    """A sort of recording: of which event, with what in it, and from how many seconds before to how many after it."""

    event: str
    tell: Callable[[Tape, int], None]
    """Records it; the event is at the moment, in milliseconds."""
    before: int
    after: int = 5
    fits: Mapping[str, Any] = attrs.field(factory=dict)
    """Properties of the event; of a list one member is enough."""
    same_person: bool = False
    """Whether it is about the person of the story before."""
    retention: int = 30


def menu() -> Json:
    """What stands on every page."""
    pages = ("pricing", "docs", "app")
    return element("nav", *(element("a", page.title(), id=f"to-{page}", href=f"{SHOP}/{page}") for page in pages))


def pay(tape: Tape, moment: int) -> None:
    """A card is refused three times, and accepted when its number is typed again."""
    card = element("input", id="card", placeholder="Card number", type="text")
    button = element("button", "Pay now", id="pay", data_testid="pay")
    tape.visit(f"{SHOP}/app/billing", menu(), element("form", card, button, id="billing"))
    tape.wait(4)
    tape.type("card", 16)
    for _ in range(3):
        tape.click("pay")
    tape.fail("POST /api/payments 402 (card declined)")
    tape.show("billing", element("p", "Your card was declined.", id="problem", role="alert"))
    tape.wait(12)
    tape.type("card", 16)
    tape.wait_until(moment)
    tape.click("pay")
    tape.wait(1)
    tape.visit(f"{SHOP}/app/billing/thanks", menu(), element("h1", "Thank you"), element("a", "Receipt", id="receipt"))
    tape.custom("payment", succeeded=True)
    tape.wait(3)
    tape.click("receipt")


def sign_up(tape: Tape, moment: int) -> None:
    """Somebody compares prices and fills in the form."""
    start = element("a", "Start free", id="start", href=f"{SHOP}/signup")
    tape.visit(f"{SHOP}/pricing", menu(), element("h1", "Plans for every team"), start)
    tape.wait(3)
    tape.scroll(200, 480, 760)
    tape.wait(6)
    tape.scroll(300)
    tape.click("start")
    fields = [element("input", id=name, type=name, placeholder=name.title()) for name in ("email", "password")]
    terms = element("input", id="terms", type="checkbox", aria_label="I accept the terms")
    tape.visit(f"{SHOP}/signup", element("form", *fields, terms, element("button", "Create account", id="create")))
    tape.wait(2)
    tape.type("email", 18)
    tape.type("password", 12)
    tape.tick("terms")
    tape.wait_until(moment)
    tape.click("create")
    tape.wait(1)
    tape.visit(f"{SHOP}/app", menu(), element("h1", "Welcome"), element("button", "Take the tour", id="tour"))
    tape.custom("signed_up", plan="trial")
    tape.wait(2)
    tape.click("tour")


def log_in(tape: Tape, moment: int) -> None:
    """Somebody opens the app on a phone; it is recorded by its screens."""
    log_in_button = ("button", "Log in", [24, 640, 342, 48])
    tape.screen(("text", "Welcome back", [24, 120, 342, 40]), log_in_button)
    tape.wait(2)
    tape.wait_until(moment)
    tape.tap(195, 664)
    tape.wait(1)
    tape.screen(("text", "Today", [24, 80, 342, 40]), ("button", "Alerts", [24, 160, 160, 80]))
    tape.wait(4)
    tape.tap(104, 200)
    tape.wait(1)
    tape.screen(("text", "Alerts", [24, 80, 342, 40]), ("text", "All is quiet", [24, 160, 342, 24]))


def report_bug(tape: Tape, moment: int) -> None:
    """A report does not load, and somebody says so."""
    reload = element("button", "Reload", id="reload")
    help_link = element("a", "Help", id="help", href=f"{SHOP}/help")
    tape.visit(f"{SHOP}/app/reports/7", menu(), element("h1", "Revenue"), reload, help_link)
    tape.fail("TypeError: series is undefined")
    for _ in range(4):
        tape.click("reload")
    tape.wait(11)
    tape.click("help")
    tape.visit(
        f"{SHOP}/help",
        element(
            "form", element("textarea", id="what", placeholder="What happened?"), element("button", "Send", id="send")
        ),
    )
    tape.type("what", 60)
    tape.wait_until(moment)
    tape.click("send")
    tape.show("page", element("p", "We will write to you.", id="sent"))


def read_docs(tape: Tape, moment: int) -> None:
    """Somebody comes to the documentation and reads it."""
    tape.wait_until(moment)
    tape.visit(f"{SHOP}/docs", menu(), element("h1", "First steps"), element("a", "Next", id="next"))
    for top in range(0, 2400, 300):
        tape.scroll(top, top + 120)
        tape.wait(4)
    tape.click("next")


def export(tape: Tape, moment: int) -> None:
    """Somebody exports a table, again as nothing comes; some of the recording was damaged, and its end never arrived."""
    choice = element("select", id="form", aria_label="Format")
    headings = element("input", id="headings", type="checkbox", aria_label="With headings")
    tape.visit(f"{SHOP}/app/reports/3", menu(), choice, headings, element("button", "Export", id="export"))
    tape.wait(5)
    tape.scroll(150, 320)
    tape.select("form", "csv")
    tape.tick("headings")
    tape.wait_until(moment)
    tape.click("export")
    tape.custom("export", rows=1200)
    tape.damage()
    tape.wait(2)
    tape.click("export")
    tape.damage()


STORIES = (
    Story("Invoice Paid", pay, before=32),
    Story("Sign Up", sign_up, before=26, same_person=True),
    Story("Login", log_in, before=5, fits={"$os": "iOS"}),
    Story("Support Ticket", report_bug, before=34, fits={"topics": "bug"}),
    Story("Page View", read_docs, before=0, after=20, fits={"page": "/docs"}, retention=90),
    Story("Feature Used", export, before=10, fits={"feature": "export"}),
)
"""The recordings that there are; each is of the latest event that fits."""
