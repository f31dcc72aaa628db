// One field for each type a graph's input can have. The words around it (label, help, error, reset) are the same for all.
import {html, useEffect, useRef, useState} from '../lib.js';
import {Icon} from './icons.js';
import {label, same, newSeed} from './format.js';
import {Drop, AddFile} from './drop.js';
import {lazy} from './lazy.js';

const Paint = lazy('Paint', () => import('./paint.js'));

const isLong = (name, spec) => spec.kind ? spec.kind === 'long' : /prompt|text|story|change/.test(name) && name !== 'negative_prompt' || String(spec.default || '').length > 60;

function Text({id, name, spec, value, onChange, ...aria}) {
  const el = useRef();
  useEffect(() => { if (el.current) { el.current.style.height = 'auto'; el.current.style.height = Math.min(240, el.current.scrollHeight + 2) + 'px'; } }, [value]);
  return isLong(name, spec)
    ? html`<textarea ref=${el} id=${id} rows="2" value=${value} placeholder=${spec.placeholder} onInput=${e => onChange(e.target.value)} ...${aria}></textarea>`
    : html`<input id=${id} type="text" value=${value} onInput=${e => onChange(e.target.value)} ...${aria}/>`;
}

function Num({id, name, spec, value, onChange, ...aria}) {
  const whole = spec.type === 'int', span = spec.maximum - spec.minimum, ranged = spec.maximum != null && spec.minimum != null && span <= 300;
  const step = spec.step || (whole ? 1 : span <= 2 ? .01 : span <= 20 ? .05 : .5), share = spec.unit === '%';
  const give = t => onChange(t === '' ? '' : share ? Math.round(+t) / 100 : +t);
  const shown = share && value !== '' ? Math.round(value * 100) : value;
  const box = html`<span class="num"><input id=${id} type="number" inputmode=${whole ? 'numeric' : 'decimal'} value=${shown ?? ''} step=${share ? 1 : whole ? 1 : 'any'} onInput=${e => give(e.target.value)} ...${aria}/>${spec.unit && html`<span class="unit">${spec.unit}</span>`}</span>`;
  if (spec.kind === 'seed' || !spec.kind && name === 'seed') return html`<span class="with-button">${box}<button type="button" class="quiet" onClick=${() => onChange(newSeed())}><${Icon} name="dice"/>New seed</button></span>`;
  if (!ranged) return html`<span class="with-button">${box}</span>`;
  const fill = Math.max(0, Math.min(1, (value - spec.minimum) / span));
  return html`<span class="ranged"><input type="range" aria-label="${label(name)}, slider" min=${spec.minimum} max=${spec.maximum} step=${step} value=${value === '' ? spec.minimum : value} style="--fill:${fill * 100}%" onInput=${e => onChange(+e.target.value)}/>${box}</span>`;
}

function Choice({id, name, spec, value, onChange}) {
  if (spec.choices.length > 12) return html`<select id=${id} value=${value} onChange=${e => onChange(spec.choices.find(c => String(c) === e.target.value))}>${spec.choices.map(c => html`<option value=${c} selected=${c === value}>${c}</option>`)}</select>`;
  return html`<div class="segs wrap" role="radiogroup" aria-labelledby="${id}-label">${spec.choices.map((c, i) => html`<label class="seg ${c === value ? 'on' : ''}"><input id=${i ? undefined : id} type="radio" name=${id} checked=${c === value} onChange=${() => onChange(c)}/>${c}</label>`)}</div>`;
}

const Bool = ({id, value, onChange, ...aria}) => html`<button id=${id} type="button" role="switch" class="switch" aria-checked=${!!value} aria-labelledby="${id}-label" onClick=${() => onChange(!value)} ...${aria}><i></i></button>`;

