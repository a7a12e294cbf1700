// One question with options; the kernel judges the choice.

let made = 0;

function render({ model, el }) {
  const name = `mw-question-${++made}`;
  const fieldset = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = model.get("question");
  fieldset.append(legend);
  for (const [value, text] of model.get("options")) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name, value, checked: value === model.get("choice") });
    input.addEventListener("change", () => {
      model.set("choice", value);
      model.save_changes();
    });
    const words = document.createElement("span");
    words.textContent = text;
    label.append(input, words);
    fieldset.append(label);
  }
  const verdict = document.createElement("p");
  verdict.setAttribute("role", "status");
  function refresh() { verdict.textContent = model.get("verdict"); }
  model.on("change:verdict", refresh);
  refresh();
  el.classList.add("mw-question");
  el.append(fieldset, verdict);
  return () => model.off("change:verdict", refresh);
}

export default { render };
