// Numbers as people say them.
export const mod = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl ';
export function duration(s) {
  if (s == null) return '';
  if (s < .05) return 'no time';
  if (s < 1) return 'under 1 s';
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  return `${(s / 3600).toFixed(1)} h`;
}
export const precise = s => s < .1 ? `${Math.max(1, Math.round(s * 1000))} ms` : s < 10 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`;
export const clock = s => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`;
export const bytes = n => n < 1e3 ? `${n} bytes` : n < 1e6 ? `${Math.round(n / 1e3)} kB` : `${(n / 1e6).toFixed(1)} MB`;
export const stepOf = n => n.total > 1000 ? `${Math.floor(100 * n.done / n.total)}%` : `step ${n.done} of ${n.total}`;
export const count = (n, one, many = one + 's') => `${n} ${n === 1 ? one : many}`;
export const label = name => (name[0].toUpperCase() + name.slice(1)).replaceAll('_', ' ');
export function ago(when) {
  const s = (Date.now() - new Date(when)) / 1000;
  if (s < 60) return 'just now';
  if (s < 3600) return `${Math.round(s / 60)} min ago`;
  if (s < 86400) return `${Math.round(s / 3600)} h ago`;
  return new Date(when).toLocaleDateString('en', {day: 'numeric', month: 'short'});
}
export const short = v => v == null || v === '' ? 'none' : Array.isArray(v) ? (typeof v[0] === 'object' ? count(v.length, 'entry', 'entries') : v.join(', ')) : typeof v === 'object' ? v.name || v.model || 'a file' : String(v);
const mark = v => Array.isArray(v) ? v.map(mark) : v?.key ?? v?.url ?? v ?? null;
export const same = (a, b) => JSON.stringify(mark(a)) === JSON.stringify(mark(b));
export const saying = values => { const v = values || {}, said = v.prompt ?? v.caption ?? v.text ?? v.title ?? v.words; return typeof said === 'string' ? said : Array.isArray(said) && typeof said[0] === 'string' ? said.join(', ') : ''; };
export const seedOf = values => ['seed', 'first'].find(k => Number.isInteger(values?.[k]));
export const newSeed = () => Math.floor(Math.random() * 1e6);
