// Sets of runs that differ in their seed: which jobs they are, and which results are kept. This browser remembers the last of them.
import * as server from '../server.js';

const MOST_REMEMBERED = 20;
const load = () => { try { return JSON.parse(localStorage.getItem('batches') || '{}'); } catch { return {}; } };
function save(id, batch) {
  const rest = Object.entries(load()).filter(([k]) => k !== id).slice(1 - MOST_REMEMBERED);
  try { localStorage.setItem('batches', JSON.stringify(Object.fromEntries([...rest, [id, batch]]))); } catch {}
}
export const find = id => load()[id] || null;
export function keep(id, job) {
  const batch = find(id);
  if (batch) save(id, {...batch, kept: batch.kept.includes(job) ? batch.kept.filter(k => k !== job) : [...batch.kept, job]});
}
// Queue a job for each seed, and return the set's id; what is refused is thrown when nothing was taken.
export async function start(graph, values, name, seeds) {
  const id = Date.now().toString(36) + Math.floor(Math.random() * 1296).toString(36), jobs = [];
  let problem = null;
  for (const seed of seeds) {
    try { jobs.push([(await server.submit(graph, {...values, [name]: seed}, {metadata: {seeds: id}})).id, seed]); } catch (found) { problem = found; break; }
    if (jobs.length % 10 === 1) save(id, {graph: graph.name, title: graph.title, name, jobs, kept: []});
  }
  if (!jobs.length) throw problem;
  save(id, {graph: graph.name, title: graph.title, name, jobs, kept: []});
  return {id, problem, missing: seeds.length - jobs.length};
}
