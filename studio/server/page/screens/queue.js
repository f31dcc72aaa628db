// Screen 5: what runs, what waits and why, what ended.
import {html} from '../lib.js';
import {Icon, stateIcon, stateWord} from '../parts/icons.js';
import {Empty} from '../parts/empty.js';
import {duration, precise, label, saying, stepOf, count} from '../parts/format.js';
import {left} from '../parts/jobs.js';
import {useStore, say} from '../store.js';
import * as server from '../server.js';

const nowDoing = j => { const [id, n] = Object.entries(j.nodes).find(([, n]) => n.state === 'running') || []; return id ? `${label(id)}${n.total ? `, ${stepOf(n)}` : ''}` : 'Starting'; };
const seen = j => (j.files || []).findIndex(f => /^(image|video)/.test(f.media_type));
const cover = j => j.state === 'running' ? j.preview : seen(j) >= 0 ? `${j.files[seen(j)].url}/thumbnail` : '';
const made = j => j.files?.length ? `#/gallery/${j.id}.${Math.max(0, seen(j))}` : '';
const sentence = t => t ? t[0].toUpperCase() + t.slice(1) + '.' : '';
const try_ = promise => promise.catch(problem => say(`${problem.message}. ${problem.hint}`));

function Row({j, first, last}) {
  const c = cover(j), live = j.state === 'running', waits = j.state === 'queued', open = j.graph ? `#/graphs/${j.graph}/${j.id}` : made(j);
  const rest = live ? left(j, j.graph ? server.getGraph(j.graph) : null) : null, progress = Math.round((j.progress || 0) * 100);
  return html`<li class="job ${j.state}">
    <span class="job-pic">${c ? html`<img src=${c} alt=""/>` : html`<${Icon} name=${stateIcon[j.state]}/>`}</span>
    <div class="job-what">${open ? html`<a href=${open}>${j.title}</a>` : html`<b>${j.title}</b>`}<span class="soft">${[saying(j.values), j.who].filter(Boolean).join(' · ')}</span></div>
    <div class="job-why">${live ? html`<span>${nowDoing(j)}</span><div class="meter" role="progressbar" aria-label="Progress of ${j.title}" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${progress}><i style="transform:scaleX(${j.progress || 0})"></i></div>` : waits ? html`<span>${sentence(j.why)}</span>` : j.state === 'failed' ? html`<span class="field-error">${j.problem?.title || 'It failed'}</span>` : j.state === 'succeeded' ? html`<span class="soft">${j.reused ? 'From the cache' : j.outputs[0] ? `${j.outputs[0].ran} run, ${j.outputs[0].cached} from the cache` : ''}</span>` : html`<span class="soft">Cancelled</span>`}</div>
    <span class="job-time">${live ? rest == null ? `${progress}%` : `${duration(rest)} left` : waits ? `number ${j.place}` : j.state === 'succeeded' && j.started ? precise((j.ended - j.started) / 1000) : stateWord[j.state]}</span>
    <span class="job-do">${waits && html`<button class="quiet square mini" aria-label="Move ${j.title} up" disabled=${first} onClick=${() => try_(server.move(j.id, -1))}><${Icon} name="up" size="14"/></button><button class="quiet square mini" aria-label="Move ${j.title} down" disabled=${last} onClick=${() => try_(server.move(j.id, 1))}><${Icon} name="lower" size="14"/></button>`}
      ${(live || waits) && html`<button class="quiet mini" disabled=${j.cancelling} onClick=${() => try_(server.cancel(j.id))} aria-label="Cancel ${j.title}">${j.cancelling ? 'Cancelling' : 'Cancel'}</button>`}
      ${j.state === 'succeeded' && made(j) && html`<a class="button quiet mini" href=${made(j)} aria-label="Open what ${j.title} made">Open</a>`}
      ${['failed', 'cancelled'].includes(j.state) && html`<button class="quiet mini" onClick=${() => try_(server.retry(j.id))} aria-label="Run ${j.title} again">Run again</button>${open && html`<a class="button quiet mini" href=${open} aria-label="${j.state === 'failed' ? 'See why it failed' : 'Open'}: ${j.title}">${j.state === 'failed' ? 'See why' : 'Open'}</a>`}`}</span></li>`;
}
// Its own component, not one of each drawing: a button that is pressed stays while events come.
function Part({title, list, total, extra, more}) {
  return list.length > 0 && html`<section class="queue-part"><h2>${title}<span>${total}</span>${extra}</h2><ol>${list.map(j => html`<${Row} key=${j.id} j=${j} first=${j.place === 1} last=${j.place === total}/>`)}</ol>${more}</section>`;
}
export function Queue() {
  useStore(server.watch);
  const jobs = server.listJobs(), running = jobs.filter(j => j.state === 'running'), {skip} = server.line, waiting = skip ? server.line.ids.map(server.findJob).filter(j => j?.state === 'queued') : jobs.filter(j => j.state === 'queued').slice(0, 50), ended = jobs.filter(j => !['running', 'queued'].includes(j.state));
  const {counts} = server, busy = (counts.running || 0) + (counts.queued || 0), past = (counts.succeeded || 0) + (counts.failed || 0) + (counts.cancelled || 0);
  const queued = counts.queued || 0, n = x => x.toLocaleString('en');
  return html`<div class="page">
    <header class="page-head"><div><h1>Queue</h1><p class="lead">${busy ? `${count(busy, 'job')} on this ${server.device.name}.` : `This ${server.device.name} is free.`} Jobs outlive a restart.</p></div></header>
    ${jobs.length ? html`<${Part} title="Running" list=${running} total=${running.length}/>
      <${Part} title="Waiting" list=${waiting} total=${Math.max(counts.queued || 0, waiting.length)} more=${queued > 50 && html`<p class="more pager"><button disabled=${!skip} onClick=${() => try_(server.turnLine(skip - 50))}>Previous</button><span class="soft" role="status">${n(skip + 1)} to ${n(skip + waiting.length)} of ${n(queued)}</span><button disabled=${skip + 50 >= queued} onClick=${() => try_(server.turnLine(skip + 50))}>Next</button></p>`}/>
      <${Part} title="Ended" list=${ended} total=${Math.max(past, ended.length)} extra=${html`<button class="quiet mini" onClick=${() => try_(server.clearEnded())}>Clear</button>`} more=${server.nextEnded && html`<p class="more"><button onClick=${() => try_(server.moreJobs())}>Show more</button></p>`}/>`
      : html`<${Empty} icon="queue" title="Nothing waits" text="A run that cannot start at once waits here, and says what for."><a class="button main" href="#/">Choose a graph</a><//>`}
  </div>`;
}