// The colors that a picture itself has, offered beside the free choice.
function usePalette(url) {
  const [found, set] = useState([]);
  useEffect(() => {
    if (!url) return;
    const i = new Image();
    i.onload = () => {
      const c = document.createElement('canvas'); c.width = c.height = 12;
      const g = c.getContext('2d'); g.drawImage(i, 0, 0, 12, 12);
      const d = g.getImageData(0, 0, 12, 12).data, out = [];
      const all = []; for (let k = 0; k < d.length; k += 4) all.push([d[k], d[k + 1], d[k + 2]]);
      all.sort((a, b) => (Math.max(...b) - Math.min(...b)) - (Math.max(...a) - Math.min(...a)));
      for (const p of all) if (out.every(q => Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]) > 62)) { out.push(p); if (out.length === 6) break; }
      set(out.map(p => '#' + p.map(v => v.toString(16).padStart(2, '0')).join('')));
    };
    i.src = url;
  }, [url]);
  return found;
}
function Color({id, name, value, onChange, values, ...aria}) {
  const from = Object.values(values).find(v => v?.width && v?.url)?.url, palette = usePalette(from);
  return html`<div class="color"><span class="swatch-wrap"><input type="color" value=${/^#[0-9a-f]{6}$/i.test(value) ? value : '#000000'} aria-label="${label(name)}, color well" onInput=${e => onChange(e.target.value)}/></span>
    <input id=${id} type="text" class="mono" value=${value} size="9" spellcheck="false" onInput=${e => onChange(e.target.value)} ...${aria}/>
    ${palette.length > 0 && html`<span class="palette" role="group" aria-label="Colors of the picture">${palette.map(c => html`<button type="button" style="background:${c}" aria-label="Use ${c}, from the picture" title=${c} onClick=${() => onChange(c)}></button>`)}</span>`}</div>`;
}

function List({id, name, spec, value, onChange, describedby}) {
  const of = spec.type.slice(5, -1), list = Array.isArray(value) ? value : [], put = (i, v) => onChange(list.map((x, k) => k === i ? v : x));
  const swap = (i, by) => { const v = [...list]; [v[i], v[i + by]] = [v[i + by], v[i]]; onChange(v); };
  const file = ['image', 'audio', 'video'].includes(of);
  return html`<ol class="list ${file ? 'files' : ''}" aria-describedby=${describedby}>${list.map((v, i) => html`<li key=${i}><span class="list-no" aria-hidden="true">${i + 1}</span>
      ${file ? html`<img src=${v.still || v.url} alt="" /><b>${v.name}</b>` : of === 'text' ? html`<input id=${i ? undefined : id} type="text" value=${v} aria-label="${label(name)}, ${i + 1}" onInput=${e => put(i, e.target.value)}/>` : html`<input id=${i ? undefined : id} type="number" step="any" value=${v} aria-label="${label(name)}, ${i + 1}" onInput=${e => put(i, +e.target.value)}/>`}
      <button type="button" class="quiet square mini" aria-label="Move ${i + 1} up" disabled=${!i} onClick=${() => swap(i, -1)}><${Icon} name="up" size="14"/></button>
      <button type="button" class="quiet square mini" aria-label="Move ${i + 1} down" disabled=${i === list.length - 1} onClick=${() => swap(i, 1)}><${Icon} name="lower" size="14"/></button>
      <button type="button" class="quiet square mini" aria-label="Remove ${i + 1}" onClick=${() => onChange(list.filter((_, k) => k !== i))}><${Icon} name="cross" size="14"/></button></li>`)}
    <li class="list-add">${file ? html`<${AddFile} type=${of} id=${id} onAdd=${more => onChange([...list, ...more])}/>` : html`<button type="button" class="quiet mini" onClick=${() => onChange([...list, of === 'text' ? '' : 0])}><${Icon} name="plus" size="14"/>Add a line</button>`}</li></ol>`;
}

