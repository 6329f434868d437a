// Once all parts are known.
const start = async () => {
  try {
    await load_index();
  } catch (error) {
    for (const all of document.querySelectorAll('.all')) all.disabled = true;
    find('#shown').value = 'The folder report/ is not beside this page: only the pictures in it can be shown.';
    return;
  }
  if (!index) return;
  for (const item of document.querySelectorAll('li[data-row] a')) item.style.cursor = 'zoom-in';
  start_browser();
  start_map();
  start_search();
  for (const card of cards) add_card_edit(card);
  if (is_live) {
    try {
      apply_state(await (await fetch('state')).json());
    } catch {
      // another server than `ilk view`
    }
  }
  root.classList.add('ready');
  start_inspection();
};
if (box) start_cards();
// After the page itself has been drawn.
requestAnimationFrame(() => setTimeout(start));
