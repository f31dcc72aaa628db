// Screens 2 and 3: a graph's form, and beside it what it makes. They are one place, so that a change is one key away from its result.
import {html, useEffect, useMemo, useState} from '../lib.js';
import {Icon} from '../parts/icons.js';
import {Field} from '../parts/fields.js';
import {Stage} from './stage.js';
import {duration, count, label, mod, same} from '../parts/format.js';
import {Empty} from '../parts/empty.js';
import {seedInput, readList} from '../parts/seeds.js';
import {state, go, say, useStore, update} from '../store.js';
import * as server from '../server.js';

const drafts = {};                      // what was typed stays while the page is open

// Two files in a row stand side by side.
const grouped = fields => fields.reduce((out, f) => { const last = out.at(-1), file = x => ['image', 'video'].includes(x[1].type); if (last?.length === 1 && file(last[0]) && file(f)) last.push(f); else out.push([f]); return out; }, []);
const defaultsOf = graph => Object.fromEntries(Object.entries(graph.inputs).map(([k, v]) => [k, v.default ?? null]));

export function Bench(props) {
  useStore(server.watch);
  const graph = server.getGraph(props.name);
  useEffect(() => { document.title = `${graph?.title || props.name} · Studio`; }, [graph]);
  if (graph === undefined) return html`<div class="page" aria-busy="true"><h1 class="sr">${props.name}</h1></div>`;
  if (!graph) return html`<div class="page"><${Empty} alone icon="graphs" title="There is no graph “${props.name}”" text="It may have been renamed or taken away."><a class="button" href="#/">See all graphs</a><//></div>`;
  if (graph.state !== 'ready') return html`<div class="page"><${Empty} alone icon="warn" title="This graph cannot run" text="${graph.why}. ${graph.hint}"><a class="button" href="#/">See all graphs</a><//></div>`;
  return html`<${Form} key=${props.name} graph=${graph} ...${props}/>`;
}

