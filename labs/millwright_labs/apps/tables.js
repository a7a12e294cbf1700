// Tables with captions and headers; a wide one scrolls in itself, by keyboard too.

function cell(tag, text, scope) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (scope) made.scope = scope;
  return made;
}

function build({ caption, head, rows }) {
  const table = document.createElement("table");
  table.append(cell("caption", caption));
  const top = table.createTHead().insertRow();
  top.append(...head.map((text) => cell("th", text, "col")));
  const body = table.createTBody();
  for (const [first, ...rest] of rows) {
    body.insertRow().append(cell("th", first, "row"), ...rest.map((text) => cell("td", text)));
  }
  const frame = document.createElement("div");
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", caption);
  frame.append(table);
  return frame;
}

function render({ model, el }) {
  function refresh() {
    // Only what changed, or a reader who is in a table would be thrown out of it.
    model.get("tables").forEach((table, i) => {
      const now = JSON.stringify(table), old = el.children[i];
      if (old?.shows === now) return;
      const made = build(table);
      made.shows = now;
      if (old) old.replaceWith(made); else el.append(made);
    });
    while (el.children.length > model.get("tables").length) el.lastChild.remove();
  }
  el.classList.add("mw-tables");
  model.on("change:tables", refresh);
  refresh();
  return () => model.off("change:tables", refresh);
}

export default { render };
