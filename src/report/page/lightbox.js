// The large view: first the small picture, then the file itself, where the browser may and can show it.
const lightbox = find('#lightbox');
const stage = find('.stage', lightbox), large = find('img', lightbox), about = find('.about', lightbox);
let shown_rows = [], shown_title = '', shown_at = 0, shown_turn = 0, shown_wait = 0, shown_from = null;

// What stays on the stage is at most doubled, or it would blur.
const settle = image => {
  large.src = image.src;
  large.style.maxWidth = 2 * image.naturalWidth + 'px';
  large.style.maxHeight = 2 * image.naturalHeight + 'px';
};
const load_large = async (picture, turn) => {
  const address = original_of(picture);
  for (const source of [address, picture.source].filter(Boolean)) {
    const image = new Image();
    image.src = source;
    try {
      await image.decode();
    } catch {
      continue;  // a file that is gone, or of a format that browsers do not know
    }
    if (turn === shown_turn && lightbox.open) settle(image);
    return;
  }
};
const show_picture = async at => {
  shown_at = (at + shown_rows.length) % shown_rows.length;
  const turn = ++shown_turn;
  const picture = await picture_of(shown_rows[shown_at]);
  if (turn !== shown_turn || !picture) return;
  large.style.maxWidth = large.style.maxHeight = '';
  large.src = picture.source || 'data:,';
  large.alt = file_name(picture.path);
  find('.of', about).textContent = shown_title + ', ' + grouped(shown_at + 1) + ' of ' + grouped(shown_rows.length);
  find('.path', about).textContent = picture.path;
  find('.own-words', about).textContent = picture.words;
  find('.similarity', about).textContent = 'score ' + score_of(picture.row).toFixed(3);
  const link = find('a', about), address = original_of(picture);
  link.hidden = !address;
  if (address) link.href = address;
  for (const each of lightbox.querySelectorAll('.previous, .next')) each.hidden = shown_rows.length < 2;
  clearTimeout(shown_wait);
  shown_wait = setTimeout(load_large, 150, picture, turn);
};
/// Opens the pictures in these rows at one of them.
const open_lightbox = (rows, row, title) => {
  shown_rows = rows;
  shown_title = title;
  shown_from = document.activeElement;
  lightbox.showModal();
  show_picture(Math.max(rows.indexOf(row), 0));
};

find('.previous', lightbox).addEventListener('click', () => show_picture(shown_at - 1));
find('.next', lightbox).addEventListener('click', () => show_picture(shown_at + 1));
find('.close', lightbox).addEventListener('click', () => lightbox.close());
stage.addEventListener('click', event => { if (event.target === stage) lightbox.close(); });
lightbox.addEventListener('keydown', event => {
  const steps = { ArrowLeft: shown_at - 1, ArrowRight: shown_at + 1, Home: 0, End: shown_rows.length - 1 };
  if (event.key in steps) { event.preventDefault(); show_picture(steps[event.key]); }
});
let touched = null;
stage.addEventListener('touchstart', event => {
  touched = event.touches.length === 1 ? event.touches[0].clientX : null;
}, { passive: true });
stage.addEventListener('touchend', event => {
  if (touched === null) return;
  const moved = event.changedTouches[0].clientX - touched;
  if (Math.abs(moved) > 40) show_picture(shown_at + (moved < 0 ? 1 : -1));
  touched = null;
});
lightbox.addEventListener('close', () => {
  clearTimeout(shown_wait);
  ++shown_turn;
  large.src = 'data:,';
  if (shown_from) shown_from.focus();
});
