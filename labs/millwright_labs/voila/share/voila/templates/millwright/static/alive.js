// The kernel behind the page: stop it when the visitor leaves, and say so when it has stopped.

const PERIOD = 60_000; // ms
const config = JSON.parse(document.getElementById("jupyter-config-data").textContent);
const kernel = `${config.baseUrl}api/kernels/${config.kernelId}`;
const notice = document.getElementById("mw-stopped");

// Voila's own farewell, which frees the kernel, is refused without this cookie, and of all pages
// only the list of apps hands it out. Who comes straight to an app gets it here.
if (!/\b_xsrf=/.test(document.cookie)) {
  fetch(document.querySelector(".mw-bar a").href).catch(() => {});
}

async function look() {
  if (document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(kernel, { cache: "no-store" });
    // No network is no news; only the server knows that the kernel is gone.
    if (answer.status === 404) notice.hidden = false;
  } catch {}
}
setInterval(look, PERIOD);
document.addEventListener("visibilitychange", look);
notice.querySelector("button").addEventListener("click", () => location.reload());
