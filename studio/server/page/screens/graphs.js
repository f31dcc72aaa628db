// Screen 1: what can be made.
import {html, useState, useRef, useEffect} from '../lib.js';
import {Icon, typeIcon, typeWord} from '../parts/icons.js';
import {Thumb} from '../parts/media.js';
import {duration} from '../parts/format.js';
import {Empty} from '../parts/empty.js';
import * as server from '../server.js';

const kinds = [['', 'All'], ['image', 'Images'], ['audio', 'Audio'], ['video', 'Videos']];

function Card({g, eager}) {
  const types = [...new Set(g.makes.map(m => m.type.replace(/^list\[|\]$/g, '')))], made = types[0] || 'file', kind = g.cover?.type || made;
  const makes = types.filter(t => t !== 'json').map(t => typeWord[t] || t);
  if (g.state !== 'ready') return html`<li class="card missing"><div class="cover"><${Icon} name="warn" size="20"/><span>${g.why}</span><code>${g.hint}</code></div><h2>${g.title}</h2><p class="soft"><${Icon} name="down" size="14"/>not ready</p></li>`;
  return html`<li class="card"><a href="#/graphs/${g.name}">
    <div class="cover ${kind} ${g.cover ? '' : 'none'}">${g.cover ? html`<${Thumb} value=${g.cover} type=${kind} name="" hover/>` : html`<${Icon} name=${typeIcon[kind] || 'graphs'} size="30"/>`}</div>
    <h2>${g.title}</h2>
    <p class="soft"><${Icon} name=${typeIcon[made] || 'graphs'} size="14"/>${makes.join(', ') || 'data'}${g.seconds != null && html`<span class="gap">·</span>${g.seconds < 1.5 ? 'at once' : `about ${duration(g.seconds)}`}`}</p></a></li>`;
}

export function Graphs() {
  const [kind, setKind] = useState(''), [words, setWords] = useState(''), all = server.listGraphs(), lately = server.listRecent().filter(r => r.media.still).slice(0, 6);
  const fits = all.filter(g => (!kind || g.makes.some(m => m.type.includes(kind))) && words.toLowerCase().split(/\s+/).every(w => `${g.title} ${g.about} ${g.name}`.toLowerCase().includes(w)));
  return html`<div class="page">
    <header class="page-head"><div><h1>What will you make?</h1><p class="lead">Choose a graph, give it your words and files, and watch it work.</p></div>
      ${lately.length > 0 && html`<div class="lately"><h2>Made lately</h2>${lately.map(r => html`<a href="#/gallery/${r.id}"><img src=${r.media.still} alt="${r.file} of ${r.title}" width="48" height="48" loading="lazy"/></a>`)}<a class="all" href="#/gallery">All</a></div>`}</header>
    <div class="bar">
      <div class="segs" role="radiogroup" aria-label="Show">${kinds.map(([k, word]) => html`<label class="seg ${k === kind ? 'on' : ''}"><input type="radio" name="kind" checked=${k === kind} onChange=${() => setKind(k)}/>${word}</label>`)}</div>
      <label class="find"><${Icon} name="search"/><span class="sr">Find a graph</span><input type="search" placeholder="Find a graph" value=${words} onInput=${e => setWords(e.target.value)}/></label>
    </div>
    <p class="sr" role="status">${fits.length} graphs</p>
    ${!all.length ? html`<${Empty} icon="graphs" title="No graphs yet" text="Start the server with a folder of graph files: studio serve --graphs FOLDER"/>` : fits.length ? html`<ul class="cards">${fits.map(g => html`<${Card} key=${g.name} g=${g}/>`)}</ul>`
      : html`<${Empty} icon="search" title="No graph fits" text="None of the ${all.length} graphs has “${words}” in its name${kind ? ' and makes that kind' : ''}."><button onClick=${() => { setWords(''); setKind(''); }}>Show all graphs</button><//>`}
  </div>`;
}
