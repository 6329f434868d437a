'use strict';
// The page can be read without its script; it adds the theme, the map, the search, all images page by page, and edits.
// All files of this folder are one script, in the order that src/CMakeLists.txt gives.
const root = document.documentElement;
const find = (selector, within = document) => within.querySelector(selector);
root.classList.add('script');

/// An element with properties, attributes (those with a dash) and children.
const make = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-') || name === 'role') element.setAttribute(name, value); else element[name] = value;
  }
  element.append(...children);
  return element;
};
const button = (text, action, properties = {}) => {
  const made = make('button', { type: 'button', textContent: text, ...properties });
  made.addEventListener('click', action);
  return made;
};

const grouped = value => String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
const counted = (number, one, many) => grouped(number) + ' ' + (number === 1 ? one : many);
const fold = text => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
const file_name = path => path.slice(path.replace(/\/$/, '').lastIndexOf('/') + 1);

// Theme: as the system has it, until one is chosen. Storage may be closed to pages opened from disk.
const themes = ['auto', 'light', 'dark'];
const theme_watchers = [];
const set_theme = theme => {
  if (theme === 'auto') delete root.dataset.theme; else root.dataset.theme = theme;
  find('#theme span').textContent = theme;
  for (const watcher of theme_watchers) watcher();
};
const recall = () => { try { return localStorage.getItem('ilk-theme'); } catch { return null; } };
const remember = theme => { try { localStorage.setItem('ilk-theme', theme); } catch { /* it is forgotten */ } };
let theme = themes.includes(recall()) ? recall() : 'auto';
set_theme(theme);
find('#theme').addEventListener('click', () => {
  theme = themes[(themes.indexOf(theme) + 1) % themes.length];
  set_theme(theme);
  remember(theme);
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => theme_watchers.forEach(watcher => watcher()));
