"""The page's behaviour in a real browser, against a real broker and agents played by hand."""

import base64
import re

from broker import Broker
from fake_agent import FakeAgent, paint
from picky_proxy import PickyProxy

RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 160, 60), (30, 60, 190), (120, 120, 120)


def seconds(page, id):
    found = re.match(r"(\d+) s ago", page.tile(id, ".age") or "")
    return int(found[1]) if found else None


def test_two_cameras_side_by_side(page, fake_agent):
    for id, name, color in (("door", "Front door", RED), ("yard", "Back yard", GREEN)):
        agent = fake_agent(id)
        agent.say_hello(name)
        agent.show(paint(color))
    page.until_shows("door", RED)
    page.until_shows("yard", GREEN)
    page.until_text('[data-id="door"] h2', "Front door")
    page.until_text('[data-id="yard"] h2', "Back yard")
    assert page.tile("door", ".badge-status") == "online"
    assert page.tile("door", ".badge-camera") == "camera online"
    assert "timer" in page.tile("door", ".facts")
    assert "160 × 120" in page.tile("door", ".facts")
    alt = page.run("return document.querySelector('[data-id=door] img').alt")
    assert alt.startswith("Front door, captured ") and "unknown" not in alt
    assert page.run("return document.getElementById('link').dataset.version") == "5"
    assert page.run("return document.getElementById('empty').hidden")


def test_empty_wall_says_what_to_do(page):
    page.until_text("#empty", "No camera has said anything yet on still2mqtt/…")


def test_age_counts_up(page, fake_agent):
    fake_agent("door").show(paint(RED))
    page.until_shows("door", RED)
    first = page.until(lambda: seconds(page, "door") is not None, "an age") and seconds(page, "door")
    assert first <= 3
    page.until(lambda: seconds(page, "door") >= first + 3, "the age counts up")


