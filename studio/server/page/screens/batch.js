// One form, many seeds: what each seed made, as it comes; each to keep, to vary, to download.
import {html, useEffect, useState} from '../lib.js';
import {Icon, stateIcon, stateWord} from '../parts/icons.js';
import {Thumb} from '../parts/media.js';
import {Empty} from '../parts/empty.js';
import {count} from '../parts/format.js';
import {ended} from '../parts/jobs.js';
import {find, keep} from '../parts/batches.js';
import {vary} from './detail.js';
import {go, say, useStore} from '../store.js';
import * as server from '../server.js';

const main = job => job?.outputs?.find(o => o.type !== 'text' && o.type !== 'file') || job?.outputs?.[0];
const tell = problem => say(`${problem.message}. ${problem.hint}`);

function Cell({seed, job, isKept, onKeep}) {
  const out = main(job), state = job?.state || 'queued', ratio = out?.media.width ? Math.min(2, Math.max(.6, out.media.width / out.media.height)) : 1;
  return html`<li class="seed ${state} ${isKept ? 'kept' : ''}">
    <div class="seed-show" style="--ratio:${ratio}">${out && state === 'succeeded' ? html`<a href="#/gallery/${out.id}" aria-label="Seed ${seed}, large"><${Thumb} value=${out.media} type=${out.type} name="Seed ${seed}" hover/></a>`
      : job?.preview && state === 'running' ? html`<img src=${job.preview} alt="Preview of seed ${seed}"/>`
      : html`<p class="soft"><${Icon} name=${stateIcon[state] || 'clock'}/>${state === 'queued' && job?.place ? `Number ${job.place} in the queue` : state === 'failed' ? job.problem?.title || 'Failed' : state === 'succeeded' ? 'Done' : stateWord[state]}</p>`}
      ${state === 'running' && html`<div class="meter" role="progressbar" aria-label="Progress of seed ${seed}" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round((job.progress || 0) * 100)}><i style="transform:scaleX(${job.progress || 0})"></i></div>`}</div>
    <div class="seed-bar"><b>${seed}</b><span class="push"></span>
      ${out && state === 'succeeded' && html`<button class="quiet square mini" aria-pressed=${isKept} aria-label="Keep seed ${seed}" title="Keep" onClick=${onKeep}><${Icon} name="check" size="14"/></button>
        <button class="quiet square mini" aria-label="Vary seed ${seed}" title="The same values, another seed" onClick=${() => vary(server.getResult(out.id) || out)}><${Icon} name="dice" size="14"/></button>
        <a class="button quiet square mini" aria-label="Download seed ${seed}" title="Download" href="${out.media.url}?name=${encodeURIComponent(`${seed}-${out.file}`)}" download="${seed}-${out.file}"><${Icon} name="down" size="14"/></a>`}
      ${state === 'failed' && html`<button class="quiet mini" onClick=${() => server.retry(job.id).catch(tell)} aria-label="Run seed ${seed} again"><${Icon} name="again" size="14"/>Again</button>`}</div></li>`;
}

export function Batch({id}) {
  useStore(server.watch);
  const [batch, setBatch] = useState(() => find(id)), [only, setOnly] = useState(false);
  useEffect(() => {
    const look = () => { if (!document.hidden && batch) server.refreshJobs(batch.jobs.map(([job]) => job)); };
    look(); addEventListener('visibilitychange', look);
    return () => removeEventListener('visibilitychange', look);
  }, [id]);
  useEffect(() => { document.title = `Seeds · ${batch?.title || 'Studio'}`; }, []);
  if (!batch) return html`<div class="page"><${Empty} alone icon="dice" title="These seeds are not known here" text="A browser remembers the last 20 sets of seeds that it started. What they made is in the gallery."><a class="button" href="#/gallery">Open the gallery</a><//></div>`;
  const cells = batch.jobs.map(([jobId, seed]) => ({jobId, seed, job: server.findJob(jobId)})), done = cells.filter(c => c.job && ended(c.job)), failed = cells.filter(c => c.job?.state === 'failed').length;
  const open = cells.filter(c => c.job && !ended(c.job)), kept = batch.kept.map(k => main(server.findJob(k))).filter(Boolean), shown = only ? cells.filter(c => batch.kept.includes(c.jobId)) : cells;
  const toggle = jobId => { keep(id, jobId); setBatch(find(id)); };
  const stop = () => Promise.all(open.map(c => server.cancel(c.jobId).catch(() => {})));
  const fetchKept = () => kept.forEach((out, i) => setTimeout(() => { const a = document.createElement('a'), seed = cells.find(c => main(c.job) === out)?.seed; a.href = `${out.media.url}?name=${encodeURIComponent(`${seed}-${out.file}`)}`; a.download = `${seed}-${out.file}`; a.click(); }, i * 200));
  return html`<div class="page wide">
    <header class="page-head"><div><a class="crumb" href="#/graphs/${batch.graph}"><${Icon} name="back" size="14"/>${batch.title}</a><h1>${count(cells.length, 'seed')}</h1>
      <p class="lead" role="status">${done.length} of ${cells.length} done${failed ? `, ${failed} failed` : ''}</p></div>
      <div class="row">${open.length > 0 && html`<button onClick=${stop}><${Icon} name="stop"/>Cancel the rest</button>`}</div></header>
    <div class="bar"><div class="segs" role="group" aria-label="Show"><button class="seg ${only ? '' : 'on'}" aria-pressed=${!only} onClick=${() => setOnly(false)}>All</button><button class="seg ${only ? 'on' : ''}" aria-pressed=${only} onClick=${() => setOnly(true)}>Kept (${batch.kept.length})</button></div>
      <span class="push"></span>${kept.length > 0 && html`<button onClick=${fetchKept}><${Icon} name="down"/>Download ${count(kept.length, 'file')}</button>`}
      ${kept.length === 2 && html`<button onClick=${() => go(`/compare/${kept[0].id}/${kept[1].id}`)}><${Icon} name="compare"/>Compare</button>`}</div>
    ${shown.length ? html`<ul class="seeds">${shown.map(c => html`<${Cell} key=${c.jobId} ...${c} isKept=${batch.kept.includes(c.jobId)} onKeep=${() => toggle(c.jobId)}/>`)}</ul>` : html`<${Empty} icon="check" title="Nothing kept yet" text="Keep a seed, and it is here."/>`}
  </div>`;
}
