"""The site in a real Chromium, at a real cluster: an evening from both sides of the counter."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bitebyte_e2e.bar import PASSWORD, Bar, open_bar, register_customers
from bitebyte_e2e.browser import DESKTOP, PHONE, Person, Scheme, running_chromium
from bitebyte_e2e.client import Client
from bitebyte_e2e.cluster import Cluster, running_cluster

LIVE_TIMEOUT_MS = 5_000
"""For what arrives by itself: the stream, not a reload."""
RECOVERY_TIMEOUT_MS = 60_000
"""For a page whose node was killed and started again."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, seed: int, site_dir: Path
) -> Iterator[Cluster]:
    """As elsewhere, but it serves the site."""
    folder = tmp_path_factory.mktemp("site")
    with running_cluster(folder, seed=seed, site_dir=site_dir) as running:
        yield running


@pytest.fixture(scope="module")
def bar(cluster: Cluster) -> Bar:
    with Client(cluster.urls["node-1"]) as client:
        return open_bar(client, slug="night-bar")


@pytest.fixture(scope="module")
def screenshots(artifacts_dir: Path) -> Path:
    return artifacts_dir.parent / "screenshots"


class Visit(Protocol):
    """Opens a page at a node on a device."""

    def __call__(self, node: str, *, size: tuple[int, int], scheme: Scheme = "dark") -> Person: ...


@pytest.fixture
def visit(chromium: Browser, cluster: Cluster, screenshots: Path) -> Iterator[Visit]:
    with ExitStack() as stack:

        def visit(node: str, *, size: tuple[int, int], scheme: Scheme = "dark") -> Person:
            person = Person(
                chromium, cluster.urls[node], size=size, scheme=scheme, screenshots=screenshots
            )
            stack.callback(person.close)
            return person

        yield visit


