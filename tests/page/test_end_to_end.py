"""Real agents on the page: the whole way from the camera to the <img>."""

import signal


def seconds(page, id):
    age = page.tile(id, ".age") or ""
    return int(age.split(" s ago")[0]) if age.endswith(" s ago") else None


def test_two_agents_on_one_wall(page, agents):
    agents(device={"id": "cam-a", "name": "Front door"}, schedule={"interval_s": 0.5})
    victim = agents(
        device={"id": "cam-b", "name": "Back yard"},
        schedule={"interval_s": 0.0, "on_start": True},
    )
    for id, name in (("cam-a", "Front door"), ("cam-b", "Back yard")):
        page.until_text(f'[data-id="{id}"] h2', name)
        page.until(lambda id=id: page.color(id) is not None, f"a picture of {id}")
        page.until_text(f'[data-id="{id}"] .badge-camera', "camera online")
        page.until(lambda id=id: seconds(page, id) is not None, f"an age of {id}")
        page.until_text(f'[data-id="{id}"] .size', "160 × 120")
    first = seconds(page, "cam-b")
    page.until(lambda: (seconds(page, "cam-b") or 0) >= first + 2, "the age of a still counts up")
    source = "return document.querySelector('[data-id=cam-a] img').src"
    before = page.run(source)
    page.until(lambda: page.run(source) != before, "the timer's next picture")

    victim.stop(signal.SIGKILL)
    page.until_text('[data-id="cam-b"] .badge-status', "offline")
    assert page.tile("cam-a", ".badge-status") == "online"
    assert page.color("cam-b") is not None
    assert page.data("cam-b", "age") == "known"


def test_snapshot_from_a_real_agent(page, agents):
    agents(device={"id": "cam-a"}, schedule={"interval_s": 0.2})
    page.until_text('[data-id="cam-a"] .badge-camera', "camera online")
    for _ in range(3):
        page.run("document.querySelector('[data-id=cam-a] .outcome').textContent = ''")
        page.click("[data-id=cam-a] .snapshot")
        page.until_text('[data-id="cam-a"] .outcome', "came after ")


def test_snapshot_without_a_camera_is_refused_with_the_reason(page, agents, tmp_path):
    agents(device={"id": "cam-a"}, camera={"driver": "files", "path": str(tmp_path / "none")})
    page.until_text('[data-id="cam-a"] .badge-camera', "camera offline")
    page.click("[data-id=cam-a] .snapshot")
    page.until_text('[data-id="cam-a"] .outcome', "failed: ")
    assert "15 s" not in page.tile("cam-a", ".outcome")


def test_payload_forms_of_a_real_agent(page, agents):
    for form in ("base64", "raw", "json"):
        agents(device={"id": form}, picture={"payload": form}, schedule={"on_start": True})
        page.until(lambda form=form: page.data(form, "age") == "known", f"the form {form}")
        assert page.color(form) is not None
