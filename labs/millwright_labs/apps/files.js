// A file from the visitor, in pieces, and files for him.

let made = 0;

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value; else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const id = `mw-file-${++made}`;
  const words = model.get("words");
  const input = element("input", {
    type: "file", id, accept: ".csv,.txt,.tsv,text/csv,text/plain",
    "aria-describedby": `${id}-hint ${id}-problem`,
  });
  const status = element("p", { role: "status" });
  const problem = element("p", { className: "mw-problem", id: `${id}-problem`, role: "alert" });
  const buttons = model.get("downloads").map(({ name, label }) => {
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", () => model.send({ download: name }));
    return button;
  });
  let number = 0;

  async function send(file) {
    const now = ++number;
    const size = file.size, piece = model.get("piece");
    const about = { name: file.name };
    status.textContent = words.reading;
    problem.hidden = true;
    // What is too large is only told, never read.
    model.send({ ...about, size, number: now });
    if (size > model.get("largest")) return;
    try {
      for (let begin = 0; begin < size && now === number; begin += piece) {
        const bytes = await file.slice(begin, begin + piece).arrayBuffer();
        model.send({ ...about, piece: now, last: begin + piece >= size }, undefined, [bytes]);
      }
    } catch {
      // The file went away while it was being read.
      model.send({ ...about, piece: now, last: true }, undefined, []);
    }
  }
  input.addEventListener("change", () => {
    if (input.files.length) send(input.files[0]);
    // The same file may have been corrected and be chosen again.
    input.value = "";
  });

  function refresh() {
    status.textContent = model.get("status");
    problem.textContent = model.get("problem");
    problem.hidden = !model.get("problem");
  }
  function received(content, buffers) {
    if (!content.download) {
      refresh();
      return;
    }
    const address = URL.createObjectURL(new Blob(buffers, { type: content.kind }));
    const link = element("a", { href: address, download: content.download });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }
  model.on("change:status change:problem", refresh);
  model.on("msg:custom", received);
  refresh();
  el.classList.add("mw-files");
  el.append(
    element("label", { htmlFor: id }, model.get("label")), input,
    element("small", { id: `${id}-hint` }, model.get("hint")), problem, status,
    element("div", { className: "mw-buttons", role: "group", "aria-label": words.heading },
      ...buttons));
  return () => {
    model.off("change:status change:problem", refresh);
    model.off("msg:custom", received);
  };
}

export default { render };
