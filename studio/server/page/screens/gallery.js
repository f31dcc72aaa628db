// Screen 4: everything that was made, newest first.
import {html, useState, useEffect, useRef} from '../lib.js';
import {Icon, typeIcon, typeWord} from '../parts/icons.js';
import {Thumb} from '../parts/media.js';
import {Empty} from '../parts/empty.js';
import {Detail} from './detail.js';
import {ago, saying, count} from '../parts/format.js';
import {state, update, useStore, go} from '../store.js';
import * as server from '../server.js';

const kinds = [['', 'All'], ['image', 'Images'], ['audio', 'Audio'], ['video', 'Videos']];

function Tile({r}) {
  const picked = state.picked.includes(r.id), title = r.title, ratio = r.media.width ? r.media.width / r.media.height : 1;
  const toggle = () => update(s => ({picked: picked ? s.picked.filter(x => x !== r.id) : [...s.picked, r.id].slice(-2)}));
  return html`<li class="tile ${r.type} ${picked ? 'picked' : ''}" style=${r.type === 'audio' ? '--ratio:1.9' : `--ratio:${Math.min(3, Math.max(.6, ratio))}`}>
    <a href="#/gallery/${r.id}"><${Thumb} value=${r.media} type=${r.type} name="" hover/><span class="tile-words"><b>${saying(r.values) || r.file}</b><span>${title} · ${ago(r.made)}</span></span></a>
    ${r.type !== 'text' && html`<label class="pickbox"><input type="checkbox" checked=${picked} onChange=${toggle} aria-label="Pick ${r.file} of ${title} to compare"/><span><${Icon} name="check" size="14"/></span></label>`}</li>`;
}

export function Gallery({open}) {
  useStore(server.watch);
  const [kind, setKind] = useState(''), [words, setWords] = useState('');
  const [page, setPage] = useState({list: null, next: null}), turn = useRef(0), newest = server.listRecent()[0]?.id, filtered = !!(kind || words.trim());
  const ask = cursor => server.findResults({type: kind || ['image', 'audio', 'video'], words: words.trim(), cursor, limit: 60});
  useEffect(() => {                      // the server searches, so that the gallery may be large
    const mine = ++turn.current, timer = setTimeout(() => ask().then(found => { if (mine === turn.current) setPage(found); }).catch(() => setPage({list: [], next: null})), words ? 200 : 0);
    return () => clearTimeout(timer);
  }, [kind, words, newest]);
  const more = () => ask(page.next).then(found => setPage({list: [...page.list, ...found.list], next: found.next})).catch(() => {});
  const list = page.list || [];
  const picked = state.picked;
  return html`<div class="page wide">
    <header class="page-head"><div><h1>Gallery</h1><p class="lead">Every file comes with the graph and the values that made it.</p></div></header>
    ${(filtered || list.length > 0) && html`<div class="bar"><div class="segs" role="radiogroup" aria-label="Show">${kinds.map(([k, w]) => html`<label class="seg ${k === kind ? 'on' : ''}"><input type="radio" name="gkind" checked=${k === kind} onChange=${() => setKind(k)}/>${w}</label>`)}</div>
      <label class="find"><${Icon} name="search"/><span class="sr">Search the gallery</span><input type="search" placeholder="Words, graph or file" value=${words} onInput=${e => setWords(e.target.value)}/></label></div>`}
    <p class="sr" role="status">${count(list.length, 'file')}${page.next ? ' and more' : ''}</p>
    ${list.length ? html`<ul class="tiles">${list.map(r => html`<${Tile} key=${r.id} r=${r}/>`)}<li class="tiles-end" aria-hidden="true"></li></ul>${page.next && html`<p class="more"><button onClick=${more}>Show more</button></p>`}`
      : !page.list ? html`<p class="soft" aria-busy="true">Looking…</p>` : filtered ? html`<${Empty} icon="search" title="Nothing fits" text="No file has these words."><button onClick=${() => { setWords(''); setKind(''); }}>Show all</button><//>`
      : html`<${Empty} icon="gallery" title="Nothing made yet" text="Run a graph, and what it makes is kept here."><a class="button main" href="#/">Choose a graph</a><//>`}
    ${picked.length > 0 && html`<div class="tray" role="region" aria-label="Picked to compare">${picked.map(id => { const r = server.getResult(id); return r && (r.media.still ? html`<img src=${r.media.still} alt=${r.file}/>` : html`<b>${r.file}</b>`); })}<span>${picked.length === 1 ? 'Pick one more to compare' : server.getResult(picked[0])?.type === server.getResult(picked[1])?.type ? 'Two picked' : 'Pick two of one kind'}</span>
      <button class="quiet on-dark" onClick=${() => update({picked: []})}>Clear</button><button class="main" disabled=${picked.length < 2 || server.getResult(picked[0])?.type !== server.getResult(picked[1])?.type} onClick=${() => go(`/compare/${picked[0]}/${picked[1]}`)}><${Icon} name="compare"/>Compare</button></div>`}
    ${open && html`<${Detail} id=${open} list=${list}/>`}
  </div>`;
}
