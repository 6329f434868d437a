#pragma once

namespace ilk::html {

// Greys without a tint, so that pictures are seen as they are; one colour for bars, links and focus.
inline constexpr char page_style[] = R"css(
:root {
  --paper: #fff; --raised: #f4f4f4; --line: #e0e0e0; --ink: #191919; --quiet: #636363;
  --accent: #00696f; --track: #e8e8e8;
  color-scheme: light;
}
@media screen {
  :root[data-theme=dark] {
    --paper: #161616; --raised: #222; --line: #333; --ink: #ededed; --quiet: #a6a6a6;
    --accent: #5cc5c9; --track: #2d2d2d;
    color-scheme: dark;
  }
}
@media screen and (prefers-color-scheme: dark) {
  :root:not([data-theme=light]) {
    --paper: #161616; --raised: #222; --line: #333; --ink: #ededed; --quiet: #a6a6a6;
    --accent: #5cc5c9; --track: #2d2d2d;
    color-scheme: dark;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { scroll-padding-top: 5rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 1360px; padding: 0 clamp(1rem, 4vw, 3.5rem);
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
h1, h2, h3 { margin: 0; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; text-wrap: balance; }
h1 { font-size: clamp(1.75rem, 1.2rem + 2.4vw, 2.75rem); letter-spacing: -.025em; }
h2 { font-size: 1.25rem; }
h3 { font-size: 1.5rem; }
h2 .quiet { font-weight: 400; margin-inline-start: .25em; }
p { margin: 0; }
/* Words of right-to-left scripts keep to the page's edge. */
[dir=auto], bdi { text-align: left; }
ul, ol, dl { margin: 0; padding: 0; list-style: none; }
dd { margin: 0; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: .06em; }
.quiet, dt { color: var(--quiet); }
dt, .details, .more-nouns, footer { font-size: .875rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
[tabindex="-1"]:focus { outline: none; }
[hidden], html:not(.script) .scripted { display: none !important; }
button, input, select { font: inherit; color: inherit; }
.skip {
  position: absolute; left: 1rem; top: -6rem; padding: .5rem 1rem; background: var(--paper); z-index: 3;
}
.skip:focus { top: .5rem; }

.top { display: flex; justify-content: space-between; align-items: start; gap: 1rem; padding: 3.5rem 0 0; }
.top > div { min-width: 0; }
.top p { margin-top: .625rem; }
.top a { color: inherit; }
#theme {
  flex: none; padding: .375rem .75rem; border: 1px solid var(--line); border-radius: 2rem; background: none;
  color: var(--quiet); font-size: .875rem; cursor: pointer;
}
#theme:hover { color: var(--ink); border-color: var(--quiet); }
main > * { display: block; margin-top: 3.5rem; }
main > * > h2 { margin-bottom: 1.25rem; }

.notices {
  padding: 1.125rem 1.375rem; background: var(--raised); border-inline-start: 3px solid var(--accent);
}
main > .notices > h2 { font-size: 1rem; margin-bottom: .375rem; }
.notices li + li { margin-top: .375rem; }
.top + main > .notices { margin-top: 2.25rem; }

.facts {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(11rem, 100%), 1fr));
  gap: 1.125rem 2rem;
}
.facts .wide { grid-column: 1 / -1; }
.scores { display: flex; flex-wrap: wrap; gap: 1.5rem clamp(1rem, 3vw, 3rem); margin-bottom: 2rem; }
.scores div { flex: 1 1 5.5rem; max-width: 10rem; }
.scores dd { font-size: clamp(1.75rem, 1.4rem + 1.6vw, 2.25rem); font-weight: 300; line-height: 1.25; letter-spacing: -.02em; }
.scores small { font-size: .5em; color: var(--quiet); margin-inline-start: .15em; }
.scores div::after { content: ""; display: block; margin-top: .375rem; }
.scores div::after, .words .size::after, .nouns li::after, .overview a::after {
  height: 3px; border-radius: 2px; print-color-adjust: exact; -webkit-print-color-adjust: exact;
  background: linear-gradient(var(--accent) 0 0) 0 0 / calc(var(--w) * 100%) 100% no-repeat var(--track);
}

.evidence { display: flex; flex-wrap: wrap; gap: 1.25rem 3rem; align-items: flex-start; margin-top: 1.25rem; }
.evidence img { display: block; width: 100%; max-width: 40rem; height: auto; background: #fff; border-radius: 4px; }
.evidence table { border-collapse: collapse; font-size: .9375rem; overflow-wrap: normal; white-space: nowrap; }
.evidence caption { text-align: left; font-size: .875rem; padding-bottom: .375rem; }
.evidence th, .evidence td { padding: .25rem .75rem .25rem 0; text-align: right; font-weight: 400; }
.evidence thead th { color: var(--quiet); font-size: .875rem; }
.evidence tbody tr { border-top: 1px solid var(--line); }
.evidence .chosen > * { color: var(--accent); font-weight: 650; }

.curves {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(13rem, 100%), 1fr)); gap: 1.5rem 2rem;
}
.curves figure { margin: 0; }
.curves figcaption { font-size: .875rem; margin-bottom: .375rem; }
.curves svg { display: block; width: 100%; height: auto; }
.curves polyline { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }

.overview {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15.5rem, 100%), 1fr));
  gap: .25rem 2rem;
}
.overview a {
  display: grid; grid-template-columns: auto minmax(0, 1fr) auto; align-items: center;
  padding: .375rem 0; color: inherit; text-decoration: none;
}
.overview a > img, .blank {
  grid-row: 1 / 3; width: 2.75rem; height: 2.75rem; margin-right: .75rem; object-fit: cover;
  border-radius: 2px; background: var(--raised);
}
.overview .name {
  grid-column: 2; align-self: end; white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
}
.overview .size {
  grid-column: 3; margin-left: .75rem; align-self: end; color: var(--quiet); font-size: .875rem;
}
.overview a::after { content: ""; grid-column: 2 / 4; align-self: start; margin-top: .3125rem; }
.overview a:hover .name { color: var(--accent); }
nav details { margin-top: 1.25rem; }
nav details .overview { margin-top: .75rem; }
nav details a { content-visibility: auto; contain-intrinsic-size: auto 2.5rem; }

