// Control-K: every graph and place, by typing a few letters.
import {html, useState, useEffect, useRef} from '../lib.js';
import {Icon, typeIcon} from './icons.js';
import {Dialog} from './dialog.js';
import {go, update, setTheme, isDark} from '../store.js';
import * as server from '../server.js';

export function Palette() {
  const [words, setWords] = useState(''), [at, setAt] = useState(0), close = () => update({palette: false}), list = useRef();
  const all = [...server.listGraphs().filter(g => g.state === 'ready').map(g => ({icon: typeIcon[g.makes[0]?.type] || 'graphs', text: g.title, note: 'graph', act: () => go(`/graphs/${g.name}`)})),
    {icon: 'gallery', text: 'Gallery', note: 'place', act: () => go('/gallery')}, {icon: 'queue', text: 'Queue', note: 'place', act: () => go('/queue')},
    {icon: isDark() ? 'sun' : 'moon', text: isDark() ? 'Light theme' : 'Dark theme', note: 'setting', act: () => setTheme(isDark() ? 'light' : 'dark')}];
  if (server.link.name) all.push({icon: 'cross', text: 'Forget the token', note: 'setting', act: server.forgetToken});
  const fits = all.filter(x => words.toLowerCase().split(/\s+/).every(w => x.text.toLowerCase().includes(w)));
  const pick = i => { if (fits[i]) { close(); fits[i].act(); } };
  const key = e => { const n = fits.length || 1; if (e.key === 'ArrowDown') { e.preventDefault(); setAt((at + 1) % n); } else if (e.key === 'ArrowUp') { e.preventDefault(); setAt((at + n - 1) % n); } else if (e.key === 'Enter') { e.preventDefault(); pick(at); } };
  useEffect(() => { list.current?.querySelector('.on')?.scrollIntoView({block: 'nearest'}); }, [at]);
  return html`<${Dialog} title="Go to" bare onClose=${close}><div class="palette-box">
    <label class="palette-find"><${Icon} name="search"/><input type="text" role="combobox" aria-expanded="true" aria-controls="go-list" aria-activedescendant="go-${at}" aria-label="Go to a graph or a place" placeholder="Go to…" autofocus value=${words} onInput=${e => { setWords(e.target.value); setAt(0); }} onKeyDown=${key}/><kbd>esc</kbd></label>
    <ul id="go-list" role="listbox" aria-label="Places" ref=${list}>${fits.map((x, i) => html`<li id="go-${i}" role="option" aria-selected=${i === at} class=${i === at ? 'on' : ''} onMouseMove=${() => setAt(i)} onClick=${() => pick(i)}><${Icon} name=${x.icon}/>${x.text}<span class="soft">${x.note}</span></li>`)}</ul>
    ${!fits.length && html`<p class="soft pad">Nothing is called that.</p>`}</div><//>`;
}
