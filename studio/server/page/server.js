// The server's side of the page: it asks /api/v1, remembers the answers, and calls watchers when one changed.
import {steps, explain, ended, sortedJobs} from './parts/jobs.js';

const API = '/api/v1', LINE = '/jobs?state=running&state=queued&order=next&limit=50', MOST_PAST = 1000;
const watchers = new Set(), graphs = new Map(), jobs = new Map(), results = new Map(), media = new Map(), plans = new Map(), lasts = new Map();
let cards = [], recents = [], asked = false, viewed = '';
export const link = {state: 'open', draining: false, needsToken: false, name: null, scope: null, ready: false, failed: ''};
export const device = {name: 'machine', cores: 1};
export let counts = {};
export let nextEnded = null;

export const watch = f => { watchers.add(f); return () => watchers.delete(f); };
function tell() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; watchers.forEach(f => f()); });
}

export class Problem extends Error {
  constructor(body, status) { super(body.detail || 'The server did not answer.'); Object.assign(this, {status, code: body.code || '', hint: body.hint || '', retry: !!body.retry, findings: body.findings || []}); }
}
async function ask(path, options = {}) {
  let answer;
  try { answer = await fetch(API + path, options); } catch { link.state = 'lost'; tell(); throw new Problem({detail: 'The server does not answer.', hint: 'Is it running?', retry: true}, 0); }
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  if (answer.status === 401) { link.needsToken = true; tell(); }
  if (body.code === 'E818') { link.draining = true; tell(); }
  throw new Problem(body, answer.status);
}
const send = (path, body, method = 'POST') => ask(path, {method, body: body === undefined ? undefined : JSON.stringify(body), headers: {'content-type': 'application/json'}});

// -- start -----------------------------------------------------------------------------------------------
export async function connect() {
  try {
    Object.assign(link, await ask('/session'));
    link.needsToken = false;
    const [list, made, first, queue] = await Promise.all([ask('/graphs'), ask('/results?limit=12'), ask(LINE), ask('/jobs?limit=50')]);
    cards = list.graphs; recents = made.results.map(keepResult); takeJobs(first); takeJobs(queue);
    link.ready = true; link.failed = '';
    ask('/device').then(found => { Object.assign(device, found); tell(); }).catch(() => {});
    listen();
  } catch (problem) { if (!link.needsToken) { link.failed = problem.message; setTimeout(connect, 3000); } }
  tell();
}
export async function giveToken(token) { Object.assign(link, await send('/session', {token})); link.needsToken = false; await connect(); }
export async function forgetToken() { await ask('/session', {method: 'DELETE'}); location.reload(); }

// -- graphs ----------------------------------------------------------------------------------------------
export const listGraphs = () => cards;
export function getGraph(name) {          // undefined while it is asked for, null if there is none
  if (!graphs.has(name)) { graphs.set(name, undefined); loadGraph(name); }
  return graphs.get(name);
}
async function loadGraph(name) {
  try {
    const graph = await ask(`/graphs/${encodeURIComponent(name)}`);
    for (const spec of Object.values(graph.inputs || {})) spec.default = spec.media ? showMedia(spec.media) : spec.default;
    graphs.set(name, Array.isArray(graph.nodes) ? graph : {...graph, nodes: [], inputs: {}, outputs: {}});
  } catch (problem) { if (problem.status === 404) graphs.set(name, null); else { graphs.delete(name); if (problem.status) setTimeout(tell, 2000); return; } }
  tell();
}
export const titleOf = name => cards.find(g => g.name === name)?.title || name || 'A graph of your own';
// Which nodes depend on an input.
export function reach(graph, input) {
  const hit = new Set(graph.nodes.filter(n => n.uses.includes(input)).map(n => n.id));
  for (let grown = -1; grown !== hit.size;) { grown = hit.size; for (const n of graph.nodes) if (n.needs.some(x => hit.has(x))) hit.add(n.id); }
  return hit;
}
// What is plainly wrong; the server checks all of it.
export function check(graph, values) {
  const bad = {}, plain = /^(int|float|number)$/;
  for (const [k, spec] of Object.entries(graph.inputs)) {
    const v = values[k], empty = v == null || v === '';
    if (plain.test(spec.type) && !(empty && spec.optional)) {
      if (empty || Number.isNaN(+v)) bad[k] = {message: 'This needs a number.'};
      else if (spec.minimum != null && +v < spec.minimum) bad[k] = {message: `The smallest value is ${spec.minimum}.`};
      else if (spec.maximum != null && +v > spec.maximum) bad[k] = {message: `The largest value is ${spec.maximum}.`};
      else if (spec.type === 'int' && !Number.isInteger(+v)) bad[k] = {message: 'This needs a whole number.'};
    } else if (v == null && spec.required) bad[k] = {message: /image|mask|audio|video/.test(spec.type) ? 'This needs a file.' : 'This needs a value.'};
  }
  return bad;
}

