"""A Jupyter server whose first kernel is warm already.

The extension starts the warm parent while the user still looks at the launcher. It starts none
where the server's default kernel is not a warm one.
"""

import asyncio
from typing import Any

from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory

from .owner import ParentError
from .provisioner import WarmProvisioner


def _load_jupyter_server_extension(app: Any) -> None:
    app.io_loop.add_callback(warm_up, app)


async def warm_up(app: Any) -> None:
    """Start the parent for the default kernel; called when the server has begun to serve."""
    name = app.kernel_manager.default_kernel_name
    manager = KernelManager(
        parent=app, kernel_name=name, kernel_spec_manager=app.kernel_spec_manager
    )
    factory = KernelProvisionerFactory.instance(parent=app)
    provisioner = factory.create_provisioner_instance("warm-up", manager.kernel_spec, manager)
    if not isinstance(provisioner, WarmProvisioner):
        app.log.warning(
            "No kernel is warmed: %s starts with another provisioner. Set "
            "KernelProvisionerFactory.default_provisioner_name to 'warm'.",
            name,
        )
        return
    parent = provisioner.warm_parent(manager.format_kernel_cmd())
    if parent is not None:
        try:
            await asyncio.to_thread(parent.start)
        except ParentError as error:
            provisioner.tell(parent, error)
        else:
            app.log.info("Kernels are warm: %s", ", ".join(provisioner.imports))
