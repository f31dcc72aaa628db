// The frame around the screens: where one is, what runs now, and short notices.
import {html, render, useEffect, useState} from './lib.js';
import {state, readRoute, useStore, update, setTheme, isDark} from './store.js';
import {Icon} from './parts/icons.js';
import {lazy} from './parts/lazy.js';
import {duration, mod} from './parts/format.js';
import {left} from './parts/jobs.js';
import {LinkState, TokenPrompt} from './parts/link.js';
import {Graphs} from './screens/graphs.js';
import * as server from './server.js';

const Bench = lazy('Bench', () => import('./screens/bench.js')), Gallery = lazy('Gallery', () => import('./screens/gallery.js'));
const Batch = lazy('Batch', () => import('./screens/batch.js'));
const Compare = lazy('Compare', () => import('./screens/compare.js')), Queue = lazy('Queue', () => import('./screens/queue.js'));
const Palette = lazy('Palette', () => import('./parts/palette.js'));
const places = [['', 'Graphs', 'graphs'], ['gallery', 'Gallery', 'gallery'], ['queue', 'Queue', 'queue']];

function Screen({parts}) {
  const [at, a, b] = parts;
  if (at === 'graphs' && a) return html`<${Bench} key=${a} name=${a} jobId=${b}/>`;
  if (at === 'gallery') return html`<${Gallery} open=${a}/>`;
  if (at === 'compare') return html`<${Compare} ids=${[a, b]}/>`;
  if (at === 'seeds' && a) return html`<${Batch} key=${a} id=${a}/>`;
  if (at === 'queue') return html`<${Queue}/>`;
  return html`<${Graphs}/>`;
}
function Now() {
  const running = server.listJobs().find(j => j.state === 'running');
  if (!running) return null;
  const rest = left(running, running.graph && server.listGraphs().length ? server.getGraph(running.graph) : null);
  return html`<a class="now" href=${running.graph ? `#/graphs/${running.graph}/${running.id}` : "#/queue"}><i class="pulse"></i><span class="now-title">${running.title}</span><span class="now-left">${rest == null ? 'running' : `${duration(rest)} left`}</span><i class="now-bar" style="transform:scaleX(${running.progress})"></i></a>`;
}
function App() {
  useStore(server.watch);
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    const turned = () => { const next = readRoute(); setRoute(old => { if (next.parts[0] !== old.parts[0] || next.parts[1] !== old.parts[1] && ['graphs', 'seeds'].includes(next.parts[0])) { scrollTo(0, 0); document.getElementById('main')?.focus({preventScroll: true}); } return next; }); };
    const key = e => { if (e.key === 'k' && (e.metaKey || e.ctrlKey)) { e.preventDefault(); update(s => ({palette: !s.palette})); } };
    addEventListener('hashchange', turned); addEventListener('keydown', key);
    return () => { removeEventListener('hashchange', turned); removeEventListener('keydown', key); };
  }, []);
  const here = route.parts[0] || '', busy = (server.counts.queued || 0) + (server.counts.running || 0);
  const dark = isDark();
  useEffect(() => { if (!['graphs', 'seeds'].includes(here)) document.title = `${{'': 'Graphs', gallery: 'Gallery', queue: 'Queue', compare: 'Compare'}[here] || 'Studio'} · Studio`; }, [here]);
  const isHere = id => here === id || id === '' && ['graphs', 'seeds'].includes(here) || id === 'gallery' && here === 'compare';
  if (server.link.needsToken) return html`<${TokenPrompt}/>`;
  return html`<a class="skip" href="#main" onClick=${e => { e.preventDefault(); document.getElementById('main').focus(); }}>Skip to the content</a>
    <header class="top"><a class="brand" href="#/" aria-label="Studio, all graphs"><svg width="22" height="22" viewBox="0 0 16 16" aria-hidden="true"><rect width="16" height="16" rx="4" fill="var(--accent)"/><circle cx="5.2" cy="10.6" r="2" fill="#fff"/><path d="M7 10.600C10.200 10.600 7.400 5.400 10.500 5.400" stroke="#fff" stroke-width="1.500" fill="none"/><circle cx="10.800" cy="5.400" r="2" fill="#fff"/></svg><b>Studio</b></a>
      <nav aria-label="Main">${places.map(([id, word, icon]) => html`<a href="#/${id}" aria-current=${isHere(id) ? 'page' : undefined}><${Icon} name=${icon}/><span>${word}</span>${id === 'queue' && busy > 0 && html`<em aria-label="${busy} jobs">${busy}</em>`}</a>`)}</nav>
      <span class="push"></span><${Now}/>
      <button class="quiet go" onClick=${() => update({palette: true})}><${Icon} name="search"/><span class="sr">Go to</span><kbd>${mod}K</kbd></button>
      <button class="quiet square" aria-label=${dark ? 'Light theme' : 'Dark theme'} onClick=${() => setTheme(dark ? 'light' : 'dark')}><${Icon} name=${dark ? 'sun' : 'moon'}/></button></header>
    <${LinkState}/>
    <main id="main" tabindex="-1">${server.link.ready ? html`<${Screen} parts=${route.parts}/>` : html`<div class="page" aria-busy="true"></div>`}</main>
    <div class="notices" role="status" aria-live="polite">${state.notices.map(n => html`<p key=${n.id}>${n.text}${n.action && html`<a href=${n.action.to}>${n.action.label}</a>`}</p>`)}</div>
    ${state.palette && html`<${Palette}/>`}`;
}

render(html`<${App}/>`, document.getElementById('app'));
server.connect();
