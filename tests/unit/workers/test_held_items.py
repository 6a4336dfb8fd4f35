"""What a worker holds: whom the heartbeat means, how many there are, and how their ends are waited for."""

import threading
import time
from dataclasses import replace

from jobs.spec import ItemKind
from tests.claims import CLAIM
from workers.fleet_trace import FleetTrace
from workers.heartbeat import Event, EventKind, Orders
from workers.heartbeat_link import HeartbeatLink, LinkSettings
from workers.held import Held, StopCause
from workers.held_items import HeldItems
from workers.settings import StageDeadlines

FOREVER_S = 30.0


def held_item(item_id: str, kind: ItemKind = ItemKind.MEDIA, fence: int = 1) -> Held:
    orders = Orders("postgresql://nowhere", 15.0, 4.0, 30.0)
    link = HeartbeatLink(LinkSettings(orders, 1.0, 60.0, {}), lambda _: None)  # not entered
    claim = replace(CLAIM, item_id=item_id, kind=kind, fence=fence)
    return Held(claim, link, StageDeadlines(), FleetTrace(None))


def test_listings_and_media_are_counted_apart() -> None:
    items = HeldItems(threading.Event())
    for held in (held_item("1"), held_item("2"), held_item("3", ItemKind.LIST)):
        items.add(held)
    assert (items.count(ItemKind.MEDIA), items.count(ItemKind.LIST)) == (2, 1)


def test_a_word_about_an_earlier_attempt_means_nobody() -> None:
    items, held = HeldItems(threading.Event()), held_item("1", fence=7)
    items.add(held)
    assert items.named_by(Event(EventKind.LOST, "1", 7)) is held
    assert items.named_by(Event(EventKind.LOST, "1", 6)) is None
    assert items.named_by(Event(EventKind.LOST, "2", 7)) is None


def test_the_last_end_is_heard_at_once() -> None:
    freed = threading.Event()
    items, held = HeldItems(freed), held_item("1")
    items.add(held)
    timer = threading.Timer(0.05, items.remove, (held,))
    timer.start()
    began = time.monotonic()
    items.wait_until_none(FOREVER_S, lambda: None)
    timer.join()
    assert not items
    assert time.monotonic() - began < FOREVER_S


def test_who_is_in_a_hurry_waits_for_nobody_and_what_is_left_is_stopped() -> None:
    items, held, hurry = HeldItems(threading.Event()), held_item("1"), threading.Event()
    items.add(held)
    hurry.set()
    items.wait_until_none(FOREVER_S, lambda: None, hurry)
    assert items.stop_all(StopCause.GIVEN_BACK) == [held]
    assert items
