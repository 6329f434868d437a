// What `ilk inspect` found, where it has left its findings beside the page and they are of these images.
const start_inspection = async () => {
  const section = find('#inspection-section');
  if (!section || !(is_live || location.protocol === 'file:')) return;
  let findings = null;
  try {
    findings = await load_script('inspection', 0, 'inspect/inspect.js');
  } catch {
    return;  // it has not run
  }
  if (findings.images !== index.images || findings.paths !== index.paths) return;
  const entries = [];
  for (const { name, groups } of findings.findings) {
    const rows = groups.flat(), notes = new Map();
    if (groups.length > 1) groups.forEach((group, g) => group.forEach(row => notes.set(row, 'group ' + (g + 1))));
    if (rows.length) {
      entries.push(make('li', {}, button(name, () => open_browser(name, rows, { notes: notes.size ? notes : null })),
        make('span', { className: 'quiet', textContent: (notes.size ? counted(groups.length, 'group', 'groups') + ', ' : '')
          + counted(rows.length, 'image', 'images') })));
    }
  }
  find('#findings').replaceChildren(...entries,
    make('li', {}, make('a', { href: 'inspect/inspect.html', textContent: 'The whole inspection' })));
  section.hidden = false;
};
