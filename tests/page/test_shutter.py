"""What somebody at the wall sees of a shutter and of the mark that `identify` sets."""

import json

import pytest
from fake_agent import paint
from picky_proxy import PickyProxy
from wire import Wire

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 60), (30, 60, 190)
OUTLINE = "return getComputedStyle(document.querySelector('[data-id=door]')).outlineStyle"
ANIMATION = "return getComputedStyle(document.querySelector('[data-id=door]')).animationName"


@pytest.fixture(params=["5", "3.1.1"])
def open_wall(request, open_page, broker):
    """Opens the page, connected by one of the two versions of MQTT."""
    with PickyProxy(broker) as proxy:
        def start():
            page = open_page(broker=broker.ws_url if request.param == "5" else proxy.url)
            page.until_connected()
            level = page.run("return document.getElementById('link').dataset.version")
            assert level == {"5": "5", "3.1.1": "4"}[request.param]
            return page

        yield start


@pytest.fixture
def wire(broker):
    wire = Wire(broker.port)
    yield wire
    wire.close()


def command(wire, verb, **keys):
    wire.publish(f"still2mqtt/door/command/{verb}", json.dumps(keys))


def say_state(agent, **keys):
    agent.say("state", {"device": {"name": "Front door"}} | keys)


def until_dark(page, word):
    """Neither the picture nor anything that was said of it is left, and no other can be asked for."""
    page.until_text("[data-id=door] .blank", word)
    page.until(lambda: page.color("door") is None, "no picture")
    page.until(lambda: page.watch()["live"] == 0, "no picture in memory")
    assert page.tile("door", ".facts").strip() == ""
    assert page.tile("door", ".note") == ""
    assert page.run("return document.querySelector('[data-id=door] .age').title") == ""
    assert page.data("door", "age") is None


def button(page):
    return page.run("""
        const { ariaDisabled, title } = document.querySelector('[data-id=door] .snapshot');
        return [ariaDisabled, title];
    """)


def test_an_empty_picture_takes_the_old_one_off(open_wall, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    page = open_wall()
    agent.show(paint(RED))
    page.until_shows("door", RED)
    agent.say("meta", b"")
    agent.say("image", b"")
    until_dark(page, "No picture")
    page.until(lambda: button(page) == ["false", "Take a picture now"], "a usable button")
    agent.show(paint(GREEN), seq=1, ago_s=60)  # older than what was there, and all there is now
    page.until_shows("door", GREEN)
    page.until_text("[data-id=door] .age", "1 min")
    assert page.text("#footer") == ""


def test_the_state_alone_takes_the_picture_off(open_wall, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    say_state(agent, shutter="open")
    page = open_wall()
    agent.show(paint(RED))
    page.until_shows("door", RED)
    page.until_text("[data-id=door] .badge-camera", "camera online")
    say_state(agent, shutter="closed")
    until_dark(page, "The shutter is closed")
    page.until_text("#news", "the shutter of Front door is closed")
    agent.say("camera", "offline")
    agent.show(paint(BLUE))  # was on its way
    page.until_text("#footer", "pictures that came while the shutter was closed: 1")
    until_dark(page, "The shutter is closed")
    assert button(page) == ["true", "The shutter is closed"]
    page.click("[data-id=door] .snapshot")
    assert page.tile("door", ".outcome") == ""
    assert page.tile("door", ".badge-camera") == ""  # off on purpose is no alarm
    assert page.text("#news") == "the shutter of Front door is closed"

    say_state(agent, shutter="open")
    agent.say("camera", "online")
    page.until_text("[data-id=door] .badge-camera", "camera online")
    until_dark(page, "No picture")
    page.click("[data-id=door] .snapshot")
    agent.show(paint(GREEN), trigger="command", request_id=agent.next_request())
    page.until_shows("door", GREEN)
    page.until_text("[data-id=door] .outcome", "came after ")


@pytest.mark.parametrize("word", ["closed", "locked"])
def test_a_shutter_that_was_closed_before(open_wall, fake_agent, word):
    agent = fake_agent("door")
    agent.say_hello()
    agent.show(paint(RED))  # the broker still has it, for whatever reason
    say_state(agent, shutter=word)
    page = open_wall()
    page.until_text("#footer", "pictures that came while the shutter was closed: 1")
    until_dark(page, f"The shutter is {word}")
    page.until(lambda: button(page) == ["true", f"The shutter is {word}"], "why there is no button")


def test_closed_while_the_page_was_away(page, broker, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    agent.show(paint(RED))
    page.until_shows("door", RED)
    broker.kill()  # and forgets what it had retained
    page.until(lambda: page.link() == "reconnecting", "the lost link is told")
    assert page.shows("door", RED)
    broker.start()
    say_state(fake_agent("door"), shutter="closed")
    until_dark(page, "The shutter is closed")


def test_who_identifies_itself_stands_out(open_wall, fake_agent):
    agent = fake_agent("door")
    agent.say_hello()
    page = open_wall()
    page.until_text("[data-id=door] .badge-status", "online")
    assert page.run(OUTLINE) == "none"
    say_state(agent, identify=True)
    page.until(lambda: page.run(OUTLINE) == "solid", "a mark")
    assert page.run(ANIMATION) == "identify"
    page.until_text("#news", "Front door identifies itself")
    calm = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": calm})
    assert (page.run(OUTLINE), page.run(ANIMATION)) == ("solid", "none")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    say_state(agent, identify=False)
    page.until(lambda: page.run(OUTLINE) == "none", "no mark")
    say_state(agent, identify=True)
    page.until(lambda: page.run(OUTLINE) == "solid", "a mark")
    agent.die()  # the broker keeps a mark that nobody takes away any more
    page.until(lambda: page.run(OUTLINE) == "none", "no mark on who is gone")


def test_a_real_shutter(open_wall, agents, wire):
    agents(device={"id": "door", "name": "Front door"}, schedule={"interval_s": 0.2})
    page = open_wall()
    page.until(lambda: page.color("door") is not None, "a picture")
    command(wire, "shutter", state="closed")
    until_dark(page, "The shutter is closed")
    page.until(lambda: button(page) == ["true", "The shutter is closed"], "why there is no button")
    wire.wait("/camera", lambda m: m.payload == b"offline")
    wire.wait("/image", lambda m: m.payload == b"")
    until_dark(page, "The shutter is closed")
    assert "offline" not in page.text("#news")
    page.driver.refresh()
    page.until_connected()
    until_dark(page, "The shutter is closed")
    command(wire, "shutter", state="open")
    page.until(lambda: page.color("door") is not None, "a picture again")
    page.until(lambda: page.data("door", "age") == "known", "its age")
    page.until_text("[data-id=door] .badge-camera", "camera online")
    page.click("[data-id=door] .snapshot")
    page.until_text("[data-id=door] .outcome", "came after ")
    assert "refused" not in page.text("#footer")


def test_a_real_locked_shutter_and_identify(open_wall, agents, wire):
    agents(device={"id": "door"}, camera={"shutter": "locked"}, schedule={"interval_s": 0.2})
    page = open_wall()
    until_dark(page, "The shutter is locked")
    page.until_text("[data-id=door] .badge-status", "online")
    command(wire, "identify")
    page.until(lambda: page.run(OUTLINE) == "solid", "a mark")
    page.until(lambda: page.run(OUTLINE) == "none", "the mark is gone by itself")
    until_dark(page, "The shutter is locked")
