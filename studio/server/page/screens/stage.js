// The right half of the bench: what is being made, how far it is, and the graph below it.
import {html, useEffect, useRef, useState} from '../lib.js';
import {Icon, typeWord} from '../parts/icons.js';
import {Full, Thumb} from '../parts/media.js';
import {NodeGraph, Legend} from '../parts/nodegraph.js';
import {duration, precise, count, label, stepOf} from '../parts/format.js';
import {left} from '../parts/jobs.js';
import {say} from '../store.js';
import {ResultActions} from './detail.js';
import * as server from '../server.js';

function Problem({job, graph, onAgain}) {
  const e = job.problem || {title: 'It failed', text: '', help: '', message: '', hint: ''}, see = () => { const f = document.querySelector(`[data-name="${CSS.escape(e.input)}"]`); f?.scrollIntoView({block: 'center'}); f?.querySelector('button,input,textarea')?.focus(); };
  const report = JSON.stringify({code: e.code, node: e.node, message: e.message, hint: e.hint, job: job.id}, null, 1);
  return html`<section class="problem" role="alert">
    <span class="problem-mark"><${Icon} name="warn" size="20"/></span>
    <div><h2>${e.title}</h2><p>${e.text}</p><p>${e.help}</p>
      <div class="row">${e.input in graph.inputs && html`<button class="main" onClick=${see}>Change ${label(e.input).toLowerCase()}</button>`}${e.retry && html`<button onClick=${() => server.retry(job.id).catch(problem => say(problem.message))}>Try again</button>`}<button class="quiet" onClick=${() => navigator.clipboard?.writeText(report)}><${Icon} name="copy"/>Copy report</button></div>
      <details><summary><${Icon} name="chevron" size="14"/>Details</summary><dl class="facts"><dt>Code</dt><dd class="mono">${e.code}</dd><dt>Node</dt><dd class="mono digest">${e.node || 'none'}</dd><dt>Would it help to try again?</dt><dd>${e.retry ? 'It may.' : 'No: the same values give the same error.'}</dd><dt>Still good</dt><dd>${count(Object.values(job.nodes).filter(n => ['done', 'cached'].includes(n.state)).length, 'step')} done, kept in the cache</dd></dl></details></div>
  </section>`;
}

function Idle({graph}) {
  const r = server.lastOf(graph.name);
  if (r === null) return html`<div class="idle"><div class="show blank"><div class="blank-in"><span>What it makes appears here</span></div></div></div>`;
  return html`<div class="idle">${r && html`<div class="show ghost"><${Full} value=${r.media} type=${r.type} name="The last ${typeWord[r.type]} of this graph"/></div><p class="caption"><span>The last one made</span><a href="#/gallery/${r.id}">What made it</a></p>`}</div>`;
}

export function Stage({graph, job, plan, current, lit, litName, onAgain}) {
  const [shown, setShown] = useState(0);
  useEffect(() => setShown(0), [job?.id]);
  const live = job && ['queued', 'running'].includes(job.state), outs = job?.outputs || [], out = outs[Math.min(shown, outs.length - 1)];
  const now = job && graph.nodes.find(n => job.nodes[n.id]?.state === 'running'), at = now && job.nodes[now.id];
  const nodes = job && (live || job.state === 'failed' || job.state === 'cancelled') ? job.nodes : job && !lit && current ? {...plan.nodes, ...job.nodes} : plan.nodes;
  const waits = job?.state === 'queued', rest = job?.state === 'running' ? left(job, graph) : null;
  const spoken = !job ? '' : waits ? `In the queue, number ${job.place}` : job.state === 'running' ? `${now ? label(now.id) : 'The run'} is running` : job.state === 'succeeded' ? `Done: ${outs.map(o => o.file).join(', ')}` : job.state;
  return html`<section class="stage" aria-label="Result">
    <p class="sr" role="status">${spoken}</p>
    <div class="stage-main">
      ${!job || job.state === 'cancelled' ? html`${job && html`<p class="note"><${Icon} name="stop"/>Cancelled. The steps that were done are in the cache.<button class="quiet mini" onClick=${onAgain}><${Icon} name="again" size="14"/>Run again</button></p>`}<${Idle} graph=${graph}/>`
        : job.state === 'failed' ? html`<${Problem} job=${job} graph=${graph} onAgain=${onAgain}/>`
        : live ? html`<div class="show ${job.preview ? 'preview' : 'blank'}">${job.preview ? html`<img src=${job.preview} alt="Preview" />` : html`<div class="blank-in ${waits ? '' : 'working'}"><span>${waits ? html`<b>Number ${job.place} in the queue</b><a href="#/queue">See the queue</a>` : 'No preview yet'}</span></div>`}</div>`
        : out ? html`<div class="show"><${Full} value=${out.media} type=${out.type} name="${out.file}, made from your inputs"/></div>` : null}
    </div>
    ${live && html`<div class="progress">
      <div class="progress-line"><p><b>${waits ? 'Waiting' : now ? label(now.id) : 'Starting'}</b><span class="soft">${waits ? `${job.why || ''}` : at?.total ? `${stepOf(at)}${job.preview ? ' · live preview' : ''}` : now?.type || ''}</span></p>
        <span class="left">${waits ? '' : rest == null ? `${Math.round((job.progress || 0) * 100)}%` : `${duration(rest)} left`}</span><button disabled=${job.cancelling} onClick=${() => server.cancel(job.id).catch(problem => say(problem.message))}><${Icon} name="stop"/>${job.cancelling ? 'Cancelling' : 'Cancel'}</button></div>
      <div class="meter" role="progressbar" aria-label="Progress of the run" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round((job.progress || 0) * 100)}><i style="transform:scaleX(${job.progress || 0})"></i></div></div>`}
    ${out && job.state === 'succeeded' && html`<div class="result-bar">
      ${outs.length > 1 && html`<div class="segs" role="group" aria-label="Outputs">${outs.map((o, i) => html`<button class="seg ${o === out ? 'on' : ''}" aria-pressed=${o === out} onClick=${() => setShown(i)}>${label(o.output)}${outs.filter(x => x.output === o.output).length > 1 ? ` ${o.index + 1}` : ''}</button>`)}</div>`}
      <p class="soft"><b>${precise(out.took)}</b><span class="hide-s">${job.reused ? 'from the cache' : `${out.ran} run, ${out.cached} from the cache`}</span></p><span class="push"></span><${ResultActions} result=${out} compact/></div>`}
    <div class="graph-panel">
      <div class="graph-head"><h2>${lit ? html`What <b>${label(litName).toLowerCase()}</b> changes` : live && !waits ? 'The graph, running' : 'The graph'}</h2>${lit ? html`<span class="soft">${count(lit.size, 'step runs', 'steps run')} again if it changes</span>` : html`<${Legend}/>`}</div>
      <${NodeGraph} graph=${graph} nodes=${nodes} lit=${lit}/>
    </div>
  </section>`;
}
