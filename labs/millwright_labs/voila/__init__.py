"""How Voila serves the apps: one look, nothing from outside, no code and no traceback shown.

``python -m millwright_labs.voila labs/apps`` starts a server of its own, with a kernel waiting for
each app; further options are Voila's. A Jupyter server that has Voila as an extension (Binder, a
hub) takes the same settings from a ``voila.py`` in one of its configuration folders::

    from millwright_labs.voila import configure
    configure(c)

The first page lists the apps of a folder: every notebook with a text file beside it.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from jupyter_server.utils import url_path_join

from millwright_labs.catalogue import Catalogue, language
from millwright_labs.errors import TextError

FOLDER = Path(__file__).parent
CONFIG_FOLDER = FOLDER / "config"
TEMPLATE = "millwright"

# Extensions of JupyterLab that an app has no use for. Some of them fail under Voila, all of them
# cost the visitor a request or more. An allow-list is no way: it drops Voila's own widget manager.
UNUSED_EXTENSIONS = [
    "@jupyter/nbgrader",
    "@jupyter-notebook/lab-extension",
    "jupyterlab_pygments",
    "nbgitpuller",
]

# Kernels forked from a process that has these imported, where such kernels are installed: the next
# visitor waits less, and each kernel takes a fraction of the memory.
WARM = "warm"
WARM_IMPORTS = [
    "ipywidgets",
    *sorted(
        f"millwright_labs.apps.{app.name}" for app in iter_modules([str(FOLDER.parent / "apps")])
    ),
]

# A warm kernel for the next visitor takes nothing away from the page that is just being sent.
REFILL_SECONDS = 0.1

# Characters of the folder for temporary files, in which Voila makes "voila_<8>" for the sockets
# "kernel-<UUID>-ipc-<n>" of kernels: the path of a socket holds 107 bytes (unix(7)).
LONGEST_FOLDER = 107 - 50 - 15

# A visitor who went for coffee keeps the page; one who left does not keep the memory.
IDLE_SECONDS = 20 * 60

# Everything comes from this server. Widgets are compiled in the browser, hence the two unsafe-*.
SECURITY_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'self'"
)


def configure(c: Any) -> None:
    """Set up Voila; call it in ``voila.py`` with the configuration object.

    Parameters
    ----------
    c : traitlets.config.Config
        The configuration, as Jupyter's own files call it.
    """
    _offer_templates()
    c.VoilaConfiguration.template = TEMPLATE
    c.VoilaConfiguration.theme = "light"
    c.VoilaConfiguration.allow_template_override = "NO"
    c.VoilaConfiguration.allow_theme_override = "NO"
    c.VoilaConfiguration.strip_sources = True
    c.VoilaConfiguration.show_tracebacks = False
    c.VoilaConfiguration.file_allowlist = []
    c.VoilaConfiguration.extension_denylist = UNUSED_EXTENSIONS
    c.VoilaConfiguration.preheat_kernel = True
    c.VoilaConfiguration.default_pool_size = 1
    c.VoilaConfiguration.page_config_hook = add_text
    c.Voila.open_browser = False
    # A taken port is an error: on the next one nobody would find the server.
    c.Voila.port_retries = 0
    c.Voila.tornado_settings = {"headers": {"Content-Security-Policy": SECURITY_POLICY}}
    c.MappingKernelManager.cull_idle_timeout = IDLE_SECONDS
    c.MappingKernelManager.cull_interval = 60
    c.MappingKernelManager.cull_connected = True
    if len(tempfile.gettempdir()) <= LONGEST_FOLDER:
        # Ports are chosen before they are taken, so that two kernels may choose the same one; and
        # any account of the machine can knock at them.
        c.KernelManager.transport = "ipc"
    warm_kernels(c)


def warm_kernels(c: Any) -> None:
    """Start the apps' kernels warm where such kernels are installed, else as ever.

    `configure` calls it. A Jupyter server that has Voila as an extension starts the kernels itself
    and does not read ``voila.py``; there, call it in ``jupyter_server_config.py``.

    Parameters
    ----------
    c : traitlets.config.Config
        The configuration, as Jupyter's own files call it.
    """
    for entry in entry_points(group="jupyter_client.kernel_provisioners", name=WARM):
        # Asked for by a name that nothing stands behind, no kernel would start at all.
        with suppress(ImportError):
            entry.load()
            c.KernelProvisionerFactory.default_provisioner_name = WARM
            c.WarmProvisioner.imports = WARM_IMPORTS
            c.VoilaKernelManager.fill_delay = REFILL_SECONDS


def add_text(
    page_config: dict[str, Any],
    *,
    base_url: str,
    settings: Any,
    notebook_path: str,
    log: Any,
    **_: Any,
) -> dict[str, Any]:
    """Give the templates their text; Voila calls this for each page.

    Under ``page_config["millwright"]`` the template finds `language`, `words`, and for an app its
    `title` and `summary`, for a folder its `apps`.
    """
    # A Jupyter server gives the path with a slash before it, Voila's own does not.
    notebook_path = notebook_path.strip("/")
    path = Path(settings["contents_manager"].root_dir) / notebook_path
    text: dict[str, Any] = {"language": language(), "words": {}, "title": ""}
    try:
        text["words"] = Catalogue("voila", FOLDER.parent / "text").get("")
        if path.suffix == ".ipynb":
            app = Catalogue(path.stem, path.parent / "text")
            text |= {"title": app["title"], "summary": app["summary"]}
            text["home"] = str(Path(notebook_path).parent).removeprefix(".")
        else:
            text["apps"] = apps(path, notebook_path)
            text["title"] = text["words"]["title"]
    except TextError as problem:
        log.warning("%s", problem)
    page_config["millwright"] = text
    # Voila's front end always loads a MathJax 2, from a CDN unless told otherwise.
    page_config["fullMathjaxUrl"] = url_path_join(
        base_url, "voila/templates", TEMPLATE, "static/no-mathjax.js"
    )
    return page_config


def apps(folder: Path, path: str = "") -> list[dict[str, Any]]:
    """Return title, summary and tags of each app in a folder, ordered by unit.

    Parameters
    ----------
    folder : Path
        The folder with notebooks and, below it, ``text``.
    path : str
        The folder's path as the server knows it, from which links are made.
    """
    found = []
    for notebook in folder.glob("*.ipynb"):
        if not (folder / "text" / f"{notebook.stem}.en.toml").is_file():
            continue
        text = Catalogue(notebook.stem, folder / "text")
        found.append(
            {
                "path": f"{path}/{notebook.name}".lstrip("/"),
                "title": text["title"],
                "summary": text["summary"],
                "industry": text.get("industry", []),
                "course": text["course"],
                "unit": text["unit"],
            }
        )
    return sorted(found, key=lambda app: (app["unit"][0], int(app["unit"][1:]), app["title"]))


def _offer_templates() -> None:
    """Let Jupyter find the template where the package is installed, whatever the environment."""
    here = str(FOLDER / "share")
    known = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
    if here not in known:
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [here, *known]))
