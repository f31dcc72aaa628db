// One result: large, with what made it and what can be done with it.
import {html, useEffect, useState} from '../lib.js';
import {Icon, typeWord, article} from '../parts/icons.js';
import {Full} from '../parts/media.js';
import {Dialog} from '../parts/dialog.js';
import {ago, bytes, clock, precise, label, short, same, count, seedOf, newSeed} from '../parts/format.js';
import {state, update, go, say} from '../store.js';
import * as server from '../server.js';

export function again(r) { update({handoff: {graph: r.graph, values: r.values}}); go(`/graphs/${r.graph}`); say('The values are in the form. Nothing runs until you say so.'); }
export async function vary(r) {
  try {
    const values = {...r.values, [seedOf(r.values)]: newSeed()}, j = await server.submit(server.getGraph(r.graph) || {name: r.graph}, values);
    update({handoff: {graph: r.graph, values}}); go(`/graphs/${r.graph}/${j.id}`);
  } catch (problem) { say(`${problem.message}. ${problem.hint}`); }
}

export function UseAs({result, onClose}) {
  const rows = server.listGraphs().filter(g => g.state === 'ready').map(g => ({g, ends: (g.takes || []).filter(t => t.type === result.type)})).filter(r => r.ends.length);
  const give = (g, k) => { onClose(); update({handoff: {graph: g.name, values: {[k]: result.media}}}); go(`/graphs/${g.name}`); };
  return html`<${Dialog} title="Use it as an input" onClose=${onClose}><ul class="use-list">${rows.map(({g, ends}) => html`<li><span class="use-pic">${g.cover?.still && html`<img src=${g.cover.still} alt=""/>`}</span><b>${g.title}</b><span class="use-ends">${ends.map(({name: k}) => html`<button onClick=${() => give(g, k)} aria-label="${label(k)} of ${g.title}">${label(k)}</button>`)}</span></li>`)}</ul>${!rows.length && html`<p class="soft pad">No graph takes ${article(result.type)}.</p>`}<//>`;
}

export function ResultActions({result: r, compact}) {
  const [using, setUsing] = useState(false);
  return html`<div class="actions ${compact ? 'compact' : ''}">
    ${!compact && r.graph && html`<button class="main" onClick=${() => again(r)}><${Icon} name="again"/>Make again</button>`}
    ${r.graph && seedOf(r.values) && html`<button onClick=${() => vary(r)} title="The same values, another seed"><${Icon} name="dice"/>Vary seed</button>`}
    ${['image', 'audio', 'video'].includes(r.type) && html`<button onClick=${() => setUsing(true)}><${Icon} name="use"/>Use as input</button>`}
    <a class="button" href="${r.media.url}?name=${encodeURIComponent(r.file)}" download=${r.file}><${Icon} name="down"/>Download</a>
    ${using && html`<${UseAs} result=${r} onClose=${() => setUsing(false)}/>`}</div>`;
}

export function Detail({id, list}) {
  const r = server.getResult(id), at = list.findIndex(x => x.id === id), close = () => go('/gallery');
  const step = by => list[at + by] && location.replace(`#/gallery/${list[at + by].id}`);
  useEffect(() => {
    const key = e => { if (/INPUT|TEXTAREA/.test(e.target.tagName)) return; if (e.key === 'ArrowRight') step(1); if (e.key === 'ArrowLeft') step(-1); };
    addEventListener('keydown', key); return () => removeEventListener('keydown', key);
  });
  if (r === undefined) return null;
  if (!r) return html`<${Dialog} title="It is gone" onClose=${close}><p class="pad">This result was deleted or its time is over. Its values may still be in the queue's history.</p><//>`;
  const graph = (r.graph && server.getGraph(r.graph)) || {title: r.title, inputs: {}}, slow = Object.entries(r.seconds_by_node).sort((a, b) => b[1] - a[1]).slice(0, 4), whole = Math.max(...slow.map(s => s[1]), .001);
  return html`<${Dialog} title="${graph.title}: ${r.file}" bare wide onClose=${close}>
    <div class="detail" tabindex="-1" autofocus>
      <div class="detail-show ${r.type}"><div class="show"><${Full} key=${id} value=${r.media} type=${r.type} name="${r.file}, ${graph.title}"/></div>
        <button class="round prev" disabled=${at <= 0} onClick=${() => step(-1)} aria-label="Newer"><${Icon} name="back"/></button><button class="round next" disabled=${at >= list.length - 1} onClick=${() => step(1)} aria-label="Older"><span class="flip"><${Icon} name="back"/></span></button></div>
      <div class="detail-side" tabindex="0" role="region" aria-label="What made it">
        <header><div><h2>${graph.title}</h2><p class="soft">${r.file} · ${ago(r.made)}</p></div><button class="quiet square" aria-label="Close" onClick=${close}><${Icon} name="cross"/></button></header>
        <${ResultActions} result=${r}/>
        <h3>Made with</h3>
        <dl class="values">${Object.entries(r.values).map(([k, v]) => html`<div class=${same(v, graph.inputs[k]?.default) ? '' : 'changed'}><dt>${label(k)}</dt><dd>${v?.still ? html`<img src=${v.still} alt="" />` : null}${graph.inputs[k]?.kind === 'color' ? html`<i class="chip" style="background:${v}"></i>` : null}<span>${short(v)}</span></dd></div>`)}</dl>
        <h3>Time <span class="soft">${precise(r.took)}${r.cached ? ', ' : ''}${r.cached ? `${r.cached} of ${r.ran + r.cached} steps from the cache` : `, ${count(r.ran, 'step')}`}</span></h3>
        <ul class="times">${slow.map(([k, s]) => html`<li><span class="mono">${k}</span><i style="--w:${Math.max(1, s / whole * 100)}%"></i><span class="num-r">${precise(s)}</span></li>`)}</ul>
        <h3>File</h3>
        <dl class="facts"><dt>Size</dt><dd>${[r.media.width && `${r.media.width} × ${r.media.height}`, r.media.seconds && clock(r.media.seconds), bytes(r.bytes)].filter(Boolean).join(' · ')}</dd><dt>Digest</dt><dd class="mono digest">${r.digest}</dd><dt>Carries</dt><dd>its graph and values: <span class="mono">studio run ${r.file}</span> makes it again</dd><dt>Label</dt><dd>${r.label ? html`<span class="mono">${r.label}</span>` : 'none'}</dd>${r.credentials && html`<dt>Credentials</dt><dd><a href=${r.credentials.url} download=${r.credentials.name}>${r.credentials.name}</a>: keep it beside the file</dd>`}${r.loss && html`<dt>Loses</dt><dd>${r.loss}</dd>`}</dl>
      </div>
    </div><//>`;
}