function Form({graph, name, jobId}) {
  const defaults = useMemo(() => defaultsOf(graph), [graph]), job = jobId ? server.getJob(jobId) : server.listJobs().filter(j => j.graph === name).sort((a, b) => b.made - a.made)[0];
  const [values, setValues] = useState(() => drafts[name] || defaults);
  const seedName = seedInput(graph), [several, setSeveral] = useState('');
  const [lit, setLit] = useState(null), [errors, setErrors] = useState({}), [sending, setSending] = useState(false);
  useEffect(() => {                      // values handed over by “make again” or “use as input”, or those of the job that is looked at
    const handed = state.handoff?.graph === name ? state.handoff.values : null;
    if (handed) { setValues(drafts[name] = {...defaults, ...handed}); setErrors({}); update({handoff: null}); }
    else if (jobId && job?.values && !drafts[name]) setValues({...defaults, ...job.values});
  }, [name, jobId, !!job?.values, state.handoff]);
  useEffect(() => { server.view(job?.id); return () => server.view(''); }, [job?.id]);

  const set = k => v => { const next = {...values, [k]: v}; drafts[name] = next; setValues(next); if (errors[k]) setErrors(server.check(graph, next)); };
  const plan = server.forecast(graph, values), at = id => plan.nodes[id]?.state || 'waiting', ran = graph.nodes.filter(n => at(n.id) === 'waiting').length, kept = graph.nodes.filter(n => at(n.id) === 'cached').length;
  const found = Object.fromEntries(plan.findings.filter(f => f.input in graph.inputs).map(f => [f.input, {message: sentence(f)}]));
  const seeds = seedName && several.trim() ? readList(several, values[seedName]) : [], many = Array.isArray(seeds) && seeds.length > 0;
  const runs = many ? seeds.length : 1, busy = server.counts.running > 0 || server.counts.queued > 0;
  const seek = bad => { const first = Object.keys(graph.inputs).find(k => bad[k]), f = first && document.querySelector(`[data-name="${CSS.escape(first)}"]`); f?.closest('details')?.setAttribute('open', ''); f?.querySelector('input,textarea,select,button')?.focus(); };
  const run = async e => {
    e?.preventDefault();
    if (sending) return;
    const bad = server.check(graph, values);
    setErrors(bad);
    if (Object.keys(bad).length) return seek(bad);
    if (typeof seeds === 'string') return document.getElementById('several')?.focus();
    setSending(true);
    try {
      if (many) {
        const {start} = await import('../parts/batches.js'), made = await start(graph, values, seedName, seeds);
        if (made.problem) say(`${count(made.missing, 'seed')} not taken. ${made.problem.message}`);
        return go(`/seeds/${made.id}`);
      }
      const j = await server.submit(graph, values);
      if (j.state === 'queued' && busy) say('It is in the queue.', {label: 'See the queue', to: '#/queue'});
      go(`/graphs/${name}/${j.id}`);
      if (innerWidth <= 720) requestAnimationFrame(() => document.querySelector('.stage')?.scrollIntoView({block: 'start'}));
    } catch (problem) {
      const wrong = Object.fromEntries(problem.findings.map(f => [f.where.split('/')[2], {message: sentence(f)}]).filter(([k]) => k in graph.inputs));
      setErrors(wrong);
      if (Object.keys(wrong).length) seek(wrong); else say(`${problem.message}. ${problem.hint}`);
    }
    setSending(false);
  };
  useEffect(() => {
    const key = e => { if (e.key === 'Enter' && (e.metaKey || e.ctrlKey) && !document.querySelector('dialog[open]')) run(e); };
    addEventListener('keydown', key); return () => removeEventListener('keydown', key);
  });
  const current = !!job?.values && Object.keys(graph.inputs).every(k => same(job.values[k] ?? graph.inputs[k].default, values[k]));
  const failed = k => job?.problem?.input === k && same(job.values?.[k] ?? graph.inputs[k].default, values[k]) ? {message: job.problem.title + '.'} : null;
  const field = ([k, spec]) => html`<${Field} key=${name + k} id="in-${k}" name=${k} spec=${spec} value=${values[k]} values=${values} onChange=${set(k)} error=${errors[k] || found[k] || failed(k)} onReach=${k => setLit(k)}/>`;
  const fields = Object.entries(graph.inputs), plainOnes = fields.filter(([, s]) => !s.advanced), folded = fields.filter(([, s]) => s.advanced), moved = folded.filter(([k, s]) => !same(values[k], s.default ?? null)).length;
  const wrong = Object.keys({...errors, ...found}).length, steps = graph.nodes.length;
  const reach = useMemo(() => lit && server.reach(graph, lit), [lit, graph]);
  return html`<div class="bench">
    <form class="form" aria-label="Inputs of ${graph.title}" onSubmit=${run} noValidate>
      <header class="form-head"><a class="crumb" href="#/"><${Icon} name="back" size="14"/>Graphs</a><h1>${graph.title}</h1><p class="help">${graph.about}</p></header>
      <div class="fields">
        ${grouped(plainOnes).map(g => g.length > 1 ? html`<div class="field-pair">${g.map(field)}</div>` : field(g[0]))}
        ${!fields.length && html`<p class="soft">This graph has no inputs.</p>`}
        ${folded.length > 0 && html`<details class="advanced"><summary><${Icon} name="chevron" size="14"/>Advanced<span class="soft">${folded.map(([k]) => label(k).toLowerCase()).join(', ')}${moved ? html`<b> · ${moved} changed</b>` : ''}</span></summary>${folded.map(field)}</details>`}
        ${seedName && html`<details class="advanced"><summary><${Icon} name="chevron" size="14"/>Several seeds<span class="soft">${many ? count(seeds.length, 'run') : 'one form, many runs'}</span></summary>
          <div class="field ${typeof seeds === 'string' ? 'bad' : ''}"><div class="field-head"><label class="label" for="several">Seeds</label></div><input id="several" type="text" autocomplete="off" spellcheck="false" placeholder="12, or 3, 7, 20-29" value=${several} aria-describedby="several-help" aria-invalid=${typeof seeds === 'string' ? 'true' : undefined} onInput=${e => setSeveral(e.target.value)}/>
            <p class="help" id="several-help">${typeof seeds === 'string' ? html`<span class="field-error"><${Icon} name="warn" size="13"/>${seeds}</span>` : `How many, counted from ${label(seedName).toLowerCase()}, such as 12; or which, such as 3, 7, 20-29.`}</p></div></details>`}
      </div>
      <footer class="form-foot">
        <p class="plan" role="status">${wrong ? html`<span class="field-error"><${Icon} name="warn" size="14"/>${count(wrong, 'input needs', 'inputs need')} another value</span>`
          : !plan.fresh ? html`<span class="soft">${count(steps, 'step')}</span>`
          : ran ? html`<b>${plan.seconds == null ? 'Not timed yet' : plan.seconds * runs < 1 ? 'Under 1 s' : `About ${duration(plan.seconds * runs)}`}</b><span class="soft">${kept ? `${kept} of ${steps} steps are in the cache` : count(ran, 'step')}</span>`
          : html`<b>At once</b><span class="soft">everything is in the cache</span>`}</p>
        <button class="main large" type="submit" disabled=${sending || server.link.draining}>${many ? `Run ${seeds.length}` : busy ? 'Add to queue' : 'Run'}<kbd aria-hidden="true">${mod}↵</kbd></button>
      </footer>
    </form>
    <${Stage} graph=${graph} job=${job} plan=${plan} current=${current} lit=${reach} litName=${lit} onAgain=${run}/>
  </div>`;
}
const sentence = f => { const t = `${f.message}${f.expected ? `; expected ${f.expected}` : ''}`; return t[0].toUpperCase() + t.slice(1) + '.'; };
