// The canvas of nascourse/views/draw.py: a grid of pixels, drawn on by pointer or by keyboard.
function render({ model, el }) {
  const [rows, columns] = [model.get("rows"), model.get("columns")];
  const cell = Math.max(4, Math.floor(280 / Math.max(rows, columns)));
  const ink = new Float32Array(rows * columns);
  let pen = [columns / 2, rows / 2], down = false, keyboard = false;

  const canvas = document.createElement("canvas");
  canvas.width = columns * cell;
  canvas.height = rows * cell;
  canvas.tabIndex = 0;
  canvas.style.cssText = "touch-action: none; border: 1px solid #888; cursor: crosshair";
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Canvas to draw on: arrow keys move the pen, the space bar " +
    "puts it down and lifts it, Escape wipes the canvas. What is read stands beside it.");
  const context = canvas.getContext("2d");

  function show() {
    for (let at = 0; at < ink.length; at++) {
      const gray = Math.round(ink[at]);
      context.fillStyle = `rgb(${gray}, ${gray}, ${gray})`;
      context.fillRect((at % columns) * cell, Math.floor(at / columns) * cell, cell, cell);
    }
    if (keyboard) {
      context.strokeStyle = down ? "#E69F00" : "#56B4E9";
      context.lineWidth = 2;
      context.strokeRect((pen[0] - 0.5) * cell, (pen[1] - 0.5) * cell, cell, cell);
    }
  }
  function dab() {
    const width = Math.max(rows, columns) / 28;
    for (let at = 0; at < ink.length; at++) {
      const x = (at % columns) + 0.5 - pen[0], y = Math.floor(at / columns) + 0.5 - pen[1];
      ink[at] = Math.max(ink[at], 255 * Math.min(1, Math.max(0, 1.7 - Math.hypot(x, y) / width)));
    }
  }
  function move(x, y) {
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(x - pen[0], y - pen[1])));
    const [fromX, fromY] = pen;
    for (let step = 1; step <= steps; step++) {
      pen = [fromX + ((x - fromX) * step) / steps, fromY + ((y - fromY) * step) / steps];
      if (down) dab();
    }
    show();
  }
  function send() {
    model.set("ink", Array.from(ink, Math.round));
    model.save_changes();
  }
  function wipe() {
    ink.fill(0);
    [pen, down] = [[columns / 2, rows / 2], false];
    show();
    send();
  }
  const place = (event) => [event.offsetX / cell, event.offsetY / cell];
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    [keyboard, down, pen] = [false, true, place(event)];
    move(...pen);
  };
  canvas.onpointermove = (event) => { if (down && !keyboard) move(...place(event)); };
  canvas.onpointerup = () => { down = false; send(); };
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step && event.key !== " " && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    keyboard = true;
    if (event.key === "Escape") return wipe();
    if (event.key === " ") down = !down;
    const [x, y] = step || [0, 0];
    move(Math.min(columns, Math.max(0, pen[0] + x)), Math.min(rows, Math.max(0, pen[1] + y)));
    if (down) send();
  };
  model.on("change:wiped", wipe);
  el.appendChild(canvas);
  show();
}
export default { render };
