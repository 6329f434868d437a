// Pointer, wheel and keyboard over the map.
const pointers = new Map();
let lasso = null, dragged = false, waiting_hover = 0;

const place_of = event => {
  const frame = plot.getBoundingClientRect();
  return [event.clientX - frame.left, event.clientY - frame.top];
};
const draw_lasso = () => {
  const over = find('#map-over').getContext('2d'), ratio = devicePixelRatio || 1;
  over.clearRect(0, 0, 1e5, 1e5);
  over.strokeStyle = getComputedStyle(root).getPropertyValue('--accent');
  over.lineWidth = 2 * ratio;
  over.setLineDash([6 * ratio, 4 * ratio]);
  over.beginPath();
  lasso.forEach(([left, top], i) => over[i ? 'lineTo' : 'moveTo'](left * ratio, top * ratio));
  over.closePath();
  over.stroke();
  over.setLineDash([]);
};
const pan = (dx, dy) => {
  map.view.x -= dx / map.view.pixels;
  map.view.y -= dy / map.view.pixels;
  moved();
};

const pointer_down = event => {
  if (event.button !== 0) return;
  plot.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, place_of(event));
  dragged = pointers.size > 1;
  hide_card();
  const selecting = find('#map-lasso').getAttribute('aria-pressed') === 'true' || event.shiftKey;
  lasso = selecting && pointers.size === 1 ? [place_of(event)] : null;
};
const pointer_move = event => {
  const now = place_of(event), before = pointers.get(event.pointerId);
  if (!before) {
    clearTimeout(waiting_hover);
    const row = row_at(...now);
    plot.style.cursor = row >= 0 ? 'pointer' : '';
    if (row < 0) hide_card();
    else waiting_hover = setTimeout(show_card, index.beside ? 50 : 0, row);
    return;
  }
  const dx = now[0] - before[0], dy = now[1] - before[1];
  if (Math.hypot(dx, dy) < 4 && !dragged && !lasso) return;
  dragged = true;
  if (lasso) {
    lasso.push(now);
    draw_lasso();
  } else if (pointers.size === 2) {
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
    const length = from => Math.hypot(from[0] - other[0], from[1] - other[1]);
    pan(dx / 2, dy / 2);
    zoom_at(length(now) / Math.max(length(before), 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  } else {
    pan(dx, dy);
  }
  pointers.set(event.pointerId, now);
};
const pointer_up = event => {
  if (!pointers.delete(event.pointerId)) return;
  if (lasso) {
    const polygon = lasso.map(([left, top]) => { const { x, y } = to_map(left, top); return [x, y]; });
    lasso = null;
    take_lasso(polygon);
  } else if (!dragged && event.type === 'pointerup') {
    const row = row_at(...place_of(event));
    // A finger has no hover: the first touch shows the card, the second opens the picture.
    if (event.pointerType === 'mouse' || row === map.hover) open_row(row); else show_card(row);
  }
};
/// The row nearest to the middle, however far.
const middle_row = () => {
  const { width, height } = size_of_plot();
  for (let reach = 60; reach < 1e6; reach *= 4) {
    const row = row_at(width / 2, height / 2, reach);
    if (row >= 0) return row;
  }
  return -1;
};
const key_down = event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = 60;
  const actions = {
    ArrowLeft: () => pan(step, 0), ArrowRight: () => pan(-step, 0), ArrowUp: () => pan(0, step), ArrowDown: () => pan(0, -step),
    '+': () => zoom_middle(1.5), '=': () => zoom_middle(1.5), '-': () => zoom_middle(1 / 1.5),
    0: () => { map.view = { ...map.whole }; redraw(); },
    Enter: () => open_row(middle_row()), Escape: hide_card,
  };
  if (!(event.key in actions)) return;
  event.preventDefault();
  actions[event.key]();
  if (!/Enter|Escape/.test(event.key)) show_card(middle_row(), true);
};

const start_map = () => {
  if (!plot || !index.map) return;
  const canvas = find('#map-canvas');
  map.points = gl_points(canvas, index.map);
  if (!map.points) {
    // A canvas that was asked for WebGL gives nothing else.
    const plain = canvas.cloneNode();
    canvas.replaceWith(plain);
    map.points = plain_canvas_points(plain, index.map);
  }
  map.nearest = grid_of(index.map);
  const regroup = () => { map.only = -1; groups = grouping(); place_names(); paint(); };
  resize();
  regroup();
  new ResizeObserver(resize).observe(plot);
  theme_watchers.push(paint);
  document.addEventListener('ilk-edited', regroup);
  if (find('#map-colour')) find('#map-colour').addEventListener('change', regroup);
  plot.addEventListener('pointerdown', pointer_down);
  plot.addEventListener('pointermove', pointer_move);
  plot.addEventListener('pointerup', pointer_up);
  plot.addEventListener('pointercancel', pointer_up);
  plot.addEventListener('pointerleave', () => { clearTimeout(waiting_hover); if (!pointers.size) hide_card(); });
  plot.addEventListener('wheel', event => {
    event.preventDefault();
    zoom_at(Math.exp(-event.deltaY * (event.deltaMode ? .05 : .0015)), ...place_of(event));
  }, { passive: false });
  find('#map-canvas').addEventListener('keydown', key_down);
  find('#map-in').addEventListener('click', () => zoom_middle(1.6));
  find('#map-out').addEventListener('click', () => zoom_middle(1 / 1.6));
  find('#map-whole').addEventListener('click', () => { map.view = { ...map.whole }; hide_card(); redraw(); });
  find('#map-lasso').addEventListener('click', event => {
    const on = event.target.getAttribute('aria-pressed') !== 'true';
    event.target.setAttribute('aria-pressed', String(on));
    plot.classList.toggle('lasso', on);
  });
};
