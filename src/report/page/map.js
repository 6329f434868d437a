// The map of all images.
const map = { view: { x: .5, y: .5, pixels: 1 }, whole: null, points: null, nearest: null, lit: null, only: -1, hover: -1 };
const most_names = 40, most_in_legend = 24;

/// Saturated colours that differ most for the largest clusters, then turns of the colour circle.
const first_hues = [205, 25, 135, 340, 265, 50, 180, 0, 300, 85];
const colour_of = (rank, dark) => {
  const hue = rank < first_hues.length ? first_hues[rank] : rank * 137.508 % 360;
  const light = (dark ? 64 : 40) + (rank % 3 - 1) * 5;
  return [hue, dark ? 62 : 66, light];
};
const hsl_bytes = ([hue, saturation, light]) => {
  const a = saturation / 100 * Math.min(light / 100, 1 - light / 100);
  return [0, 8, 4].map(n => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (light / 100 - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
};
const is_dark = () => getComputedStyle(root).colorScheme.includes('dark') &&
  (root.dataset.theme === 'dark' || matchMedia('(prefers-color-scheme: dark)').matches);

/// What points are coloured by: the groups' names, the group of each row, sizes.
const grouping = () => {
  const by_label = find('#map-colour') && find('#map-colour').value === 'label';
  const names = by_label ? ['no label', ...index.classes] : index.clusters.map(cluster => cluster.name);
  const of = by_label ? index.class_of : index.cluster_of;
  const sizes = new Array(names.length).fill(0);
  for (let row = 0; row < index.images; ++row) ++sizes[of[row]];
  const order = names.map((_, group) => group).filter(group => sizes[group]).sort((a, b) => sizes[b] - sizes[a] || a - b);
  return { names, of, sizes, order };
};

let groups = null;
const paint = () => {
  const dark = is_dark(), of = groups.of, bytes = new Uint8Array(4 * index.images);
  const colours = [];
  groups.order.forEach((group, rank) => { colours[group] = hsl_bytes(colour_of(rank, dark)); });
  for (let row = 0; row < index.images; ++row) {
    const [red, green, blue] = colours[of[row]];
    const off = (map.only >= 0 && of[row] !== map.only) || (map.lit && !map.lit[row]);
    bytes[4 * row] = red;
    bytes[4 * row + 1] = green;
    bytes[4 * row + 2] = blue;
    bytes[4 * row + 3] = off ? 28 : 255;
  }
  map.points.colours(bytes);
  show_legend(colours);
  redraw();
};
const show_legend = colours => {
  const entries = groups.order.slice(0, most_in_legend).map(group => make('li', {},
    button(groups.names[group], () => { map.only = map.only === group ? -1 : group; paint(); },
      { 'aria-pressed': String(map.only === group), style: '--dot: rgb(' + colours[group].join(' ') + ')' })));
  if (groups.order.length > most_in_legend) {
    entries.push(make('li', { className: 'quiet', textContent: 'and ' + grouped(groups.order.length - most_in_legend) + ' smaller' }));
  }
  const legend = find('#map-legend'), at = [...legend.querySelectorAll('button')].indexOf(document.activeElement);
  legend.replaceChildren(...entries);
  if (at >= 0) legend.querySelectorAll('button')[at].focus();
};
/// Dims all but these rows; null: none is dimmed.
const highlight_on_map = rows => {
  if (!map.points) return;
  map.lit = rows && new Uint8Array(index.images);
  if (rows) for (const row of rows) map.lit[row] = 1;
  paint();
};

// Where the names of groups stand: at the member nearest to the middle of (up to 2,000) members.
let places = [];
const place_names = () => {
  const sums = groups.names.map(() => ({ x: [], y: [] }));
  const steps = groups.sizes.map(size => Math.max(Math.floor(size / 2000), 1)), seen = groups.sizes.map(() => 0);
  for (let row = 0; row < index.images; ++row) {
    const group = groups.of[row];
    if (seen[group]++ % steps[group] === 0) {
      sums[group].x.push(index.map[2 * row]);
      sums[group].y.push(index.map[2 * row + 1]);
    }
  }
  const median = values => values.sort((a, b) => a - b)[values.length >> 1] / 65535;
  places = groups.order.slice(0, 400).map(group => ({ name: groups.names[group], x: median(sums[group].x), y: median(sums[group].y) }));
};
const show_names = () => {
  const { width, height } = size_of_plot(), taken = [], names = [];
  for (const { name, x, y } of places) {
    const left = (x - map.view.x) * map.view.pixels + width / 2, top = (y - map.view.y) * map.view.pixels + height / 2;
    const half = name.length * 3.6 + 8;
    if (left < half || top < 14 || left > width - half || top > height - 14 || names.length >= most_names) continue;
    if (taken.some(other => Math.abs(other.left - left) < other.half + half && Math.abs(other.top - top) < 20)) continue;
    taken.push({ left, top, half });
    names.push(make('span', { textContent: name, style: 'left:' + left.toFixed(1) + 'px;top:' + top.toFixed(1) + 'px' }));
  }
  find('#map-names').replaceChildren(...names);
};

const plot = find('#plot');
const size_of_plot = () => ({ width: plot.clientWidth, height: plot.clientHeight });
// While the view moves, a slow machine draws every step-th point only, and all of them once it rests.
const most_step = 63, slow_frame = 45, quick_frame = 22;  // WebGL reads no farther; milliseconds
let drawing = 0, step = 1, last_frame = 0, resting = 0;
const redraw = () => { if (!drawing) drawing = requestAnimationFrame(draw_map); };
const moved = () => {
  clearTimeout(resting);
  resting = setTimeout(() => { resting = 0; redraw(); }, 200);
  redraw();
};
const choose_step = now => {
  const took = now - last_frame;
  last_frame = now;
  if (!resting || took > 3000) return;  // the first frame of a movement
  if (took > slow_frame) step = Math.min(step * Math.min(Math.ceil(took / slow_frame), 8), most_step);
  else if (took < quick_frame) step = Math.max(step >> 1, 1);
};
const draw_map = now => {
  drawing = 0;
  choose_step(now);
  const ratio = devicePixelRatio || 1, canvas = find('#map-canvas');
  const zoom = map.view.pixels / map.whole.pixels;
  const usual = Math.min(Math.max(260 / Math.sqrt(index.images), 1.6), 9);
  const size = Math.min(usual * Math.pow(zoom, .4), 14) * ratio;
  map.points.draw({ ...map.view, pixels: map.view.pixels * ratio }, size, index.images > 200000 && zoom < 4 ? .55 : .85, resting ? step : 1);
  show_names();
  find('#map-state').textContent = (zoom > 1.01 ? 'Zoom ' + (zoom < 10 ? zoom.toFixed(1) : Math.round(zoom)) + ' × ' : '') + map.points.kind.replace('WebGL', '');
  canvas.dataset.frames = Number(canvas.dataset.frames || 0) + 1;
};
const fit = () => {
  let right = 0, bottom = 0;
  for (let i = 0; i < index.map.length; i += 2) {
    right = Math.max(right, index.map[i]);
    bottom = Math.max(bottom, index.map[i + 1]);
  }
  const { width, height } = size_of_plot(), x = right / 65535 || 1, y = bottom / 65535 || 1;
  return { x: x / 2, y: y / 2, pixels: .92 * Math.min(width / x, height / y) };
};
const resize = () => {
  const { width, height } = size_of_plot(), ratio = devicePixelRatio || 1;
  if (!width || !height) return;
  for (const canvas of plot.querySelectorAll('canvas')) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const zoom = map.whole ? map.view.pixels / map.whole.pixels : 1;
  map.whole = fit();
  if (zoom <= 1.01) map.view = { ...map.whole }; else map.view.pixels = zoom * map.whole.pixels;
  redraw();
};
const to_map = (left, top) => {
  const { width, height } = size_of_plot();
  return { x: map.view.x + (left - width / 2) / map.view.pixels, y: map.view.y + (top - height / 2) / map.view.pixels };
};
const zoom_at = (factor, left, top) => {
  const before = to_map(left, top);
  map.view.pixels = Math.min(Math.max(map.view.pixels * factor, map.whole.pixels * .5), map.whole.pixels * 4000);
  const after = to_map(left, top);
  map.view.x += before.x - after.x;
  map.view.y += before.y - after.y;
  hide_card();
  moved();
};
const zoom_middle = factor => { const { width, height } = size_of_plot(); zoom_at(factor, width / 2, height / 2); };
const row_at = (left, top, reach = 12) => {
  const { x, y } = to_map(left, top);
  return map.nearest(x, y, reach / map.view.pixels);
};

// The small card beside a point.
const hide_card = () => { map.hover = -1; find('#map-card').hidden = true; find('#map-over').getContext('2d').clearRect(0, 0, 1e5, 1e5); };
const show_card = async (row, spoken = false) => {
  if (row === map.hover) return;
  hide_card();
  if (row < 0) return;
  map.hover = row;
  const picture = await picture_of(row).catch(() => null);
  if (map.hover !== row || !picture) return;
  const card = find('#map-card'), { width, height } = size_of_plot(), ratio = devicePixelRatio || 1;
  const name = file_name(picture.path), cluster = index.clusters[index.cluster_of[row]].name;
  const label = index.classes && index.class_of[row] ? 'label: ' + index.classes[index.class_of[row] - 1] : '';
  card.replaceChildren(...(picture.source ? [make('img', { alt: '', src: picture.source })] : []),
    make('strong', { textContent: cluster }), ...[name, picture.words, label].filter(Boolean).map(text => make('span', { textContent: text })));
  card.hidden = false;
  const left = (index.map[2 * row] / 65535 - map.view.x) * map.view.pixels + width / 2;
  const top = (index.map[2 * row + 1] / 65535 - map.view.y) * map.view.pixels + height / 2;
  card.style.left = Math.min(Math.max(left + 14 + card.offsetWidth > width ? left - 14 - card.offsetWidth : left + 14, 4), Math.max(width - card.offsetWidth - 4, 4)) + 'px';
  card.style.top = Math.min(Math.max(top - card.offsetHeight / 2, 4), Math.max(height - card.offsetHeight - 4, 4)) + 'px';
  const over = find('#map-over').getContext('2d');
  over.lineWidth = 2 * ratio;
  over.strokeStyle = getComputedStyle(root).getPropertyValue('--ink');
  over.beginPath();
  over.arc(left * ratio, top * ratio, 7 * ratio, 0, 2 * Math.PI);
  over.stroke();
  if (spoken) find('#map-said').textContent = name + ', ' + cluster + (picture.words ? ', ' + picture.words : '');
};
const open_row = row => {
  if (row >= 0) open_lightbox(members_of(index.cluster_of[row]), row, index.clusters[index.cluster_of[row]].name);
};

/// Rows inside a polygon of [x, y] in units of the map (even-odd rule).
const rows_inside = polygon => {
  const rows = [], xs = polygon.map(p => p[0]), ys = polygon.map(p => p[1]);
  const low = [Math.min(...xs), Math.min(...ys)], high = [Math.max(...xs), Math.max(...ys)];
  for (let row = 0; row < index.images; ++row) {
    const x = index.map[2 * row] / 65535, y = index.map[2 * row + 1] / 65535;
    if (x < low[0] || y < low[1] || x > high[0] || y > high[1]) continue;
    let inside = false;
    for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
      const [ax, ay] = polygon[i], [bx, by] = polygon[j];
      if (ay > y !== by > y && x < (bx - ax) * (y - ay) / (by - ay) + ax) inside = !inside;
    }
    if (inside) rows.push(row);
  }
  return rows;
};
const take_lasso = polygon => {
  find('#map-over').getContext('2d').clearRect(0, 0, 1e5, 1e5);
  const rows = polygon.length > 2 ? rows_inside(polygon) : [];
  find('#map-said').textContent = counted(rows.length, 'image', 'images') + ' selected';
  if (!rows.length) return;
  find('#map-lasso').setAttribute('aria-pressed', 'false');
  plot.classList.remove('lasso');
  open_browser('Selection', rows, { selected: true });
};
