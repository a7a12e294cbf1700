"""How long a key press takes to become new pixels: measured in the page, by its own clock."""

from playwright.sync_api import Locator, Page

# From the key's event to the moment when a canvas was painted anew (`data-frames` counts up) or
# when a new picture stands in the page (what `interact` and `widgets.Image` do).
_WATCH = """
() => {
  const watch = { pressed: null, times: [] };
  window.keyToPixel = watch;
  window.addEventListener("keydown", () => { watch.pressed = performance.now(); }, true);
  const isPixels = (change) =>
    change.attributeName === "data-frames" ||
    (change.target.tagName === "IMG" && change.attributeName === "src") ||
    [...change.addedNodes].some((n) => n.nodeType === 1 && n.parentNode?.querySelector("img"));
  new MutationObserver((changes) => {
    if (watch.pressed !== null && changes.some(isPixels)) {
      watch.times.push(performance.now() - watch.pressed);
      watch.pressed = null;
    }
  }).observe(document.body, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["data-frames", "src"],
  });
}
"""


def key_to_pixel(
    page: Page, control: Locator, presses: int = 30, timeout: float = 20.0
) -> list[float]:
    """Press an arrow key again and again and return each time until new pixels.

    Parameters
    ----------
    page : Page
        An app's page, ready.
    control : Locator
        The slider, or whatever takes the focus and the keys.
    presses : int
        How often; to the right and back, so that no end is reached.
    timeout : float
        How long (s) a press may take.

    Returns
    -------
    list of float
        Times in milliseconds.
    """
    page.evaluate(_WATCH)
    control.focus()
    for press in range(presses):
        page.keyboard.press("ArrowRight" if press // 5 % 2 == 0 else "ArrowLeft")
        page.wait_for_function(
            "count => window.keyToPixel.times.length >= count",
            arg=press + 1,
            timeout=1000 * timeout,
            polling=20,
        )
        # Let the page rest: a press into a running update would measure the queue.
        page.wait_for_timeout(60)
    return page.evaluate("window.keyToPixel.times")
