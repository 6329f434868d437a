// A list of images in pages: of a cluster, of a search, of a selection on the map, of what `ilk inspect` found.
const browser = find('#browser');
const pictures_per_page = 60;
const listed = { title: '', rows: [], notes: null, page: 0, shown: -1, selected: new Set(), turn: 0 };

const select_row = (row, on) => {
  if (on) listed.selected.add(row); else listed.selected.delete(row);
  show_selection();
};
const show_selection = () => {
  for (const box of browser.querySelectorAll('#browser-list input')) {
    box.checked = listed.selected.has(Number(box.value));
  }
  update_edit_tools();
};

/// An item of a list: picture, name, words; with a box to select it.
const list_item = (picture, note) => {
  const open = event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open_lightbox(listed.rows, picture.row, listed.title);
  };
  const name = file_name(picture.path);
  const link = make('a', { href: original_of(picture) || '#browser', title: picture.path },
    picture.source ? make('img', { alt: name, src: picture.source, decoding: 'async' })
      : make('span', { className: 'none', textContent: 'no picture' }));
  link.addEventListener('click', open);
  const box = make('input', { type: 'checkbox', value: picture.row, checked: listed.selected.has(picture.row) });
  box.addEventListener('change', () => select_row(picture.row, box.checked));
  const cluster = listed.of_one ? '' : index.clusters[index.cluster_of[picture.row]].name;
  return make('li', {}, link, make('label', {}, box, make('bdi', { className: 'path', textContent: name })),
    ...[note, cluster, picture.words].filter(Boolean).map(textContent => make('span', { className: 'quiet', textContent })));
};

const page_total = () => Math.max(Math.ceil(listed.rows.length / pictures_per_page), 1);
const show_page = async page => {
  const turn = ++listed.turn;
  listed.page = Math.min(Math.max(page, 0), page_total() - 1);
  const rows = listed.rows.slice(listed.page * pictures_per_page, (listed.page + 1) * pictures_per_page);
  find('#page-number').value = listed.page + 1;
  find('#page-number').max = page_total();
  find('#page-count').textContent = 'of ' + grouped(page_total());
  for (const id of ['#first-page', '#previous-page']) find(id).disabled = listed.page === 0;
  for (const id of ['#next-page', '#last-page']) find(id).disabled = listed.page === page_total() - 1;
  find('.pager', browser).hidden = page_total() === 1;
  const pictures = await Promise.all(rows.map(row => picture_of(row).catch(() => null)));
  if (turn !== listed.turn) return;
  const items = pictures.map((picture, i) => picture ? list_item(picture, listed.notes && listed.notes.get(rows[i]))
    : make('li', {}, make('span', { className: 'none', textContent: 'not there' })));
  find('#browser-list').replaceChildren(...items);
  find('#browser-list').scrollTop = 0;
  listed.shown = listed.page;
};

/// Opens a list of rows. `notes` says something of rows; `selected`: all are selected at first; `of_one`: all are of
/// one cluster, whose name is the title.
const open_browser = (title, rows, { notes = null, selected = false, of_one = false } = {}) => {
  Object.assign(listed, { title, rows, notes, of_one, shown: -1, selected: new Set(selected ? rows : []) });
  find('#browser-title').replaceChildren(title + ' ',
    make('span', { className: 'quiet', textContent: counted(rows.length, 'image', 'images') }));
  make_edit_tools();
  if (!browser.open) browser.showModal();
  show_page(0);
};

const start_browser = () => {
  find('#browser-close').addEventListener('click', () => browser.close());
  find('#first-page').addEventListener('click', () => show_page(0));
  find('#previous-page').addEventListener('click', () => show_page(listed.page - 1));
  find('#next-page').addEventListener('click', () => show_page(listed.page + 1));
  find('#last-page').addEventListener('click', () => show_page(page_total() - 1));
  find('#page-number').addEventListener('change', event => show_page(Number(event.target.value) - 1));
  browser.addEventListener('keydown', event => {
    if (/^(INPUT|SELECT)$/.test(event.target.tagName) && event.target.type !== 'checkbox') return;
    const steps = { PageUp: listed.page - 1, PageDown: listed.page + 1, Home: 0, End: page_total() - 1 };
    if (event.key in steps) { event.preventDefault(); show_page(steps[event.key]); }
  });
  browser.addEventListener('close', () => find('#browser-list').replaceChildren());
};
