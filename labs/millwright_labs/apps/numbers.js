// A list of numbers. What is read aloud waits until the hand rests, or it would never end.

const PAUSE = 700; // ms

function render({ model, el }) {
  const list = document.createElement("dl");
  const status = document.createElement("p");
  status.setAttribute("role", "status");
  status.className = "mw-hidden";
  const problem = document.createElement("p");
  problem.className = "mw-problem";
  const cells = new Map();
  let timer = 0;

  function refresh() {
    const rows = model.get("rows");
    for (const { name, label, text } of rows) {
      if (!cells.has(name)) {
        const pair = document.createElement("div");
        const title = document.createElement("dt");
        const value = document.createElement("dd");
        title.textContent = label;
        value.dataset.name = name;
        pair.append(title, value);
        list.append(pair);
        cells.set(name, value);
      }
      const cell = cells.get(name);
      if (cell.textContent !== text) cell.textContent = text;
    }
    clearTimeout(timer);
    timer = setTimeout(() => {
      const message = model.get("message");
      const said = rows.map(({ label, text }) => `${label}: ${text}.`).join(" ");
      status.textContent = message || said;
    }, PAUSE);
    problem.textContent = model.get("message");
    problem.hidden = !model.get("message");
  }

  el.classList.add("mw-numbers");
  const caption = document.createElement("p");
  caption.className = "mw-caption";
  caption.textContent = model.get("caption");
  el.append(caption, problem, list, status);
  model.on("change:rows change:message", refresh);
  refresh();
  return () => { clearTimeout(timer); model.off("change:rows change:message", refresh); };
}

export default { render };
