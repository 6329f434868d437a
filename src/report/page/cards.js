// The clusters: order, filter, and what they show after an edit.
const box = find('#cards');
let cards = [];
const card_of = element => ({
  element,
  index: Number(element.id.slice('cluster-'.length)),
  name: find('h3', element).textContent,
  words: [...element.querySelectorAll('h3, .caption, .nouns bdi, .more-nouns bdi, .details dd')]
    .map(each => fold(each.textContent)).join('\n'),
  size: Number(element.dataset.size),
  density: Number(element.dataset.density.replace('−', '-')) || -2,
});
const filter = find('#filter'), sort = find('#sort'), shown = find('#shown');

const apply_filter = () => {
  const wanted = fold(filter.value).split(/\s+/).filter(Boolean);
  let visible = 0;
  for (const card of cards) {
    const hit = !card.gone && wanted.every(word => card.words.includes(word));
    card.element.hidden = !hit;
    visible += hit;
  }
  const all = counted(cards.filter(card => !card.gone).length, 'cluster', 'clusters');
  shown.value = wanted.length ? grouped(visible) + ' of ' + all : all;
};
const collator = new Intl.Collator(undefined, { numeric: true });
const orders = {
  largest: (a, b) => b.size - a.size, smallest: (a, b) => a.size - b.size,
  densest: (a, b) => b.density - a.density, loosest: (a, b) => a.density - b.density,
  name: (a, b) => collator.compare(a.name, b.name), number: (a, b) => a.index - b.index,
};
const apply_order = () => {
  cards.sort((a, b) => orders[sort.value](a, b) || a.index - b.index);
  box.append(...cards.map(card => card.element));
};
const clear_filter = () => { filter.value = ''; filter.dispatchEvent(new Event('input')); };

const start_cards = () => {
  cards = [...box.children].map(card_of);
  filter.addEventListener('input', apply_filter);
  filter.addEventListener('keydown', event => { if (event.key === 'Escape') clear_filter(); });
  sort.addEventListener('change', apply_order);
  // A browser may bring back what was typed before the page was loaded again.
  apply_filter();
  if (sort.value !== 'largest') apply_order();
  document.addEventListener('keydown', event => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName) || find('dialog[open]')) return;
    event.preventDefault();
    filter.focus();
  });
  for (const link of document.querySelectorAll('.overview a')) {
    link.addEventListener('click', () => {
      const target = document.getElementById(link.hash.slice(1));
      if (target && target.hidden) clear_filter();
    });
  }
  box.addEventListener('click', event => {
    const card = event.target.closest('article');
    if (!index || !card) return;
    const cluster = Number(card.id.slice('cluster-'.length)), name = index.clusters[cluster].name;
    const item = event.target.closest('.gallery a') && event.target.closest('[data-row]');
    if (event.target.closest('.all')) open_browser(name, members_of(cluster), { of_one: true });
    if (!item || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open_lightbox(members_of(cluster), Number(item.dataset.row), name);
  });
};

/// Makes a card show what its cluster is now; a new cluster gets a card of its own.
const refresh_card = async cluster => {
  let card = cards.find(each => each.index === cluster);
  const { name, merged_into } = index.clusters[cluster], rows = members_of(cluster);
  if (!card) {
    const element = make('article', { id: 'cluster-' + cluster, 'data-size': 0, 'data-density': 0, 'aria-labelledby': 'name-' + cluster },
      make('div', { className: 'words' }, make('h3', { id: 'name-' + cluster }), make('p', { className: 'size' }, make('span'))),
      make('div', { className: 'shown' }, make('ul', { className: 'gallery' }), make('p', { className: 'rest' })));
    box.append(element);
    card = card_of(element);
    cards.push(card);
    add_card_edit(card);
  }
  card.name = name;
  card.size = rows.length;
  card.gone = merged_into !== undefined || rows.length === 0;
  card.words = fold(name) + '\n' + card.words;
  find('h3', card.element).textContent = name;
  find('.size span', card.element).textContent = counted(rows.length, 'image', 'images');
  const gallery = find('.gallery', card.element), rest = find('.rest', card.element);
  if (gallery) {
    const pictures = await Promise.all(rows.slice(0, 24).map(row => picture_of(row).catch(() => null)));
    gallery.replaceChildren(...pictures.filter(Boolean).map(gallery_item));
  }
  if (rest) {
    rest.replaceChildren(button('Show all ' + grouped(rows.length), () => {}, { className: 'all' }));
  }
  const entry = find('.overview a[href="#cluster-' + cluster + '"]');
  if (entry) {
    find('.name', entry).textContent = name;
    find('.size', entry).textContent = grouped(rows.length);
    entry.parentElement.hidden = card.gone;
  }
};
const gallery_item = picture => {
  const name = file_name(picture.path);
  if (!picture.source) {
    return make('li', { className: 'missing', title: picture.path, 'data-row': picture.row }, make('span', { textContent: name }));
  }
  const image = make('img', { alt: name, src: picture.source });
  const item = make('li', { 'data-row': picture.row, 'data-words': picture.words },
    make('a', { href: original_of(picture) || '#cards', title: picture.path }, image));
  image.addEventListener('load', () => {
    item.style.setProperty('--a', Math.min(Math.max(image.naturalWidth / image.naturalHeight, .6), 2.4));
  });
  return item;
};
