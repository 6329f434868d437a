#pragma once

namespace ilk::html {

// The page can be read without it; it adds filter, order, theme and the large view.
inline constexpr char page_script[] = R"js(
'use strict';
(() => {
  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  root.classList.add('script');

  // Theme: as the system has it, until one is chosen. Storage may be closed to pages opened from disk.
  const themes = ['auto', 'light', 'dark'];
  const set_theme = theme => {
    if (theme === 'auto') delete root.dataset.theme; else root.dataset.theme = theme;
    find('#theme span').textContent = theme;
  };
  const recall = () => { try { return localStorage.getItem('ilk-theme'); } catch { return null; } };
  const remember = theme => { try { localStorage.setItem('ilk-theme', theme); } catch { } };
  let theme = themes.includes(recall()) ? recall() : 'auto';
  set_theme(theme);
  find('#theme').addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    set_theme(theme);
    remember(theme);
  });

  const box = find('#cards');
  if (!box) return;
  const fold = text => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const number_in = text => {
    const value = parseFloat(text.replace('−', '-'));
    return isNaN(value) ? -2 : value;
  };
  const cards = [...box.children].map(element => ({
    element,
    index: Number(element.id.slice('cluster-'.length)),
    name: find('h3', element).textContent,
    words: [...element.querySelectorAll('h3, .caption, .nouns bdi, .more-nouns bdi, .details dd')]
      .map(each => fold(each.textContent)).join('\n'),
    size: Number(element.dataset.size),
    density: number_in(element.dataset.density),
  }));

  const filter = find('#filter'), sort = find('#sort'), shown = find('#shown');
  const grouped = value => String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
  const apply_filter = () => {
    const wanted = fold(filter.value).split(/\s+/).filter(Boolean);
    let visible = 0;
    for (const card of cards) {
      const hit = wanted.every(word => card.words.includes(word));
      card.element.hidden = !hit;
      visible += hit;
    }
    const all = grouped(cards.length) + (cards.length === 1 ? ' cluster' : ' clusters');
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
  const clear_filter = () => { filter.value = ''; apply_filter(); };
  filter.addEventListener('input', apply_filter);
  filter.addEventListener('keydown', event => { if (event.key === 'Escape') clear_filter(); });
  sort.addEventListener('change', apply_order);
  // A browser may bring back what was typed before the page was loaded again.
  apply_filter();
  if (sort.value !== 'largest') apply_order();
  document.addEventListener('keydown', event => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName) || dialog.open) return;
    event.preventDefault();
    filter.focus();
  });
  for (const link of document.querySelectorAll('.overview a')) {
    link.addEventListener('click', () => {
      const target = document.getElementById(link.hash.slice(1));
      if (target && target.hidden) clear_filter();
    });
  }

  // The large view: first the small picture, then the file itself, where the browser may and can show it.
  const dialog = find('#lightbox');
  if (!dialog.showModal) return;
  const picture = find('img', dialog), stage = find('.stage', dialog), about = find('.about', dialog);
  let links = [], at = 0, waiting = 0;
  // What stays on the stage is at most doubled, or it would blur.
  const settle = image => {
    picture.src = image.src;
    picture.style.maxWidth = 2 * image.naturalWidth + 'px';
    picture.style.maxHeight = 2 * image.naturalHeight + 'px';
  };
  const load_file = link => {
    const small = find('img', link), file = new Image();
    if (location.protocol !== 'file:' || 'inside' in link.dataset) { settle(small); return; }
    const is_shown = () => links[at] === link && dialog.open;
    file.src = link.href;
    file.decode().then(() => { if (is_shown()) settle(file); }, () => { if (is_shown()) settle(small); });
  };
  const show = index => {
    at = (index + links.length) % links.length;
    const link = links[at], small = find('img', link);
    const name = find('h3', link.closest('article')).textContent;
    picture.style.maxWidth = picture.style.maxHeight = '';
    picture.src = small.src;
    picture.alt = small.alt;
    find('.of', about).textContent = name + ', ' + (at + 1) + ' of ' + links.length;
    find('.path', about).textContent = link.title;
    find('.similarity', about).textContent = 'similarity ' + link.dataset.score;
    find('a', about).href = link.href;
    find('a', about).hidden = 'inside' in link.dataset;
    for (const each of dialog.querySelectorAll('.previous, .next')) each.hidden = links.length < 2;
    clearTimeout(waiting);
    waiting = setTimeout(load_file, 150, link);
  };
  box.addEventListener('click', event => {
    const link = event.target.closest('.gallery a');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    links = [...link.closest('.gallery').querySelectorAll('a')];
    dialog.showModal();
    show(links.indexOf(link));
  });
  find('.previous', dialog).addEventListener('click', () => show(at - 1));
  find('.next', dialog).addEventListener('click', () => show(at + 1));
  find('.close', dialog).addEventListener('click', () => dialog.close());
  stage.addEventListener('click', event => { if (event.target === stage) dialog.close(); });
  dialog.addEventListener('keydown', event => {
    const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: links.length - 1 };
    if (event.key in steps) { event.preventDefault(); show(steps[event.key]); }
  });
  let touched = null;
  stage.addEventListener('touchstart', event => {
    touched = event.touches.length === 1 ? event.touches[0].clientX : null;
  }, { passive: true });
  stage.addEventListener('touchend', event => {
    if (touched === null) return;
    const moved = event.changedTouches[0].clientX - touched;
    if (Math.abs(moved) > 40) show(at + (moved < 0 ? 1 : -1));
    touched = null;
  });
  dialog.addEventListener('close', () => {
    clearTimeout(waiting);
    links[at].focus();
    picture.src = 'data:,';
  });
})();
)js";

}  // namespace ilk::html