// -- values: files are shown as media, and sent by their digests ------------------------------------------
const isFile = v => v && typeof v === 'object' && typeof v.file === 'string' && Object.keys(v).length === 1;
function showMedia(m) { if (Array.isArray(m)) return m.map(showMedia); if (m?.key) media.set(m.key, {...media.get(m.key), ...m}); return m; }
export function show(value) {
  if (Array.isArray(value)) return value.map(show);
  if (!isFile(value)) return value;
  const known = media.get(value.file);
  if (known) return known;
  const fresh = {key: value.file, url: `${API}/files/${value.file}`, name: 'a file'};
  media.set(value.file, fresh);
  ask(`/files/${value.file}/media`).then(found => { Object.assign(fresh, found, {name: nameOf(value.file) || found.name || 'a file'}); tell(); }).catch(() => {});
  return fresh;
}
const showAll = values => Object.fromEntries(Object.entries(values || {}).map(([k, v]) => [k, show(v)]));
const plain = v => Array.isArray(v) ? v.map(plain) : v?.key ? {file: v.key} : v;
const plainAll = values => Object.fromEntries(Object.entries(values).map(([k, v]) => [k, plain(v)]));
function toValues(graph, values) {
  const out = {};
  if (!graph.inputs) return plainAll(values);
  for (const [k, spec] of Object.entries(graph.inputs)) {
    const v = values[k];
    if (v === undefined || v === spec.default || v === null && !spec.optional) { if (v != null && !hasFile(v)) out[k] = v; continue; }
    out[k] = v === '' && spec.type !== 'text' ? null : plain(v);
  }
  return out;
}
const hasFile = v => Array.isArray(v) ? v.some(hasFile) : !!v?.url || !!v?.key || v && typeof v === 'object' && 'name' in v;
function nameOf(key) { try { return JSON.parse(localStorage.getItem('names') || '{}')[key]; } catch { return ''; } }
function keepName(key, name) {
  try { const all = Object.entries(JSON.parse(localStorage.getItem('names') || '{}')).slice(-199); localStorage.setItem('names', JSON.stringify(Object.fromEntries([...all, [key, name]]))); } catch {}
}
export async function upload(file) {
  const name = file.name || 'pasted image.png';
  const kept = await ask(`/files?name=${encodeURIComponent(name.slice(-200))}`, {method: 'POST', body: file, headers: {'content-type': 'application/octet-stream'}});
  const found = await ask(`/files/${kept.digest}/media`);
  keepName(kept.digest, name);
  return showMedia({...found, name});
}

// -- forecast --------------------------------------------------------------------------------------------
const timers = new Map();
export function forecast(graph, values) {   // the last one known; a new one is asked for when the values rest
  const key = JSON.stringify(toValues(graph, values)), known = plans.get(graph.name);
  if (known?.key !== key && known?.wanted !== key) {
    plans.set(graph.name, {...known, wanted: key});
    clearTimeout(timers.get(graph.name));
    timers.set(graph.name, setTimeout(() => refresh(graph, key), known?.key ? 200 : 0));
  }
  return known?.plan || {seconds: null, nodes: {}, findings: [], fresh: false};
}
async function refresh(graph, key) {
  try {
    const plan = await send(`/graphs/${encodeURIComponent(graph.name)}/forecast`, {values: JSON.parse(key)});
    if (plans.get(graph.name)?.wanted === key) plans.set(graph.name, {key, wanted: key, plan: {...plan, fresh: true}});
  } catch { const known = plans.get(graph.name); if (known?.wanted === key) plans.set(graph.name, {...known, key}); }
  tell();
}
const forgetPlans = name => { const known = plans.get(name); if (known) plans.set(name, {plan: known.plan, key: ' '}); };