def test_retained_picture_shows_its_true_age_at_once(open_page, broker, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    agent.show(paint(RED), ago_s=2 * 3600 + 60)
    agent.die()
    page = open_page(broker=broker.ws_url)
    page.until_shows("door", RED)
    assert page.tile("door", ".age").startswith("2 h 1 min")
    page.until_text('[data-id="door"] .badge-status', "offline")
    dimmed = "return getComputedStyle(document.querySelector('[data-id=door] img')).filter"
    assert "grayscale" in page.run(dimmed)


def test_killed_agent_and_dead_camera_are_told(page, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    agent.show(paint(RED))
    page.until_text('[data-id="door"] .badge-camera', "camera online")
    agent.say("camera", "offline")
    page.until_text('[data-id="door"] .badge-camera', "camera offline")
    agent.die()
    page.until_text('[data-id="door"] .badge-status', "offline")
    page.until_text("#news", "door is offline")
    assert page.tile("door", ".badge-camera") == ""
    assert page.shows("door", RED)
    assert page.run("return document.querySelector('[data-id=door] button').ariaDisabled") == "true"


def test_forms_on_the_wire(page, fake_agent):
    for id, form, color in (("b", "base64", RED), ("r", "raw", GREEN), ("j", "json", BLUE)):
        fake_agent(id, properties=False).show(paint(color), form=form, meta=form != "json")
        page.until_shows(id, color)
        assert page.tile(id, ".age").endswith("s ago")


def test_meta_pairs_only_with_its_own_picture(page, fake_agent):
    agent = fake_agent("door", properties=False)
    red, green = paint(RED), paint(GREEN, (200, 120))
    agent.say("meta", agent.facts(green, ago_s=5))
    agent.say("image", base64.b64encode(red))
    page.until_shows("door", RED)
    assert page.tile("door", ".age") == "age unknown"
    agent.say("meta", agent.facts(red, ago_s=120))  # late, as after a subscription
    page.until_text('[data-id="door"] .age', "2 min")
    # of the same length, but not the same picture
    facts = agent.facts(red)
    agent.say("meta", facts | {"sha256": "0" * 64})
    agent.say("image", base64.b64encode(red))
    page.until_text('[data-id="door"] .age', "age unknown")


def test_view_never_goes_back(page, fake_agent):
    agent = fake_agent("door")
    agent.show(paint(GREEN), seq=7)
    page.until_shows("door", GREEN)
    agent.show(paint(RED), seq=6, ago_s=30)
    page.until_text("#footer", "pictures older than the one on the screen: 1")
    assert page.shows("door", GREEN)
    agent.show(paint(BLUE), seq=8, ago_s=3600)  # its clock was set back: still the newer one
    page.until_shows("door", BLUE)
    agent.show(paint(RED), seq=1)  # restarted
    page.until_shows("door", RED)


def test_snapshot_comes(page, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    agent.show(paint(RED))
    page.until_text('[data-id="door"] .badge-status', "online")
    page.click("[data-id=door] button")
    request_id = agent.next_request()
    page.until_text('[data-id="door"] .outcome', "waiting…")
    agent.show(paint(BLUE))  # a timed picture is not the answer
    page.until_shows("door", BLUE)
    assert page.tile("door", ".outcome") == "waiting…"
    agent.show(paint(GREEN), trigger="command", request_id=request_id)
    page.until_text('[data-id="door"] .outcome', "came after ")
    assert page.shows("door", GREEN)
    assert "command" in page.tile("door", ".facts")


def test_snapshot_is_told_by_meta_alone(page, fake_agent):
    agent = fake_agent("door", properties=False)
    agent.say_hello()
    page.until_text('[data-id="door"] .badge-status', "online")
    page.click("[data-id=door] button")
    agent.show(paint(GREEN), trigger="command", request_id=agent.next_request())
    page.until_text('[data-id="door"] .outcome', "came after ")
    assert page.shows("door", GREEN)


def test_snapshot_is_not_lost_among_newer_pictures(page, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    page.until_text('[data-id="door"] .badge-status', "online")
    page.click("[data-id=door] button")
    request_id = agent.next_request()
    agent.show(paint(RED, (1600, 1200)))
    agent.show(paint(GREEN), trigger="command", request_id=request_id)
    for _ in range(5):
        agent.show(paint(BLUE))
    page.until_text('[data-id="door"] .outcome', "came after ")
    page.until_shows("door", BLUE)


def test_snapshot_fails_visibly(page, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    page.until_text('[data-id="door"] .badge-status', "online")
    page.click("[data-id=door] button")
    refusal = {"event_type": "refused", "request_id": "somebody-else", "reason": "not ours"}
    agent.say("event", refusal, retain=False)
    refusal |= {"request_id": agent.next_request(), "reason": "no camera: unplugged"}
    agent.say("event", refusal, retain=False)
    page.until_text('[data-id="door"] .outcome', "failed: no camera: unplugged")
    page.click("[data-id=door] button")  # and can be tried again at once
    agent.next_request()
    # without an answer the deadline of 15 s ends it
    page.until_text('[data-id="door"] .outcome', "failed: no picture within 15 s")


def test_forbidden_snapshot_fails_visibly(open_page, tmp_path):
    acl = tmp_path / "acl"
    acl.write_text("topic read still2mqtt/#\ntopic write still2mqtt/+/status\n")
    with Broker(f"acl_file {acl}") as strict:
        page = open_page(broker=strict.ws_url)
        page.until_connected()
        agent = FakeAgent(strict, "door")
        agent.say("status", "online")
        page.until_text('[data-id="door"] .badge-status', "online")
        page.click("[data-id=door] button")
        page.until_text('[data-id="door"] .outcome', "failed: ")
        assert "uthorized" in page.tile("door", ".outcome")
        agent.close()


def test_broker_killed_and_restarted(page, broker, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    agent.show(paint(RED))
    page.until_shows("door", RED)
    broker.kill()
    page.until(lambda: page.link() == "reconnecting", "the lost link is told")
    assert "reconnecting" in page.text("#link") and broker.ws_url in page.text("#link")
    page.until_text('[data-id="door"] .badge-status', "unknown")
    assert page.shows("door", RED)
    broker.start()
    page.until_connected()
    back = fake_agent("door")
    back.say_hello()
    back.show(paint(GREEN))
    page.until_shows("door", GREEN)
    page.until_text('[data-id="door"] .badge-status', "online")
    page.click("[data-id=door] button")
    back.show(paint(BLUE), trigger="command", request_id=back.next_request())
    page.until_text('[data-id="door"] .outcome', "came after ")


def test_falls_back_to_mqtt_3(open_page, fake_agent, broker):
    # mosquitto speaks 5 to everybody, so the proof is a broker that hangs up on it
    with PickyProxy(broker) as proxy:
        page = open_page(broker=proxy.url)
        page.until_connected()
        assert page.run("return document.getElementById('link').dataset.version") == "4"
        agent = fake_agent("door")
        agent.say_hello()
        agent.show(paint(RED))
        page.until_shows("door", RED)
        assert page.tile("door", ".age").endswith("s ago")
        page.click("[data-id=door] button")
        agent.show(paint(BLUE), trigger="command", request_id=agent.next_request())
        page.until_text('[data-id="door"] .outcome', "came after ")
        assert proxy.refused >= 1


def test_object_urls_are_let_go(page, fake_agent):
    agent = fake_agent("door")
    for number in range(200):
        agent.show(paint((number, 255 - number, 128)))
    page.until_shows("door", (199, 56, 128))
    seen = page.watch()
    assert seen["live"] == 1
    assert seen["liveMost"] <= 2
    assert seen["made"] >= 2


def test_hidden_page_goes_on(page, fake_agent):
    agent = fake_agent("door")
    agent.show(paint(RED))
    page.until_shows("door", RED)
    ours = page.driver.current_window_handle
    page.run("addEventListener('visibilitychange', () => { watch.hidden ||= document.hidden; })")
    page.driver.switch_to.new_window("tab")
    for number in range(30):
        agent.show(paint((number, 255 - number, 128)))
    agent.show(paint(GREEN))
    page.driver.close()
    page.driver.switch_to.window(ours)
    page.until_shows("door", GREEN)
    assert page.watch()["hidden"]
    assert page.watch()["liveMost"] <= 2


def test_remembers_all_but_the_password(open_page, broker):
    page = open_page({"broker": broker.ws_url})
    page.until_connected()
    page.click("summary")
    fields = page.driver.find_element("css selector", "form")
    for name, value in (("prefix", "farm/cams"), ("username", "ann"), ("password", "canary-77")):
        field = fields.find_element("name", name)
        field.clear()
        field.send_keys(value)
    page.click("form button")
    page.until_text("#empty", "farm/cams/…")
    stored = page.run("return JSON.stringify({ ...localStorage, ...sessionStorage })")
    assert "farm/cams" in stored and "ann" in stored
    assert "canary" not in stored + page.driver.current_url


def test_password_in_the_address_is_refused(open_page, broker):
    page = open_page(broker=broker.ws_url, password="canary-77")
    page.until_text("#problem", "was not used")
    assert page.link() == "idle"
    assert "canary" not in page.driver.current_url
    assert "canary" not in page.run("return document.documentElement.outerHTML")
    assert "client connected" not in broker.log


def test_refused_user_is_told(open_page):
    with Broker(users={"ann": "right"}) as strict:
        page = open_page(broker=strict.ws_url, username="ann")
        page.until_text("#problem", "refused the user name or the password")
        page.driver.find_element("name", "password").send_keys("right")
        page.click("form button")
        page.until_connected()
        assert not page.run("return document.getElementById('connection').open")


def test_bad_broker_address_is_told(open_page):
    page = open_page(broker="mqtt://127.0.0.1:1883")
    page.until_text("#problem", "ws:// or wss://")


def test_snapshot_by_keyboard_keeps_the_focus(page, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    page.until_text('[data-id="door"] .badge-status', "online")
    button = page.driver.find_element("css selector", "[data-id=door] button")
    page.run("arguments[0].focus()", button)
    button.send_keys("\ue007")
    agent.show(paint(GREEN), trigger="command", request_id=agent.next_request())
    page.until_text("#news", "door: snapshot came after ")
    assert page.run("return document.activeElement === arguments[0]", button)
    assert button.accessible_name == "Snapshot from door"


def test_five_hundred_tiles_and_no_more(page, fake_agent):
    agent = fake_agent("door")
    for number in range(510):
        agent.publish(f"still2mqtt/cam{number:03d}/status", "online")
    page.until_text("#footer", "messages of cameras beyond the first 500: 10")
    assert page.run("return document.querySelectorAll('.tile').length") == 500
