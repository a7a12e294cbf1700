// Draws a matplotlib figure: the background is a picture, what moves comes as points in its pixels.

// Put a polyline on a path; NaN lifts the pen.
function trace(path, points, from, to) {
  let down = false;
  for (let i = from; i < to; i++) {
    const x = points[2 * i], y = points[2 * i + 1];
    if (Number.isNaN(x)) { down = false; continue; }
    if (down) path.lineTo(x, y); else path.moveTo(x, y);
    down = true;
  }
  return path;
}

function paint(context, stroke, path) {
  if (stroke.fill) { context.fillStyle = stroke.fill; context.fill(path); }
  if (stroke.stroke) { context.strokeStyle = stroke.stroke; context.stroke(path); }
}

function draw(context, strokes, points) {
  let at = 0;
  for (const stroke of strokes) {
    context.save();
    if (stroke.clip) { context.beginPath(); context.rect(...stroke.clip); context.clip(); }
    context.lineWidth = stroke.width;
    context.setLineDash(stroke.dashes);
    context.lineDashOffset = stroke.offset;
    context.lineCap = stroke.cap;
    context.lineJoin = stroke.join;
    const first = at + stroke.marker, end = first + stroke.count;
    if (stroke.marker) {
      const shape = trace(new Path2D(), points, at, first);
      for (let i = first; i < end; i++) {
        context.setTransform(1, 0, 0, 1, points[2 * i], points[2 * i + 1]);
        paint(context, stroke, shape);
      }
    } else {
      paint(context, stroke, trace(new Path2D(), points, first, end));
    }
    at = end;
    context.restore();
  }
}

function render({ model, el }) {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.style.cssText = "display: block; width: 100%; height: auto;";
  const caption = document.createElement("figcaption");
  caption.textContent = model.get("caption");
  const figure = document.createElement("figure");
  figure.style.margin = "0";
  figure.append(canvas);
  if (caption.textContent) figure.append(caption);
  el.classList.add("mw-live");
  el.append(figure);
  const context = canvas.getContext("2d");
  let picture = null, source = null, asked = false, frames = 0;

  async function refresh() {
    asked = false;
    const background = model.get("background");
    if (background !== source) {
      source = background;
      const next = await createImageBitmap(new Blob([background], { type: "image/png" }));
      if (source !== background) return; // a newer one is on its way
      picture?.close();
      picture = next;
      canvas.width = picture.width;
      canvas.height = picture.height;
    }
    if (!picture) return;
    const view = model.get("points");
    const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
    context.drawImage(picture, 0, 0);
    draw(context, model.get("strokes"), new Float32Array(bytes));
    canvas.setAttribute("aria-label", model.get("alt"));
    canvas.dataset.frames = ++frames;
  }
  function ask() {
    if (!asked) { asked = true; requestAnimationFrame(refresh); }
  }
  const changes = "change:background change:strokes change:points change:alt";
  model.on(changes, ask);

  const watch = new ResizeObserver(() => {
    const width = Math.round(el.clientWidth);
    if (width > 0 && width !== Math.round(model.get("width"))) {
      model.set("width", width);
      model.save_changes();
    }
  });
  watch.observe(el);
  ask();
  return () => { watch.disconnect(); model.off(changes, ask); picture?.close(); };
}

export default { render };