def sign_in(page: Page, email: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def register(page: Page, email: str, name: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()


def add_to_order(page: Page, drink: str) -> None:
    page.get_by_role("button", name=f"Add {drink}", exact=True).click()


def card(page: Page, order_id: str) -> Locator:
    return page.locator(f'[data-testid="board-order"][data-order-id="{order_id}"]')


def order_id_of(page: Page) -> str:
    page.wait_for_url(re.compile(r"/orders/[0-9a-f-]{36}$"))
    return page.url.rsplit("/", 1)[1]


def expect_status(page: Page, status: str, timeout_ms: int = LIVE_TIMEOUT_MS) -> None:
    shown = page.get_by_test_id("order-status")
    expect(shown).to_have_attribute("data-status", status, timeout=timeout_ms)


def open_board(merchant: Person, bar: Bar) -> None:
    sign_in(merchant.page, bar.merchant_email)
    merchant.page.goto(f"/work/{bar.slug}")
    expect(merchant.page.get_by_test_id("board")).to_be_visible()


def test_an_order_travels_from_a_phone_to_the_board_and_back(visit: Visit, bar: Bar) -> None:
    merchant = visit("node-2", size=DESKTOP)
    open_board(merchant, bar)
    loads = merchant.loads

    guest = visit("node-1", size=PHONE)
    page = guest.page
    page.goto(f"/bars/{bar.slug}")
    search = page.get_by_role("searchbox", name="Search the menu")
    search.fill("lime")
    expect(page.get_by_test_id("drink")).to_have_count(4)
    search.fill("negr")
    expect(page.get_by_test_id("drink")).to_have_count(1)
    add_to_order(page, "Negroni")
    search.fill("")
    add_to_order(page, "Daiquiri")
    page.get_by_role("link", name="View order").click()
    expect(page.get_by_test_id("cart-line")).to_have_count(2)
    page.get_by_role("link", name="Sign in and order").click()
    page.get_by_role("link", name="Create an account").click()
    register(page, "noor@night-bar.example", "Noor")
    page.get_by_role("button", name="Place order").click()
    order_id = order_id_of(page)
    expect_status(page, "placed")
    guest_loads = guest.loads

    board = merchant.page
    arrived = card(board, order_id)
    expect(arrived).to_be_visible(timeout=LIVE_TIMEOUT_MS)
    expect(arrived).to_contain_text("Negroni")
    expect(arrived).to_contain_text("Noor")
    expect(board).to_have_title(re.compile(r"^\(\d+\)"))
    arrived.get_by_role("button", name=re.compile("^Start")).click()
    expect_status(page, "preparing")
    card(board, order_id).get_by_role("button", name=re.compile("^Ready")).click()
    expect_status(page, "ready")
    card(board, order_id).get_by_role("button", name=re.compile("^Handed over")).click()
    expect_status(page, "completed")
    expect(card(board, order_id)).to_have_count(0)

    assert merchant.loads == loads, "the board was reloaded"
    assert guest.loads == guest_loads, "the tracking page was reloaded"
    assert merchant.complaints == []
    assert guest.complaints == []


def test_a_page_recovers_when_its_node_is_killed(visit: Visit, bar: Bar, cluster: Cluster) -> None:
    merchant = visit("node-2", size=DESKTOP)
    open_board(merchant, bar)
    with Client(cluster.urls["node-1"]) as client:
        register_customers(client, slug="recovery", count=1)
    guest = visit("node-1", size=PHONE)
    page = guest.page
    sign_in(page, "guest-0@recovery.example")
    page.goto(f"/bars/{bar.slug}")
    add_to_order(page, "Martini")
    page.get_by_role("link", name="View order").click()
    page.get_by_role("button", name="Place order").click()
    order_id = order_id_of(page)
    expect_status(page, "placed")
    loads = guest.loads

    cluster.kill("node-1")
    banner = page.get_by_test_id("connection-banner")
    expect(banner).to_be_visible(timeout=LIVE_TIMEOUT_MS)
    guest.shoot("reconnecting")
    arrived = card(merchant.page, order_id)
    arrived.get_by_role("button", name=re.compile("^Start")).click(timeout=RECOVERY_TIMEOUT_MS)
    expect(arrived).to_have_attribute("data-status", "preparing", timeout=LIVE_TIMEOUT_MS)

    cluster.start("node-1")
    cluster.wait_ready("node-1")
    expect(banner).to_have_count(0, timeout=RECOVERY_TIMEOUT_MS)
    expect_status(page, "preparing", timeout_ms=RECOVERY_TIMEOUT_MS)
    assert guest.loads == loads, "the page was reloaded instead of recovering"

    page.get_by_role("link", name="Back to the menu").click()
    add_to_order(page, "Gimlet")
    page.get_by_role("link", name="View order").click()
    page.get_by_role("button", name="Place order").click()
    second = order_id_of(page)
    assert second != order_id
    expect(card(merchant.page, second)).to_be_visible(timeout=LIVE_TIMEOUT_MS)


def test_a_shortage_is_explained_and_nothing_is_ordered(
    visit: Visit, bar: Bar, cluster: Cluster
) -> None:
    with Client(cluster.urls["node-1"]) as client:
        [token] = register_customers(client, slug="shortage", count=1)
        client.token = token
        guest = visit("node-3", size=PHONE)
        page = guest.page
        sign_in(page, "guest-0@shortage.example")
        page.goto(f"/bars/{bar.slug}")
        add_to_order(page, "White Lady Fizz")
        page.get_by_role("link", name="View order").click()
        expect(page.get_by_test_id("cart-line")).to_have_count(1)
        body = {
            "lines": [{"product_id": bar.products["White Lady Fizz"], "quantity": 40, "note": ""}]
        }
        assert client.place_order(bar.id, body, key="all-the-eggs").status == 201
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_test_id("shortages")).to_contain_text("Egg white")
    guest.shoot("shortage")
    page.goto("/orders")
    expect(page.get_by_test_id("history-order")).to_have_count(0)


CSV_HEADER = "section,product,description,price,ingredient,amount,unit,optional\n"
BROKEN_MENU = CSV_HEADER + "Sours,Pisco Sour,Frothy.,12.50,Pisco,sixty,ml,\n"
MESSY_MENU = (
    CSV_HEADER
    + "Sours,Pisco Sour,,12.50,Pisco,1 1/2,oz,\n"
    + ",,,,Lime juice,Juice of 1/2,,\n"
    + ",,,,Bitters,2-3,dashes,\n"
    + "Short,Shooter,,5.00,Pisco,2,shots,\n"
    + "Long,Chilcano,,11.00,Pisco,1,glug,\n"
)
GOOD_MENU = (
    CSV_HEADER
    + "Sours,Pisco Sour,Frothy.,12.50,Pisco,60,ml,\n"
    + ",Pisco Sour,,,Lime juice,30,ml,\n"
    + "Long,Chilcano,Ginger and pisco.,11.00,Pisco,50,ml,\n"
)


def upload(page: Page, name: str, text: str) -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("Menu file").set_input_files(file)


def receive(page: Page, ingredient: str, amount: str) -> None:
    page.get_by_role("button", name=f"Change {ingredient}").click()
    page.get_by_label("How much").fill(amount)
    page.get_by_role("button", name="Receive").click()
    row = page.get_by_test_id("ingredient").filter(has_text=ingredient)
    expect(row.get_by_test_id("available")).to_have_text(re.compile(rf"^{amount}\b"))


def open_first_bar(page: Page, email: str, bar_name: str) -> None:
    """Registers a merchant, who is asked for a first bar, and opens it."""
    page.goto("/register")
    page.get_by_role("radio", name=re.compile("Run a bar")).check()
    register(page, email, "Inés")
    page.get_by_label("Name of the bar").fill(bar_name)
    page.get_by_role("button", name="Open the bar").click()
    page.wait_for_url(re.compile(r"/work/[a-z-]+"))


def test_a_new_bar_starts_with_its_menu_file(visit: Visit) -> None:
    """There is nothing to see on the board of a bar that has no menu."""
    merchant = visit("node-1", size=PHONE)
    open_first_bar(merchant.page, "ada@first-bar.example", "The First Bar")
    expect(merchant.page.get_by_label("Menu file")).to_be_attached()
    expect(merchant.page).to_have_url(re.compile(r"/the-first-bar/menu$"))


def test_a_merchant_fills_a_bar_with_a_file_and_a_delivery(visit: Visit) -> None:
    """From nothing to a menu that a guest can order from, without leaving the site."""
    merchant = visit("node-1", size=PHONE)
    page = merchant.page
    open_first_bar(page, "ines@new-bar.example", "The New Bar")
    slug = "the-new-bar"
    page.goto(f"/work/{slug}/menu")
    upload(page, "broken.csv", BROKEN_MENU)
    fault = page.get_by_test_id("import-errors").get_by_role("row").nth(1)
    expect(fault).to_contain_text("2")
    expect(fault).to_contain_text("amount")
    merchant.shoot("menu-upload-broken")
    page.get_by_role("button", name="Choose another file").click()
    upload(page, "menu.csv", GOOD_MENU)
    expect(page.get_by_test_id("import-preview")).to_contain_text("Sours, Long")
    page.get_by_role("button", name="Publish this menu").click()
    expect(page.get_by_text("The menu is published.")).to_be_visible()

    guest = visit("node-3", size=DESKTOP)
    guest.page.goto(f"/bars/{slug}")
    sour = guest.page.get_by_test_id("drink").filter(has_text="Pisco Sour")
    expect(sour).to_have_attribute("data-available", "false")
    page.get_by_role("link", name="Fill the stock").click()
    receive(page, "Pisco", "700")
    receive(page, "Lime juice", "500")
    expect(sour).to_have_attribute("data-available", "true", timeout=LIVE_TIMEOUT_MS)
    assert guest.loads == 1, "the menu was reloaded"
    assert merchant.complaints + guest.complaints == []


def test_a_merchant_imports_recipes_as_people_write_them(visit: Visit) -> None:
    """Each amount is shown as it was read; the page asks for the shot, and leaves out the rest."""
    merchant = visit("node-2", size=PHONE)
    page = merchant.page
    open_first_bar(page, "iris@messy-bar.example", "The Messy Bar")
    slug = "the-messy-bar"
    page.goto(f"/work/{slug}/menu")
    upload(page, "recipes.csv", MESSY_MENU)
    preview = page.get_by_test_id("import-preview")
    page.get_by_text("Amounts that are worth a look (2)").click()
    expect(preview).to_contain_text("2-3 dashes → 3 dash = 2.7 ml (2,700 µl)")
    expect(preview).to_contain_text("of 2 to 3 the upper end is taken")
    merchant.shoot("menu-upload-messy")
    page.get_by_label("shot (1 line)").fill("4 cl")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.get_by_test_id("import-sizes")).to_have_count(0)
    page.get_by_role("button", name="Leave out the drinks at fault").click()
    expect(page.get_by_test_id("import-left-out")).to_contain_text("Chilcano")
    assert not merchant.overflows_sideways()
    page.get_by_role("button", name="Publish this menu").click()
    expect(page.get_by_text("The menu is published.")).to_be_visible()
    page.goto(f"/bars/{slug}")
    expect(page.get_by_test_id("drink")).to_have_count(2)


