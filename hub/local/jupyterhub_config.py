"""JupyterHub for the demo class; run.py starts it and sets the environment that `Demo` reads."""

import os
import sys
from pathlib import Path

c = get_config()  # type: ignore[name-defined]
sys.path.insert(0, str(Path(__file__).resolve().parent))

from demo import HERE, PEOPLE, Demo, free_port  # noqa: E402
from signin import DemoAuthenticator  # noqa: E402
from spawner import AccountSpawner  # noqa: E402

IDLE_SECONDS = 3600
REQUEST_SECONDS = 3600
SERVICE_SECONDS = 30

demo = Demo.from_environment(os.environ)
courses = [course.name for course in demo.courses]
teachers = [person.name for person in PEOPLE if person.role == "teacher"]
students = [person.name for person in PEOPLE if person.role == "student"]
services = demo.account("services")

# ---- the hub and its proxy: everything on this machine only, every internal port a free one

c.JupyterHub.bind_url = demo.url
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{free_port()}"
c.JupyterHub.db_url = f"sqlite:///{demo.hub_folder}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(demo.hub_folder / "cookie_secret")
c.JupyterHub.upgrade_db = True
# The proxy would give up on a request after 20 s; validating or grading a notebook takes longer.
proxy = [sys.executable, str(HERE / "proxy.py"), f"--proxy-timeout={REQUEST_SECONDS * 1000}"]
c.ConfigurableHTTPProxy.command = services.command(proxy)
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{free_port()}"
c.ConfigurableHTTPProxy.pid_file = str(demo.hub_folder / "proxy.pid")

c.JupyterHub.template_paths = [str(HERE / "templates")]
c.JupyterHub.template_vars = {"separated": demo.separated, "demos": bool(demo.apps)}

# ---- who may sign in

c.JupyterHub.authenticator_class = DemoAuthenticator
c.DemoAuthenticator.passwords = demo.record["passwords"]
c.Authenticator.allowed_users = set(demo.record["passwords"])

# ---- a server for each user

c.JupyterHub.spawner_class = AccountSpawner
c.SimpleLocalProcessSpawner.home_dir_template = f"{demo.state}/homes/{{username}}"
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
if os.geteuid() == 0 and not demo.separated:
    c.Spawner.args = ["--allow-root"]
# A server that ignores Ctrl-C is not waited for longer than this.
c.LocalProcessSpawner.interrupt_timeout = 10
c.LocalProcessSpawner.term_timeout = 5

# ---- courses: groups as nbgrader expects them; formgraders.py explains the services

forward_port = free_port()
culler = [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE_SECONDS}"]
forward = [sys.executable, str(HERE / "formgraders.py"), str(forward_port)]
c.JupyterHub.services = [
    {
        "name": name,
        "command": services.command(command),
        "cwd": str(services.home),
        "environment": {"MILLWRIGHT_MARKER": demo.record["marker"]},
    }
    for name, command in (("idle-culler", culler), ("formgraders", forward))
]
c.JupyterHub.load_groups = {}
c.JupyterHub.load_roles = [
    # A server's own token may ask the hub what its user may ask; the course list needs it.
    {"name": "server", "scopes": ["inherit"]},
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
]
for course in courses:
    grader = demo.grader(course)
    c.JupyterHub.services.append(
        {"name": course, "url": f"http://127.0.0.1:{forward_port}", "timeout": SERVICE_SECONDS}
    )
    c.JupyterHub.load_groups |= {
        f"formgrade-{course}": {"users": [*teachers, grader]},
        f"nbgrader-{course}": {"users": [*students, *teachers]},
        f"grader-{course}": {"users": [grader]},
    }
    c.JupyterHub.load_roles += [
        {
            "name": f"formgrade-{course}",
            "groups": [f"formgrade-{course}"],
            "scopes": [
                f"access:services!service={course}",
                f"list:services!service={course}",
                f"read:services!service={course}",
                f"access:servers!user={grader}",
                f"servers!user={grader}",
            ],
        },
        {
            "name": f"grader-{course}",
            "groups": [f"grader-{course}"],
            "scopes": [
                "list:users",
                "read:users:name",
                "read:users:groups",
                "list:groups",
                f"groups!group=nbgrader-{course}",
            ],
        },
    ]
# Teachers open a formgrader without being asked whether it may know who they are.
c.JupyterHub.tornado_settings = {
    "oauth_no_confirm_list": {f"jupyterhub-user-{demo.grader(course)}" for course in courses}
}

# ---- the Voila apps, open to visitors; run.py starts them, and a broken app stops no class

if demo.apps:
    address = f"http://127.0.0.1:{os.environ['MILLWRIGHT_DEMOS_PORT']}"
    c.JupyterHub.services.append({"name": "demos", "url": address, "timeout": SERVICE_SECONDS})