function Drawn({id, name, spec, value, onChange, values, describedby, sketch}) {
  const [open, setOpen] = useState(false), over = values[spec.over] || Object.values(values).find(v => v?.width && v !== value);
  return html`<div class="drawn">${sketch
      ? html`<${Drop} id=${id} type="image" value=${value} onChange=${onChange} describedby=${describedby} extra=${html`<button type="button" class="quiet mini" onClick=${() => setOpen(true)}><${Icon} name="brush" size="14"/>Draw</button>`}/>`
      : html`<button type="button" id=${id} class="mask-show" aria-describedby=${describedby} disabled=${!over} onClick=${() => setOpen(true)}>
          ${over ? html`<img src=${over.url} alt=""/>` : html`<span class="pad soft">Choose an image first</span>`}${value?.url && html`<i style="--mask:url('${value.url}')"></i>`}<span class="mask-cta"><${Icon} name="brush" size="14"/>${value ? 'Paint on' : 'Paint a mask'}<span class="sr"> over ${over?.name}</span></span></button>`}
    ${open && html`<${Paint} title=${sketch ? 'Draw a sketch' : `${label(name)}: ${spec.description}`} over=${sketch ? {width: value?.width || 512, height: value?.height || 512} : over} start=${value} sketch=${sketch} onClose=${() => setOpen(false)} onDone=${v => { onChange(v); setOpen(false); }}/>`}</div>`;
}

function Json({id, value, onChange, ...aria}) {
  const [text, setText] = useState(() => value == null ? '' : JSON.stringify(value));
  return html`<textarea id=${id} class="mono" rows="2" spellcheck="false" value=${text} onInput=${e => { setText(e.target.value); try { onChange(e.target.value.trim() ? JSON.parse(e.target.value) : null); } catch {} }} ...${aria}></textarea>`;
}

export function Field({name, spec, value, values, onChange, error, onReach, id}) {
  const helpId = `${id}-help`, changed = !same(value, spec.default);
  const aria = {'aria-describedby': helpId, 'aria-invalid': error ? 'true' : undefined};
  const t = spec.type, props = {id, name, spec, value, values, onChange};
  const control = spec.kind === 'color' || !spec.kind && t === 'text' && /^#[0-9a-f]{6}$/i.test(spec.default) ? html`<${Color} ...${props} ...${aria}/>`
    : spec.choices ? html`<${Choice} ...${props}/>`
    : t === 'text' || t === 'path' || t === 'model' && typeof (value ?? '') === 'string' ? html`<${Text} ...${props} ...${aria}/>`
    : t === 'int' || t === 'float' || t === 'number' ? html`<${Num} ...${props} ...${aria}/>`
    : t === 'bool' ? html`<${Bool} ...${props} ...${aria}/>`
    : t === 'mask' ? html`<${Drawn} ...${props} describedby=${helpId}/>`
    : t === 'image' && (spec.kind ? spec.kind === 'sketch' : /sketch|scribble/.test(name)) ? html`<${Drawn} ...${props} sketch describedby=${helpId}/>`
    : ['image', 'audio', 'video'].includes(t) ? html`<${Drop} id=${id} type=${t} value=${value} onChange=${onChange} invalid=${!!error} describedby=${helpId}/>`
    : /^list\[(text|int|float|number|image|audio|video)\]$/.test(t) ? html`<${List} ...${props} describedby=${helpId}/>` : html`<${Json} ...${props} ...${aria}/>`;
  const group = spec.choices?.length <= 12 || t === 'bool' || /^list\[(text|int|float|number|image|audio|video)\]$/.test(t);
  return html`<div class="field ${error ? 'bad' : ''} ${t === 'bool' ? 'inline' : ''}" data-name=${name} onfocusin=${() => onReach(name)} onfocusout=${() => onReach(null)} onMouseEnter=${() => onReach(name)} onMouseLeave=${() => onReach(null)}>
    <div class="field-head">${group ? html`<span class="label" id="${id}-label">${label(name)}</span>` : html`<label class="label" for=${id} id="${id}-label">${label(name)}</label>`}
      ${changed && html`<button type="button" class="reset" onClick=${() => onChange(spec.default)} aria-label="Reset ${label(name)}" title="Back to the default">reset</button>`}</div>
    ${control}
    <p class="help" id=${helpId}>${error ? html`<span class="field-error"><${Icon} name="warn" size="13"/>${error.message}</span>` : spec.description}</p>
  </div>`;
}
