import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from agent import BUILD, Agent  # noqa: E402
from broker import Broker  # noqa: E402
from fake_agent import FakeAgent  # noqa: E402
from page import Page, PageServer, start_browser  # noqa: E402


@pytest.fixture(scope="session")
def page_directory():
    directory = BUILD / "share" / "still2mqtt" / "page"
    if not (directory / "vendor" / "mqtt.esm.js").exists():
        pytest.fail(f"no built page in {directory}: build the target `page`")
    return directory


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture
def broker():
    with Broker() as broker:
        yield broker


@pytest.fixture
def fake_agent(broker):
    """Call it with an id; every one that is still there is closed after the test."""
    agents = []

    def start(id, **options):
        agents.append(FakeAgent(broker, id, **options))
        return agents[-1]

    yield start
    for agent in agents:
        agent.close()


@pytest.fixture
def agents(broker):
    """Starts a real agent with these settings; its log is looked through after the test."""
    made = []

    def start(**settings):
        made.append(Agent(port=broker.port, **settings))
        return made[-1].start()

    yield start
    for agent in made:
        agent.close()


@pytest.fixture
def open_page(browser, page_directory):
    """Opens the page as its server gives it: `config` is config.json, the rest the address's
    parameters. At the end of each test nothing hostile may have happened in it."""
    servers = []
    pages = []

    def start(config=None, **params):
        servers.append(PageServer(page_directory, config))
        pages.append(Page(browser, servers[-1].url, **params))
        return pages[-1]

    yield start
    if pages:
        seen = pages[-1].watch()
        assert (seen["alerts"], seen["violations"], seen["errors"]) == (0, [], [])
    browser.get("about:blank")
    browser.get_log("browser")
    for server in servers:
        server.close()


@pytest.fixture
def page(open_page, broker):
    """Connected to the test's broker."""
    page = open_page(broker=broker.ws_url)
    page.until_connected()
    return page
