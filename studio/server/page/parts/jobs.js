// Jobs as people see them: steps of the graph, what is left, and errors in plain words.
import {label} from './format.js';

export const ended = job => ['succeeded', 'failed', 'cancelled'].includes(job.state);
const rank = {running: 0, queued: 1};
// Running first, then those that wait in their order, then those that ended, the newest first.
export const sortedJobs = jobs => [...jobs.values()].filter(j => j?.state).sort((a, b) =>
  (rank[a.state] ?? 2) - (rank[b.state] ?? 2) || (a.state === 'queued' ? (a.place ?? 0) - (b.place ?? 0) : (b.ended || b.made || 0) - (a.ended || a.made || 0)));

// Nodes of inner graphs are named "outer/inner", and readers of files "file:...": people see the outer nodes.
export function steps(raw) {
  const groups = {};
  for (const [id, node] of Object.entries(raw || {})) if (!id.startsWith('file:')) (groups[id.split('/')[0]] ??= []).push(node);
  return Object.fromEntries(Object.entries(groups).map(([id, nodes]) => [id, join(nodes)]));
}
function join(nodes) {
  const states = new Set(nodes.map(n => n.state)), live = nodes.filter(n => n.state === 'running').pop();
  const state = states.has('running') ? 'running' : states.has('failed') ? 'failed' : states.has('done') ? 'done' : states.has('cached') ? 'cached' : states.has('skipped') ? 'skipped' : 'waiting';
  return {state, done: live?.done || 0, total: live?.total || 0, took: nodes.reduce((a, n) => a + (n.took || 0), 0), reason: nodes.find(n => n.reason)?.reason};
}
// Seconds that a job still needs, from the times of its nodes; null if they are not known.
export function left(job, graph) {
  const times = job.plan?.nodes || {};
  let sum = 0, known = false;
  for (const n of graph?.nodes || []) {
    const seconds = times[n.id]?.seconds ?? n.seconds, now = job.nodes[n.id];
    if (seconds == null) continue;
    known = true;
    if (!now || now.state === 'waiting') sum += seconds;
    else if (now.state === 'running') sum += seconds * (1 - (now.total ? now.done / now.total : 0));
  }
  return known ? sum : null;
}

const titles = {E511: 'The file is broken', E402: 'There was not enough memory', E401: 'There was not enough memory', E304: 'It took too long', E601: 'Weights are missing', E602: 'Weights are missing', E822: 'The server stopped while it ran', E129: 'A file is missing'};
const names = value => Array.isArray(value) ? value.flatMap(names) : value?.key ? [value.key] : [];
export function explain(error, values = {}) {
  const node = error.node || (error.where || '').match(/^\/nodes\/([^#]*)/)?.[1]?.replaceAll('~1', '/') || '';
  const key = node.match(/blake3:[0-9a-f]{64}/)?.[0];
  const input = (error.where || '').match(/^\/(?:inputs|values)\/([^/]+)/)?.[1] || Object.keys(values).find(k => key && names(values[k]).includes(key)) || null;
  const at = node && !node.startsWith('file:') ? node.split('/')[0] : '';
  const text = (error.message || '').replace(/^node '[^']*' \([^)]*\): /, '').replace(/blake3:[0-9a-f]{64}(: )?/g, '').trim();
  const said = t => t ? t[0].toUpperCase() + t.slice(1) + (/[.!?]$/.test(t) ? '' : '.') : '';
  return {...error, node, at, input, title: titles[error.code] || (at ? `“${label(at)}” failed` : input ? `${label(input)} cannot be used` : 'It failed'), text: said(text), help: said(error.hint || '')};
}
