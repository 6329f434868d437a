// What is known of the images: from the page itself, or from files in report/ that are loaded when they are needed.
// Files are scripts, because a page that was opened from disk may load nothing else.
const is_live = location.protocol === 'http:';  // `ilk view` serves it
const handed = new Map();
window.ilk_take = (kind, number, value) => {
  const take = handed.get(kind + ' ' + number);
  if (take) take(value);
};
const load_script = (kind, number, source) => new Promise((resolve, reject) => {
  const script = make('script', { src: source });
  const end = () => { script.remove(); handed.delete(kind + ' ' + number); reject(new Error(source + ' is not there')); };
  handed.set(kind + ' ' + number, resolve);
  script.onload = script.onerror = end;  // a rejection after the value is none
  document.head.append(script);
});

const unpack = (text, Type) => {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; ++i) bytes[i] = raw.charCodeAt(i);
  return new Type(bytes.buffer);
};

let index = null;  // none: the page knows no images but those it shows
const take_index = json => {
  index = { ...json, cluster_of: unpack(json.cluster_of, Uint32Array), score_of: unpack(json.score_of, Uint16Array) };
  if (json.place_of) index.place_of = unpack(json.place_of, Uint32Array);
  if (json.map) index.map = unpack(json.map, Uint16Array);
  if (json.class_of) index.class_of = unpack(json.class_of, Uint32Array);
};
const load_index = async () => {
  const inside = find('#index');
  if (inside) take_index(JSON.parse(inside.textContent));
  else if (find('#browser')) take_index(await load_script('index', 0, 'report/index.js'));
};
const score_of = row => index.score_of[row] / 65535 * 2 - 1;

// Rows of each cluster, best score first.
let member_lists = null;
const members_of = cluster => {
  if (!member_lists) {
    member_lists = index.clusters.map(() => ({ rows: [], sorted: false }));
    for (let row = 0; row < index.images; ++row) member_lists[index.cluster_of[row]].rows.push(row);
  }
  const list = member_lists[cluster], score = index.score_of;
  if (!list.sorted) list.rows.sort((a, b) => score[b] - score[a] || a - b);
  list.sorted = true;
  return list.rows;
};

// A picture: { row, path, words, source } with a source for <img>, empty where there is no thumbnail.
const shown_items = new Map();
for (const item of document.querySelectorAll('[data-row]')) {
  const row = Number(item.dataset.row);
  if (!shown_items.has(row)) shown_items.set(row, item);
}
const picture_in_page = row => {
  const item = shown_items.get(row);
  if (!item) return null;
  const link = find('a', item), image = find('img', item);
  return {
    row, path: link ? link.title : item.title || find('.path', item).textContent,
    words: item.dataset.words || '', source: image ? image.src : '',
  };
};

const most_files_held = 96;
const picture_files = new Map();  // number: promise; the last used at the end
const picture_file = number => {
  let file = picture_files.get(number);
  picture_files.delete(number);
  if (!file) {
    file = load_script('pictures', number, 'report/pictures/' + String(number).padStart(6, '0') + '.js');
    file.catch(() => picture_files.delete(number));
    if (picture_files.size >= most_files_held) picture_files.delete(picture_files.keys().next().value);
  }
  picture_files.set(number, file);
  return file;
};
const picture_of = async row => {
  if (!index.beside) return picture_in_page(row);
  const place = index.place_of[row];
  const file = await picture_file(Math.floor(place / index.pictures_per_file));
  const [path, words, jpeg] = file[place % index.pictures_per_file];
  return { row, path, words, source: jpeg ? 'data:image/jpeg;base64,' + jpeg : '' };
};

/// The address of the image's own file; empty where it has none.
const original_of = picture => {
  if (!index.pictures) return '';
  if (is_live) return 'original/' + picture.row;
  if (!index.files) return '';
  const path = picture.path.startsWith('/') || !index.base ? picture.path : index.base.replace(/\/?$/, '/') + picture.path;
  return path.replace(/^\/+/, '/').split('/').map(encodeURIComponent).join('/');
};