def public_pages(bar: Bar) -> dict[str, str]:
    return {
        "home": "/",
        "menu": f"/bars/{bar.slug}",
        "cart": f"/bars/{bar.slug}/cart",
        "sign-in": "/sign-in",
        "register": "/register",
        "not-found": "/no/such/page",
    }


def guest_pages(bar: Bar) -> dict[str, str]:
    return {"orders": "/orders", "profile": "/profile", "cart-signed-in": f"/bars/{bar.slug}/cart"}


def merchant_pages(bar: Bar) -> dict[str, str]:
    return {
        "work": "/work",
        "board": f"/work/{bar.slug}",
        "stock": f"/work/{bar.slug}/stock",
        "menu-upload": f"/work/{bar.slug}/menu",
        "alerts": f"/work/{bar.slug}/alerts",
    }


PagesOf = Callable[[Bar], dict[str, str]]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize(
    ("who", "pages"),
    [("nobody", public_pages), ("guest", guest_pages), ("merchant", merchant_pages)],
    ids=["nobody", "guest", "merchant"],
)
def test_every_page_is_quiet_and_fits(
    visit: Visit, bar: Bar, who: str, pages: PagesOf, size: tuple[int, int]
) -> None:
    """No console error, no CSP violation, a heading, no sideways scrolling, and on a phone no
    control too small for a thumb; each page is photographed in dark and in light."""
    person = visit("node-2", size=size)
    if who == "merchant":
        sign_in(person.page, bar.merchant_email)
    elif who == "guest":
        sign_in(person.page, "noor@night-bar.example")
    faults: list[str] = []
    for name, path in pages(bar).items():
        person.page.goto(path)
        expect(person.page.get_by_role("main")).to_be_visible()
        expect(person.page.get_by_role("heading").first).to_be_visible()
        for scheme in ("light", "dark"):
            person.use_scheme(scheme)
            person.shoot(name)
        if person.overflows_sideways():
            faults.append(f"{name} is wider than the screen")
        if size == PHONE:
            faults += [f"{name}: {target}" for target in person.small_targets()]
    assert faults + person.complaints == []
