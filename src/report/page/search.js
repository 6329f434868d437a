// Search over all images by file name and word, beside the filter of the clusters.
const name_files = new Map();  // number: promise of { folded, starts }
const names_of = number => {
  if (!name_files.has(number)) {
    const lines = index.beside
      ? load_script('names', number, 'report/names/' + String(number).padStart(6, '0') + '.js')
      : Promise.resolve(Array.from({ length: index.images }, (_, row) => {
        const picture = picture_in_page(row);
        return picture ? picture.path + '\t' + picture.words : '';
      }).join('\n'));
    name_files.set(number, lines.then(text => fold(text)));
  }
  return name_files.get(number);
};

/// Rows of `folded` lines that have all words: the longest word is looked for, the others in its lines.
const matching_lines = (folded, words) => {
  const [longest, ...others] = [...words].sort((a, b) => b.length - a.length);
  const hits = [];
  let line = 0, counted_to = 0;
  for (let at = folded.indexOf(longest); at >= 0; at = folded.indexOf(longest, at)) {
    const begin = folded.lastIndexOf('\n', at) + 1;
    let end = folded.indexOf('\n', at);
    if (end < 0) end = folded.length;
    for (let i = folded.indexOf('\n', counted_to); i >= 0 && i < begin; i = folded.indexOf('\n', i + 1)) ++line;
    counted_to = begin;
    const text = folded.slice(begin, end);
    if (others.every(word => text.includes(word))) hits.push(line);
    at = end;
  }
  return hits;
};

let search_turn = 0;
/// Rows of the images whose path, words or cluster's name have all of these words.
const search_images = async (words, said, turn) => {
  const rows = [], per_file = index.beside ? index.names_per_file : index.images;
  const named = index.clusters.map(cluster => words.every(word => fold(cluster.name).includes(word)));
  const files = Math.ceil(index.images / per_file);
  for (let number = 0; number < files; ++number) {
    const lines = matching_lines(await names_of(number), words);
    if (turn !== search_turn) return null;
    for (const line of lines) rows.push(number * per_file + line);
    if (number % 16 === 15) said(rows.length, false);
  }
  if (!named.some(Boolean)) return rows;
  const found = new Set(rows);
  for (let row = 0; row < index.images; ++row) if (named[index.cluster_of[row]]) found.add(row);
  return [...found].sort((a, b) => a - b);
};

const start_search = () => {
  const found = find('#found');
  let hits = [], waiting = 0;
  const forget = () => { found.hidden = true; highlight_on_map(null); };
  const search = async () => {
    const turn = ++search_turn, text = filter.value.trim();
    const words = fold(text).split(/\s+/).filter(Boolean);
    if (!words.length) return forget();
    const said = (number, whole) => {
      found.hidden = false;
      found.disabled = number === 0;
      found.textContent = (whole ? '' : 'at least ') + counted(number, 'image', 'images');
    };
    const rows = await search_images(words, said, turn).catch(() => []);
    if (!rows) return;
    hits = rows;
    said(hits.length, true);
    highlight_on_map(hits);
  };
  filter.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 120);
  });
  found.addEventListener('click', () => open_browser('Found: ' + filter.value.trim(), hits));
  if (filter.value) search();
};