.tools {
  position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; align-items: center;
  gap: .5rem .75rem;
  padding: .75rem 0; background: var(--paper);
}
.tools input, .tools select {
  height: 2.5rem; padding: 0 .75rem; border: 1px solid var(--line); border-radius: 4px;
  background: var(--paper);
}
.tools input { flex: 1 1 12rem; max-width: 24rem; min-width: 0; }
.tools input::placeholder { color: var(--quiet); opacity: 1; }
.tools output { font-size: .875rem; }

article {
  display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.5rem; padding: 2.25rem 0;
  border-top: 1px solid var(--line);
  content-visibility: auto; contain-intrinsic-size: auto 44rem;
}
article:target h3 {
  text-decoration: underline; text-decoration-color: var(--accent); text-underline-offset: .25em;
}
.words > * + * { margin-top: .875rem; }
.words .size {
  display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; margin-top: .375rem;
}
.words .size::after { content: ""; flex: 0 0 100%; margin-top: .375rem; }
.caption { font-style: italic; }
.caption::before { content: "“"; }
.caption::after { content: "”"; }
.nouns li {
  display: grid; grid-template-columns: minmax(0, 9fr) minmax(3rem, 8fr) 3.25rem; align-items: center;
  gap: .75rem;
  font-size: .9375rem;
}
.nouns li::after { content: ""; order: 1; }
.nouns li > .quiet { order: 2; text-align: end; font-size: .875rem; }
.more-nouns span { display: inline-block; max-width: 100%; }
.details { display: grid; gap: .25rem; }
.details div { display: grid; grid-template-columns: 6rem minmax(0, 1fr); gap: .75rem; }

