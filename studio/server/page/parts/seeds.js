// What people write for several seeds: "12" for twelve that count up, or "3, 7, 20-29" for these.
export const MOST_SEEDS = 200;

export const seedInput = graph => Object.keys(graph.inputs).find(k => graph.inputs[k].type === 'int' && (graph.inputs[k].kind === 'seed' || !graph.inputs[k].kind && k === 'seed'));

export function readList(text, first) {   // an error as text, or the seeds
  const t = text.trim(), out = [];
  if (!t) return [];
  if (/^\d+$/.test(t)) { if (+t > MOST_SEEDS || +t < 1) return `Take 1 to ${MOST_SEEDS} seeds.`; return Array.from({length: +t}, (_, i) => (Number.isInteger(+first) ? +first : 0) + i); }
  for (const part of t.split(/[\s,;]+/).filter(Boolean)) {
    const m = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part);
    if (!m || m[2] != null && +m[2] < +m[1]) return `“${part}” is not a seed, such as 7, or a range, such as 20-29.`;
    if ((m[2] ?? m[1]) - m[1] + out.length >= MOST_SEEDS) return `Take 1 to ${MOST_SEEDS} seeds.`;
    for (let s = +m[1]; s <= +(m[2] ?? m[1]); s++) if (!out.includes(s)) out.push(s);
  }
  return out;
}