// -- results ---------------------------------------------------------------------------------------------
function keepResult(r) {
  if (r.media) { r.media.name ||= r.file; showMedia(r.media); }
  const isPart = !r.values || !r.seconds_by_node, old = results.get(r.id);   // lists leave out what is large
  const kept = isPart && old && !old.isPart ? old : {...r, isPart, made: r.made * 1000, values: showAll(r.values)};
  results.set(r.id, kept);
  return kept;
}
export const listRecent = () => recents;
export function getResult(id) {
  if (!results.has(id) || results.get(id)?.isPart) { results.set(id, undefined); ask(`/results/${id}`).then(keepResult).catch(() => results.set(id, null)).finally(tell); }
  return results.get(id);
}
export async function findResults({type = '', words = '', graph = '', cursor = '', limit = 60} = {}) {
  const query = new URLSearchParams({limit, ...words && {words}, ...graph && {graph}, ...cursor && {cursor}});
  [].concat(type || []).forEach(t => query.append('type', t));
  const page = await ask(`/results?${query}`);
  return {list: page.results.map(keepResult), next: page.next};
}
export function lastOf(graph) {
  if (!lasts.has(graph)) { lasts.set(graph, undefined); findResults({graph, limit: 4}).then(({list}) => { lasts.set(graph, list.find(r => r.type !== 'text') || list[0] || null); tell(); }).catch(() => lasts.delete(graph)); }
  return lasts.get(graph);
}

// -- jobs ------------------------------------------------------------------------------------------------
export const listJobs = () => sortedJobs(jobs);
export function getJob(id) {
  if (!id) return undefined;
  if (!jobs.has(id)) { jobs.set(id, null); ask(`/jobs/${id}`).then(takeJob).catch(() => {}).finally(tell); }
  return jobs.get(id) || undefined;
}
export const findJob = id => jobs.get(id) || undefined;
// Ask for jobs that have not ended as far as is known, and for what those made that have.
export async function refreshJobs(ids) {
  for (const id of ids) {
    const job = jobs.get(id);
    if (!job || !ended(job)) await ask(`/jobs/${id}`).then(takeJob).then(tell).catch(() => {});
    complete(id, false);
  }
}
function takeJob(row) {
  const old = jobs.get(row.id) || {nodes: {}, plan: null, outputs: []}, change = {...row};
  for (const time of ['made', 'started', 'ended']) if (change[time]) change[time] *= 1000;
  if (change.values) change.values = showAll(change.values);
  if (change.outputs) { change.files = change.outputs; change.outputs = old.outputs || []; }
  if (row.preview?.image) { change.preview = row.preview.image; change.previewOf = row.preview.node.split('/')[0]; } else delete change.preview;
  if (row.error) change.problem = explain(row.error, change.values || old.values);
  change.raw = change.nodes ? {...old.raw, ...change.nodes} : old.raw || {};
  const job = {...old, ...change};
  if (!job.title) job.title = titleOf(job.graph);
  job.nodes = steps(job.raw);
  jobs.set(row.id, job);
  if (ended(job) && old.state && !ended(old)) { lasts.delete(job.graph); forgetPlans(job.graph); complete(row.id, true); }
  else if (row.id === viewed) complete(row.id, false);
  return job;
}
// What a list leaves out of a job that has ended: its nodes, and what its files look like.
function complete(id, isNew) {
  const job = jobs.get(id);
  if (!job || !ended(job) || job.asked) return;
  job.asked = true;
  if (!Object.keys(job.raw).length) ask(`/jobs/${id}`).then(takeJob).then(tell).catch(() => {});
  if (!job.files?.length && job.state !== 'succeeded') return;
  ask(`/results?job=${id}&limit=200`).then(page => {
    const found = page.results.map(keepResult), now = jobs.get(id);
    if (now) jobs.set(id, {...now, outputs: found});
    if (isNew) { recents = [...found, ...recents].slice(0, 12); freshen(job.graph); }
    tell();
  }).catch(() => {});
}
async function freshen(graph) {            // the card has a new cover, the nodes have new times
  try { cards = (await ask('/graphs')).graphs; } catch {}
  if (graphs.get(graph)) loadGraph(graph);
}
function takeJobs(page) {
  page.jobs.forEach(takeJob);
  if (page.counts) counts = page.counts;
  if (nextEnded === null && page.next) nextEnded = page.next;
  const past = [...jobs.values()].filter(j => j && ended(j) && j.id !== viewed).sort((a, b) => b.ended - a.ended);
  past.slice(MOST_PAST).forEach(j => jobs.delete(j.id));
}
// The line of waiting jobs, 50 at a time: the first page comes with those that run, the others are asked for.
export const line = {skip: 0, ids: []};
async function loadLine(skip = line.skip) {
  const found = skip > 0 ? await ask(`/jobs?state=queued&order=next&limit=50&offset=${skip}`) : {jobs: []};
  takeJobs({...found, next: null});
  Object.assign(line, {skip: found.jobs.length ? skip : 0, ids: found.jobs.map(j => j.id)});
}
export async function turnLine(skip) { await loadLine(skip); tell(); }
let refreshing = null;
function refreshSoon() { refreshing ??= setTimeout(async () => { refreshing = null; try { const [first, queue] = await Promise.all([ask(LINE), ask('/jobs?limit=50')]); takeJobs(first); takeJobs(queue); await loadLine(); follow(); } catch {} tell(); }, 400); }
export async function moreJobs() {
  const page = await ask(`/jobs?limit=100&cursor=${nextEnded}`);
  nextEnded = page.next || ''; page.jobs.forEach(takeJob); tell();
}
export async function submit(graph, values, more = {}) {
  const job = takeJob(await send(`/graphs/${encodeURIComponent(graph.name)}/jobs`, {values: toValues(graph, values), ...more}));
  job.plan = plans.get(graph.name)?.plan || null;
  follow(); refreshSoon(); tell();
  return job;
}
const doTo = (id, what, body) => send(`/jobs/${id}/${what}`, body).then(row => { takeJob(row); refreshSoon(); tell(); });
export const cancel = id => doTo(id, 'cancel');
export const retry = id => { const job = jobs.get(id); if (job) jobs.set(id, {...job, raw: {}, asked: false, files: [], outputs: [], problem: null, error: null}); return doTo(id, 'retry'); };
export const move = (id, by) => doTo(id, 'move', {by});
export async function clearEnded() {
  await ask('/jobs?state=ended', {method: 'DELETE'});
  for (const [id, job] of jobs) if (job && ended(job)) jobs.delete(id);
  nextEnded = ''; refreshSoon(); tell();
}

