"""The machine of the leader loses its power while a guest has the site open in a browser."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from bitebyte_e2e.bar import PASSWORD, open_bar
from bitebyte_e2e.browser import PHONE, Person, running_chromium
from bitebyte_e2e.client import Client
from bitebyte_k8s import faults
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import ARTIFACTS, INGRESS_HOST, Kubernetes
from bitebyte_k8s.steps import step

RECOVERY_TIMEOUT_MS = 60_000


@pytest.fixture
def chromium(ingress_address: str) -> Iterator[Browser]:
    """Finds the bar's name at the ingress, as a name server would tell it."""
    with running_chromium(f"--host-resolver-rules=MAP {INGRESS_HOST} {ingress_address}") as browser:
        yield browser


@pytest.mark.smoke
def test_an_order_outlives_the_machine_that_confirmed_it(
    kubernetes: Kubernetes,
    night_owl: BarCluster,
    figures: Figures,
    chromium: Browser,
) -> None:
    guests = Guests(night_owl, "node-off")
    with Client(guests.url) as client:
        open_bar(client, slug="page-bar")  # where only the browser orders
    with guests:
        with step("a guest signs in, in a real browser, and orders"):
            person = visit(chromium)
            page = person.page
            page.goto("/bars/page-bar")
            page.get_by_role("button", name="Add Negroni", exact=True).click()
            page.get_by_role("link", name="View order").click()
            page.get_by_role("button", name="Place order").click()
            page.wait_for_url(re.compile(r"/orders/[0-9a-f-]{36}$"))
            order_url = page.url
            expect(page.get_by_test_id("order-status")).to_be_visible()
            person.shoot("kubernetes-ordered")
            person.close()
        leader = night_owl.wait_leader()
        node = night_owl.node_of(leader)
        off_ns = time.monotonic_ns()
        with step(f"{node}, where {leader} leads, loses its power"):
            kubernetes.machines.power_off(node)
        with step("customers order on"):
            recovery_s = guests.recovery_s(off_ns)
        with step("Kubernetes misses the machine, and the ingress no longer leads to it"):
            faults.wait_node(kubernetes.api, node, ready=False)
        with step("the guest comes back on another phone: the order is still there"):
            person = visit(chromium)
            person.page.goto(order_url, timeout=RECOVERY_TIMEOUT_MS)
            status = person.page.get_by_test_id("order-status")
            expect(status).to_be_visible(timeout=RECOVERY_TIMEOUT_MS)
            person.shoot("kubernetes-after-power-cut")
            person.close()
        guests.wait_more()
        with step(f"{node} boots again, and the cluster is whole"):
            kubernetes.machines.boot(node)
            faults.wait_node(kubernetes.api, node, ready=True)
            night_owl.wait_ready()
        guests.wait_more()
    guests.judge(pods=3)
    figures.record("leader's machine off", first_order_s=round(recovery_s, 2))


def visit(chromium: Browser) -> Person:
    """A guest on a phone with connections of its own, signed in through the ingress."""
    person = Person(
        chromium,
        f"https://{INGRESS_HOST}",
        size=PHONE,
        scheme="dark",
        screenshots=ARTIFACTS / "screenshots",
    )
    page = person.page
    page.goto("/sign-in", timeout=RECOVERY_TIMEOUT_MS)
    page.get_by_label("E-mail").fill("guest-0@node-off.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return person
