import importlib.resources
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from millwright_labs import voila
from millwright_labs.errors import TextError
from traitlets.config import Config


def page_config(folder, notebook_path, base_url="/services/demos/"):
    config = {}
    warnings = []
    voila.add_text(
        config,
        base_url=base_url,
        settings={"contents_manager": SimpleNamespace(root_dir=str(folder))},
        notebook_path=notebook_path,
        log=SimpleNamespace(warning=lambda *args: warnings.append(args)),
        voila_configuration=None,
    )
    return config, warnings


def test_the_first_page_lists_the_apps_in_the_order_of_units(apps_folder):
    found = voila.apps(apps_folder)
    units = [app["unit"] for app in found]
    assert len(found) == len(list(apps_folder.glob("*.ipynb")))
    # By number and not by letter: A10 comes after A6.
    places = [units.index(unit) for unit in ("A4", "A6", "A10", "B5", "C7")]
    assert places == sorted(places)
    assert found[0]["path"] == "pid-furnace.ipynb"
    assert all(app["title"] and app["summary"] and app["industry"] for app in found)


def test_links_hold_below_the_servers_root(apps_folder):
    # Binder serves the whole repository, so the apps are two folders down.
    for path in ("labs/apps", "/labs/apps"):
        config, _ = page_config(apps_folder.parents[1], path)
        assert config["millwright"]["apps"][0]["path"] == "labs/apps/pid-furnace.ipynb"
    config, _ = page_config(apps_folder.parents[1], "labs/apps/pid-furnace.ipynb")
    assert config["millwright"]["home"] == "labs/apps"
    config, _ = page_config(apps_folder, "pid-furnace.ipynb")
    assert config["millwright"]["home"] == ""


def test_a_notebook_without_text_is_no_app_and_no_error(tmp_path):
    (tmp_path / "scratch.ipynb").write_text("{}")
    assert voila.apps(tmp_path) == []
    config, warnings = page_config(tmp_path, "scratch.ipynb")
    assert config["millwright"]["language"] == "en"
    assert warnings


def test_a_broken_text_file_is_named(tmp_path):
    (tmp_path / "text").mkdir()
    (tmp_path / "a.ipynb").write_text("{}")
    (tmp_path / "text" / "a.en.toml").write_text('title = "A"')
    with pytest.raises(TextError, match=r"a\.en\.toml has no text 'summary'"):
        voila.apps(tmp_path)


def test_nothing_on_a_page_is_asked_of_another_host(apps_folder):
    config, _ = page_config(apps_folder, "")
    assert "//" not in json.dumps(config)
    share = importlib.resources.files("millwright_labs.voila") / "share"
    for path in Path(str(share)).rglob("*.*"):
        assert not re.search(r"(https?:)?//\w", path.read_text(encoding="utf-8").split("*/")[-1])


def test_the_settings_hide_code_tracebacks_and_files():
    c = Config()
    voila.configure(c)
    assert c.VoilaConfiguration.strip_sources is True
    assert c.VoilaConfiguration.show_tracebacks is False
    assert c.VoilaConfiguration.file_allowlist == []
    assert c.VoilaConfiguration.allow_template_override == "NO"
    assert c.Voila.port_retries == 0


def test_kernels_are_warm_where_such_are_installed_and_normal_elsewhere(monkeypatch):
    c = Config()
    voila.configure(c)
    assert c.KernelProvisionerFactory.default_provisioner_name == "warm"
    for module in c.WarmProvisioner.imports:
        assert importlib.util.find_spec(module), module

    # Its name is known, as where only the labs were copied, but what it names is not there.
    monkeypatch.setitem(sys.modules, "millwright_grader.warm.provisioner", None)
    c = Config()
    voila.configure(c)
    assert "KernelProvisionerFactory" not in c


@pytest.mark.parametrize(
    ("folder", "transport"), [("/tmp", "ipc"), ("/" + 41 * "x", "ipc"), ("/" + 42 * "x", None)]
)
def test_kernels_talk_through_sockets_where_their_path_is_short_enough(
    monkeypatch, folder, transport
):
    monkeypatch.setattr("tempfile.tempdir", folder)
    c = Config()
    voila.configure(c)
    assert c.KernelManager.get("transport") == transport


@pytest.mark.slow
def test_visitors_share_what_their_kernels_import(apps_folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = psutil.Popen(
        [sys.executable, "-m", "millwright_labs.voila", apps_folder, f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 90
        kernels = []
        while len(kernels) < len(list(apps_folder.glob("*.ipynb"))):
            assert time.monotonic() < deadline, "no warm kernels"
            time.sleep(0.5)
            kernels = [kernel for parent in server.children() for kernel in parent.children()]
        assert len(server.children()) == 1
    finally:
        server.terminate()
        server.wait()
    assert psutil.wait_procs(kernels, timeout=15)[1] == []


def test_the_template_is_found_once_however_often_it_is_offered(monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "/somewhere/else")
    for _ in range(2):
        voila.configure(Config())
    first, *rest = os.environ["JUPYTER_PATH"].split(os.pathsep)
    assert (Path(first) / "voila/templates/millwright/conf.json").is_file()
    assert rest == ["/somewhere/else"]


def test_the_command_takes_voilas_own_options():
    text = subprocess.run(
        [sys.executable, "-m", "millwright_labs.voila", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    assert "--port" in text