// -- events: one stream for the list, one for the job that is looked at or runs ---------------------------
let all = null, one = null, wait = 500;
const read = e => JSON.parse(e.data);
function listen() {
  all?.close();
  all = new EventSource(`${API}/events`);
  all.onopen = () => { wait = 500; const was = link.state; link.state = 'open'; link.draining = false; if (was === 'lost') refreshSoon(); tell(); };
  all.addEventListener('snapshot', e => { read(e).jobs.forEach(takeJob); follow(); tell(); });
  all.addEventListener('job', e => { const row = read(e); if (jobs.get(row.id)) takeJob(row); follow(); refreshSoon(); tell(); });
  all.addEventListener('server', e => { Object.assign(link, read(e)); tell(); });
  all.onerror = () => { link.state = 'lost'; tell(); if (all.readyState === 2) { wait = Math.min(wait * 2, 15000); setTimeout(reconnect, wait); } };
}
async function reconnect() {
  try { Object.assign(link, await ask('/session')); listen(); } catch { if (!link.needsToken && !document.hidden) setTimeout(reconnect, wait = Math.min(wait * 2, 15000)); }
}
export function view(id) { if (viewed !== id) { viewed = id || ''; follow(); complete(viewed, false); } }
function follow() {
  const wanted = [jobs.get(viewed), ...jobs.values()].find(j => j?.state === 'running')?.id || '';
  if (one?.id === wanted) return;
  one?.stream.close(); one = null;
  if (!wanted) return;
  const stream = new EventSource(`${API}/jobs/${wanted}/events`);
  one = {id: wanted, stream};
  const change = (row, more) => { const job = jobs.get(wanted); if (job) { takeJob({id: wanted, ...row}); Object.assign(jobs.get(wanted), more); tell(); } };
  stream.addEventListener('snapshot', e => change(read(e)));
  stream.addEventListener('node', e => { const {node, progress, ...rest} = read(e), job = jobs.get(wanted); if (job) change({nodes: {[node]: {...job.raw[node], ...rest}}, ...progress != null && {progress}}); });
  stream.addEventListener('preview', e => { const {node, image} = read(e); change({}, {preview: image, previewOf: node.split('/')[0]}); });
  stream.addEventListener('job', e => { const row = read(e); change(row); if (/succeeded|failed|cancelled/.test(row.state)) { stream.close(); ask(`/jobs/${wanted}`).then(takeJob).then(tell).catch(() => {}); one = null; follow(); } });
  stream.onerror = () => { if (stream.readyState === 2) { one = null; setTimeout(follow, 1000); } };
}
addEventListener('visibilitychange', () => { if (document.hidden) { all?.close(); one?.stream.close(); one = null; } else if (link.ready && !link.needsToken) { listen(); refreshSoon(); } });