.gallery { display: flex; flex-wrap: wrap; gap: 5px; align-content: start; --row: 6.25rem; }
.gallery li {
  flex: var(--a, 1) 1 calc(var(--a, 1) * var(--row)); min-width: 0; aspect-ratio: var(--a, 1);
  max-width: 100%;
}
.gallery::after { content: ""; flex: 1000 1 0; }
.gallery a { position: relative; display: block; height: 100%; background: var(--raised); cursor: zoom-in; }
.gallery a::after { content: ""; position: absolute; inset: 0; box-shadow: inset 0 0 0 1px #8080802e; }
.gallery img { display: block; width: 100%; height: 100%; object-fit: cover; }
.gallery a:hover img { filter: brightness(1.06); }
.gallery a:focus-visible { outline-offset: 1px; }
.missing {
  display: grid; align-content: end; padding: .375rem; background: var(--raised); color: var(--quiet);
  font-size: .75rem; line-height: 1.3; overflow: hidden;
}

summary { cursor: pointer; width: fit-content; max-width: 100%; }
summary:hover { color: var(--accent); }
summary h2 { display: inline; font-size: 1rem; }
.path { font: .8125rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.files, .skipped .quiet, .files .quiet { font-size: .875rem; }
.files ol { margin-top: .5rem; max-height: 16rem; overflow: auto; }
.skipped + .skipped { margin-top: .5rem; }
.skipped ul { margin: .5rem 0 1.25rem; border-top: 1px solid var(--line); }
.skipped li {
  display: grid; gap: 0 2rem; padding: .375rem 0; border-bottom: 1px solid var(--line);
  content-visibility: auto; contain-intrinsic-size: auto 2.25rem;
}
.guide dl {
  display: grid; gap: 1rem 2.5rem; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr));
  margin-top: 1rem;
}
.guide dt { color: var(--ink); font-weight: 600; }
.guide dd { font-size: .9375rem; color: var(--quiet); }
footer { margin: 4rem 0 2.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }

#lightbox {
  width: 100%; height: 100%; max-width: none; max-height: none; margin: 0; padding: 0; border: 0;
  overflow: hidden;
  background: #0e0e0e; color: #eee; --accent: #5cc5c9;
}
#lightbox[open] { display: grid; grid-template-rows: minmax(0, 1fr) auto; }
#lightbox::backdrop { background: #0e0e0e; }
.stage { position: relative; margin: 3.5rem 4.5rem 0; touch-action: pan-y pinch-zoom; }
.stage img { position: absolute; inset: 0; margin: auto; width: 100%; height: 100%; object-fit: contain; }
.about {
  padding: 1rem 1.5rem 1.25rem; display: flex; flex-wrap: wrap; justify-content: center;
  gap: .25rem 1.25rem; font-size: .875rem; color: #b5b5b5;
}
.about .path { color: #eee; text-align: center; }
#lightbox button {
  position: absolute; width: 3rem; height: 3rem; border: 0; border-radius: 50%; background: none; color: #ddd;
  font-size: 2rem; line-height: 1; cursor: pointer;
}
#lightbox button:hover { background: #2a2a2a; color: #fff; }
.previous, .next { top: calc(50% - 3rem); }
.previous { left: .75rem; }
.next { right: .75rem; }
.close { top: .375rem; right: .75rem; }

@media (min-width: 720px) {
  .skipped li { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
}
@media (min-width: 900px) {
  article { grid-template-columns: 17rem minmax(0, 1fr); gap: 3rem; contain-intrinsic-size: auto 24rem; }
  .gallery { --row: 8.75rem; }
}
.wordy {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 0 3rem;
}
.wordy article {
  grid-template-columns: minmax(0, 1fr); gap: .75rem; align-content: start;
  contain-intrinsic-size: auto 24rem;
}
@media (max-width: 600px) {
  .top { padding-top: 2rem; }
  main > * { margin-top: 2.75rem; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem 1.25rem; }
  .tools output { display: none; }
  .evidence { overflow-x: auto; }
  .evidence table, .evidence thead th { font-size: .75rem; }
  .evidence th, .evidence td { padding-right: .5rem; }
  .stage { margin: 3.5rem 0 0; }
  .about { padding: 1rem 4rem 1.25rem; }
  #lightbox .previous, #lightbox .next { top: auto; bottom: 2.5rem; }
}
@media print {
  html { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  .scripted, .skip, #lightbox { display: none !important; }
  article, .skipped li, nav details a { content-visibility: visible; break-inside: avoid; }
  article { grid-template-columns: 13rem minmax(0, 1fr); gap: 1.5rem; padding: 1rem 0; }
  .wordy article { grid-template-columns: minmax(0, 1fr); }
  .gallery { --row: 4.5rem; }
  h2 { break-after: avoid; }
}
)css";

}  // namespace ilk::html
