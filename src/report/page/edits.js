// Edits: a command to copy, or, where `ilk view` serves the page, one click.
const shell_word = text => text !== '' && !/[\s"'\\$`*?[\]{}()<>|&;#~!]/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";
const command_of = words => ['ilk', 'edit', index.run, ...words].map(shell_word).join(' ');
const most_in_command = 100;

const copy = async (text, from) => {
  const before = from.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages opened from disk may not be given the clipboard.
    const area = make('textarea', { value: text });
    from.after(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  from.textContent = 'Copied';
  setTimeout(() => { from.textContent = before; }, 1200);
};

/// What `ilk view` answers to an edit: the clusters as they are now.
const apply_state = state => {
  const before = index.cluster_of, clusters_before = index.clusters;
  index.cluster_of = unpack(state.cluster_of, Uint32Array);
  index.clusters = state.clusters;
  member_lists = null;
  const changed = new Set();
  for (let row = 0; row < index.images; ++row) {
    if (before[row] !== index.cluster_of[row]) changed.add(before[row]).add(index.cluster_of[row]);
  }
  index.clusters.forEach((cluster, c) => {
    if (JSON.stringify(cluster) !== JSON.stringify(clusters_before[c])) changed.add(c);
  });
  Promise.all([...changed].map(refresh_card)).then(() => { apply_filter(); apply_order(); });
  document.dispatchEvent(new Event('ilk-edited'));
};
const send_edit = async (request, said) => {
  said.textContent = 'Working …';
  try {
    const answer = await fetch('edit', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(request),
    });
    const result = await answer.json();
    if (!answer.ok) throw new Error(result.error);
    apply_state(result);
    said.textContent = result.changes.join('. ') + '.';
    return true;
  } catch (error) {
    said.textContent = error.message;
    return false;
  }
};

/// Where a command is shown. `words` are those after `ilk edit RUN`, `request` is the same for `ilk view`.
const command_line = after => {
  const code = make('code', { dir: 'ltr' }), said = make('output', { className: 'said' });
  let text = '', request = null;
  const copying = button('Copy command', () => copy(text, copying));
  const doing = button('Apply', async () => {
    doing.disabled = true;
    if (await send_edit(request, said)) after();
    doing.disabled = false;
  }, { className: 'main', hidden: !is_live });
  const element = make('div', { className: 'command' }, code, doing, copying, said);
  return {
    element,
    set(words, wanted) {
      element.hidden = !words;
      if (!words) return;
      text = code.textContent = command_of(words);
      request = wanted;
    },
  };
};

const cluster_choice = (but, extra = []) => make('select', { 'aria-label': 'Cluster' }, ...extra,
  ...index.clusters.map((cluster, c) => [cluster, c])
    .filter(([cluster, c]) => c !== but && cluster.merged_into === undefined)
    .map(([cluster, c]) => make('option', { value: c, textContent: cluster.name + ' (' + c + ')' })));

// In a list of images: what to do with those that are selected.
let update_edit_tools = () => {};
const make_edit_tools = () => {
  const tools = find('#browser-tools');
  update_edit_tools = () => {};
  if (!index.run) return tools.replaceChildren();
  const chosen = make('span', { className: 'quiet' });
  const target = cluster_choice(-1, [make('option', { value: 'new', textContent: 'a new cluster' })]);
  const name = make('input', { placeholder: 'Name', 'aria-label': 'Name of the new cluster' });
  const line = command_line(() => { listed.selected.clear(); make_edit_tools(); show_page(listed.page); });
  const save = button('Save the list', () => save_list());
  const moving = make('div', { className: 'moving' }, make('label', {}, 'Move them to ', target), name, save);
  let paths = [], turn = 0;
  const save_list = async () => {
    const all = [];
    for (const row of listed.selected) all.push((await picture_of(row)).path);
    const link = make('a', { download: 'selection.txt', href: URL.createObjectURL(new Blob([all.join('\n') + '\n'])) });
    link.click();
  };
  update_edit_tools = async () => {
    const now = ++turn, rows = [...listed.selected];
    chosen.textContent = counted(rows.length, 'image', 'images') + ' selected';
    moving.hidden = rows.length === 0;
    name.hidden = target.value !== 'new';
    save.hidden = is_live || rows.length <= most_in_command;
    if (!rows.length) return line.set(null);
    const naming = target.value === 'new' && name.value.trim() ? ['--name', name.value.trim()] : [];
    const few = rows.length <= most_in_command;
    if (few) paths = (await Promise.all(rows.map(picture_of))).map(picture => picture.path);
    if (now !== turn) return;
    line.set(['move', target.value, ...(few ? paths : ['--images-from', 'selection.txt']), ...naming],
      { kind: 'move', cluster: target.value, rows, names: naming.slice(1) });
  };
  target.addEventListener('change', () => update_edit_tools());
  name.addEventListener('input', () => update_edit_tools());
  const select = rows => () => { listed.selected = new Set(rows()); show_selection(); };
  tools.replaceChildren(make('div', { className: 'choosing' },
    button('Select all', select(() => listed.rows)), button('Select none', select(() => [])), chosen), moving, line.element);
  update_edit_tools();
};

// On a card: what to do with the whole cluster.
const add_card_edit = card => {
  if (!index.run) return;
  const edit = make('details', { className: 'edit' }, make('summary', { textContent: 'Edit' }));
  edit.addEventListener('toggle', () => { if (edit.open) fill_card_edit(edit, card.index); });
  find('.words', card.element).append(edit);
};
const fill_card_edit = (edit, cluster) => {
  const locked = index.clusters[cluster].locked === true, number = String(cluster);
  const kind = make('select', { 'aria-label': 'Edit' }, ...(locked ? [['unlock', 'Unlock']] : [
    ['rename', 'Rename'], ['merge', 'Merge another cluster into it'], ['split', 'Split'], ['lock', 'Lock']])
    .map(([value, textContent]) => make('option', { value, textContent })));
  const name = make('input', { value: index.clusters[cluster].name, 'aria-label': 'New name' });
  const other = cluster_choice(cluster);
  const parts = make('input', { type: 'number', min: 2, max: members_of(cluster).length, value: 2, 'aria-label': 'Into how many parts' });
  const line = command_line(() => fill_card_edit(edit, cluster));
  const update = () => {
    name.hidden = kind.value !== 'rename';
    other.hidden = kind.value !== 'merge';
    parts.hidden = kind.value !== 'split';
    const request = { kind: kind.value, cluster: number };
    if (kind.value === 'rename') {
      line.set(['rename', number, name.value.trim()], { ...request, names: [name.value.trim()] });
    } else if (kind.value === 'merge') {
      line.set(other.value && ['merge', number, other.value], { ...request, clusters: [other.value] });
    } else if (kind.value === 'split') {
      line.set(['split', number, '--into', parts.value], { ...request, parts: Number(parts.value) });
    } else {
      line.set([kind.value, number], request);
    }
  };
  for (const field of [kind, name, other, parts]) {
    field.addEventListener('input', update);
    field.addEventListener('change', update);
  }
  const said = find('.said', edit);
  edit.replaceChildren(find('summary', edit), kind, name, other, parts, line.element);
  if (said) find('.said', line.element).textContent = said.textContent;
  update();
};
