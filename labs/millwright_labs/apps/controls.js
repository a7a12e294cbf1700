// Native form controls, each with a label, so that keyboards and screen readers just work.

let made = 0;

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value; else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// One object for each kind of field: `input` builds it, `read` and `write` translate its value.
const kinds = {
  slider: {
    input: () => element("input", { type: "range" }),
    limits: (input, field) => {
      input.min = field.low;
      input.max = field.high;
      input.step = field.step;
    },
    read: (input) => Number(input.value),
    write: (input, value) => { input.value = value; },
    text: (field, value) => {
      const number = value.toFixed(field.decimals).replace("-", "\u2212");
      return `${number}${field.unit && ` ${field.unit}`}`;
    },
  },
  stops: {
    input: () => element("input", { type: "range" }),
    limits: (input, field) => {
      input.min = 0;
      input.max = field.stops.length - 1;
      input.step = 1;
    },
    read: (input, field) => field.stops[Number(input.value)],
    write: (input, value, field) => {
      const distance = field.stops.map((stop) => Math.abs(Math.log(stop / value)));
      input.value = distance.indexOf(Math.min(...distance));
    },
    text: (field, value) => `${field.texts[field.stops.indexOf(value)] ?? value}`,
  },
  switch: {
    input: () => element("input", { type: "checkbox", role: "switch" }),
    limits: () => {},
    read: (input) => input.checked,
    write: (input, value) => { input.checked = value; },
    text: (field, value) => (value ? field.on : field.off),
  },
  number: {
    input: () => element("input", { type: "number", step: "any", inputMode: "decimal" }),
    limits: (input, field) => {
      input.min = field.low;
      input.max = field.high;
    },
    read: (input) => input.valueAsNumber,
    // Whoever is typing "80" has typed "8." or nothing for a while.
    write: (input, value) => {
      if (document.activeElement !== input || !input.matches(":invalid") && input.value !== "") {
        if (input.valueAsNumber !== value) input.value = value;
      }
    },
    text: (field) => field.unit,
  },
  choice: {
    input: () => element("select"),
    limits: (input, field) => {
      const options = JSON.stringify(field.options);
      if (input.shows === options) return;
      input.shows = options;
      input.replaceChildren(...field.options.map(
        ([value, label]) => element("option", { value }, label)));
    },
    read: (input) => input.value,
    write: (input, value) => { input.value = value; },
    text: () => "",
  },
};

function row(field, send) {
  const kind = kinds[field.kind];
  const id = `mw-control-${++made}`;
  const input = kind.input(field);
  input.id = id;
  input.name = field.name;
  const output = element("output", { htmlFor: id });
  const line = element("div", { className: `mw-field mw-${field.kind}` },
    element("label", { htmlFor: id }, field.label), output, input);
  if (field.hint) {
    line.append(element("small", { id: `${id}-hint` }, field.hint));
    input.setAttribute("aria-describedby", `${id}-hint`);
  }
  let now = field;
  const say = (value) => {
    const text = kind.text(now, value);
    output.textContent = text;
    if (input.type === "range") input.setAttribute("aria-valuetext", text);
  };
  input.addEventListener("input", () => {
    const value = kind.read(input, now);
    if (Number.isNaN(value)) return;
    say(value);
    send(now.name, value);
  });
  return {
    line,
    show(field, value) {
      now = field;
      kind.limits(input, field);
      kind.write(input, value, field);
      say(value);
    },
  };
}

function render({ model, el }) {
  const words = model.get("words");
  // A button is answered by a form of a later turn. Moves until then are kept: they belong to it.
  let answer = 0, kept = {};
  const move = () => {
    const { turn, values } = model.get("form");
    const moved = kept;
    if (turn < answer || !Object.keys(moved).length) return;
    kept = {};
    model.set("form", { turn, preset: "", values: { ...values, ...moved } });
    model.save_changes();
  };
  const send = (name, value) => {
    kept[name] = value;
    move();
  };
  // ipywidgets holds moves back while the kernel is busy, but no button: so it takes them along.
  const press = (what) => {
    const form = model.get("form");
    answer = Math.max(answer, form.turn) + 1;
    model.send({ ...what, form });
  };
  const rows = model.get("fields").map((field) => row(field, send));

  const presets = model.get("presets").map((preset) => {
    const button = element("button", { type: "button" }, preset.label);
    button.addEventListener("click", () => {
      // Twice the same example must start it again, so the kernel is told, not only the model.
      press({ preset: preset.name });
    });
    return { preset, button };
  });
  const hint = element("p", { className: "mw-hint", role: "status" });
  const actions = model.get("actions").map((action) => {
    const button = element("button", { type: "button" }, action.label);
    button.addEventListener("click", () => press({ action: action.name }));
    return button;
  });
  const examples = element("div",
    { className: "mw-buttons", role: "group", "aria-label": words.examples },
    ...presets.map(({ button }) => button));
  const form = element("form", { "aria-label": words.controls },
    element("p", { className: "mw-heading", "aria-hidden": "true" }, words.examples),
    examples, hint, ...rows.map(({ line }) => line),
    element("div", { className: "mw-buttons" }, ...actions));
  form.addEventListener("submit", (event) => event.preventDefault());

  function refresh() {
    const { preset: chosen, values } = model.get("form");
    model.get("fields").forEach((field, i) => rows[i].show(field, values[field.name]));
    for (const { preset, button } of presets) {
      button.setAttribute("aria-pressed", String(preset.name === chosen));
    }
    const look = presets.find(({ preset }) => preset.name === chosen)?.preset.look ?? "";
    if (hint.textContent !== look) hint.textContent = look;
  }
  const changes = "change:form change:fields";
  model.on(changes, refresh);
  model.on("change:form", move);
  refresh();
  el.classList.add("mw-controls");
  el.append(form);
  return () => {
    model.off(changes, refresh);
    model.off("change:form", move);
  };
}

export default { render };
