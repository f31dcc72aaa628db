// Painting a mask or a sketch over a picture. By pointer, or by keys: arrows move, space paints.
import {html, useEffect, useRef, useState} from '../lib.js';
import {Dialog} from './dialog.js';
import {Icon} from './icons.js';
import * as server from '../server.js';

const MOST = 1024;                      // columns or rows of the canvas; the mask itself has the size of the picture

export function Paint({title, over, start, sketch, onDone, onClose}) {
  const canvas = useRef(), ring = useRef(), stage = useRef(), past = useRef([]), spot = useRef({x: 0, y: 0, drawing: false, seen: false});
  const [tool, setTool] = useState('paint'), [size, setSize] = useState(12), [share, setShare] = useState(0), [wrong, setWrong] = useState(''), [busy, setBusy] = useState(false);
  const full = {width: over?.width || 640, height: over?.height || 427}, shrink = Math.min(1, MOST / Math.max(full.width, full.height));
  const width = Math.round(full.width * shrink), height = Math.round(full.height * shrink), radius = () => size / 100 * width / 2;
  const pen = () => canvas.current.getContext('2d', {willReadFrequently: true});
  const color = sketch ? '#111' : getComputedStyle(document.documentElement).getPropertyValue('--mask-paint') || '#4650ff';

  useEffect(() => {
    spot.current.x = width / 2; spot.current.y = height / 2;
    const g = pen();
    if (sketch) { g.fillStyle = '#fff'; g.fillRect(0, 0, width, height); }
    if (!start?.url) return;
    const i = new Image();
    i.onload = () => {
      g.drawImage(i, 0, 0, width, height);
      if (!sketch) {                               // white of the stored mask becomes paint
        const p = g.getImageData(0, 0, width, height), c = document.createElement('canvas').getContext('2d');
        c.fillStyle = color; c.fillRect(0, 0, 1, 1); const [r, gr, b] = c.getImageData(0, 0, 1, 1).data;
        for (let k = 0; k < p.data.length; k += 4) { const w = p.data[k]; p.data[k] = r; p.data[k + 1] = gr; p.data[k + 2] = b; p.data[k + 3] = w; }
        g.putImageData(p, 0, 0);
      }
      measure();
    };
    i.src = start.url;
  }, []);
  const measure = () => {
    if (sketch) return;
    const d = pen().getImageData(0, 0, width, height).data; let n = 0;
    for (let k = 3; k < d.length; k += 64) if (d[k] > 127) n++;
    setShare(Math.round(100 * n / (d.length / 64)));
  };
  const keep = () => { past.current.push(pen().getImageData(0, 0, width, height)); if (past.current.length > 20) past.current.shift(); };
  const undo = () => { const p = past.current.pop(); if (p) { pen().putImageData(p, 0, 0); measure(); } };
  const stroke = (x, y) => {
    const g = pen(), s = spot.current;
    g.lineCap = g.lineJoin = 'round'; g.lineWidth = radius() * 2; g.strokeStyle = sketch && tool === 'erase' ? '#fff' : color;
    g.globalCompositeOperation = !sketch && tool === 'erase' ? 'destination-out' : 'source-over';
    g.beginPath(); g.moveTo(s.x, s.y); g.lineTo(x + .01, y); g.stroke(); g.globalCompositeOperation = 'source-over';
  };
  const showRing = () => {
    const k = canvas.current.clientWidth / width, s = spot.current, d = radius() * 2 * k;
    ring.current.style.cssText = `width:${d}px;height:${d}px;transform:translate(${s.x * k - d / 2}px,${s.y * k - d / 2}px);opacity:${s.seen ? 1 : 0}`;
  };
  useEffect(showRing, [size]);
  const point = e => { const b = canvas.current.getBoundingClientRect(); return [(e.clientX - b.left) / b.width * width, (e.clientY - b.top) / b.height * height]; };
  const down = e => { e.preventDefault(); canvas.current.setPointerCapture(e.pointerId); stage.current.focus(); keep(); const s = spot.current; [s.x, s.y] = point(e); s.drawing = true; stroke(s.x, s.y); };
  const moved = e => { const s = spot.current, [x, y] = point(e); s.seen = true; if (s.drawing) stroke(x, y); [s.x, s.y] = [x, y]; showRing(); };
  const up = () => { if (spot.current.drawing) { spot.current.drawing = false; measure(); } };
  const key = e => {
    const s = spot.current, far = (e.shiftKey ? .08 : .02) * width, by = {ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far]}[e.key];
    if (by) { e.preventDefault(); const x = Math.min(width, Math.max(0, s.x + by[0])), y = Math.min(height, Math.max(0, s.y + by[1])); s.seen = true; if (s.drawing) stroke(x, y); s.x = x; s.y = y; showRing(); }
    else if (e.key === ' ' && !e.repeat) { e.preventDefault(); keep(); s.drawing = true; s.seen = true; stroke(s.x, s.y); showRing(); }
    else if (e.key === '[') setSize(v => Math.max(1, v - 2));
    else if (e.key === ']') setSize(v => Math.min(40, v + 2));
    else if (e.key === 'e') setTool(t => t === 'paint' ? 'erase' : 'paint');
    else if (e.key === 'z') undo();
  };
  const invert = () => { keep(); const g = pen(), p = g.getImageData(0, 0, width, height), q = document.createElement('canvas'); q.width = width; q.height = height; const o = q.getContext('2d'); const r = o.createImageData(width, height);
    for (let k = 3; k < p.data.length; k += 4) r.data[k] = 255 - p.data[k]; o.putImageData(r, 0, 0); g.clearRect(0, 0, width, height); g.drawImage(q, 0, 0); g.globalCompositeOperation = 'source-in'; g.fillStyle = color; g.fillRect(0, 0, width, height); g.globalCompositeOperation = 'source-over'; measure(); };
  const clear = () => { keep(); const g = pen(); if (sketch) { g.fillStyle = '#fff'; g.fillRect(0, 0, width, height); } else g.clearRect(0, 0, width, height); measure(); };
  const done = async () => {              // a mask is white where it was painted, on black
    const out = document.createElement('canvas'), g = out.getContext('2d'), whole = full;
    out.width = full.width; out.height = full.height;
    if (!sketch) {
      const white = document.createElement('canvas'), w = white.getContext('2d');
      white.width = width; white.height = height;
      w.drawImage(canvas.current, 0, 0); w.globalCompositeOperation = 'source-in'; w.fillStyle = '#fff'; w.fillRect(0, 0, width, height);
      g.fillStyle = '#000'; g.fillRect(0, 0, whole.width, whole.height); g.drawImage(white, 0, 0, whole.width, whole.height);
    } else g.drawImage(canvas.current, 0, 0, whole.width, whole.height);
    setBusy(true); setWrong('');
    try { const name = sketch ? 'sketch.png' : 'mask.png', blob = await new Promise(give => out.toBlob(give, 'image/png')); onDone(await server.upload(new File([blob], name, {type: 'image/png'}))); }
    catch (problem) { setWrong(problem.message); setBusy(false); }
  };
  const Tool = ({id, icon, children}) => html`<button type="button" class="seg ${tool === id ? 'on' : ''}" aria-pressed=${tool === id} onClick=${() => setTool(id)}><${Icon} name=${icon}/>${children}</button>`;
  return html`<${Dialog} title=${title} wide onClose=${onClose}>
    <div class="paint">
      <div class="paint-stage" ref=${stage} tabindex="0" role="application" aria-label="Canvas. Arrows move the brush, hold space to paint, e switches to the eraser, z undoes." onKeyDown=${key} onKeyUp=${e => e.key === ' ' && up()}>
        <div class="paint-sheet" style="aspect-ratio:${width}/${height};--ratio:${width / height}">
          ${over?.url && !sketch && html`<img src=${over.url} alt="" />`}
          <canvas ref=${canvas} width=${width} height=${height} class=${sketch ? 'opaque' : ''} onPointerDown=${down} onPointerMove=${moved} onPointerUp=${up} onPointerLeave=${() => { spot.current.seen = false; showRing(); }}></canvas>
          <i class="ring" ref=${ring}></i>
        </div>
      </div>
      <div class="paint-bar">
        <div class="segs" role="group" aria-label="Tool"><${Tool} id="paint" icon="brush">Paint<//><${Tool} id="erase" icon="cross">Erase<//></div>
        <label class="paint-size"><span>Brush</span><input type="range" min="1" max="40" value=${size} onInput=${e => setSize(+e.target.value)}/></label>
        <button type="button" class="quiet" onClick=${undo}><${Icon} name="undo"/>Undo</button>
        ${!sketch && html`<button type="button" class="quiet" onClick=${invert}>Invert</button>`}
        <button type="button" class="quiet" onClick=${clear}>Clear</button>
        ${!sketch && html`<output class="soft">${share}% painted</output>`}
        <span class="push"></span>
        <p class="field-error" role="alert">${wrong}</p>
        <button type="button" class="main" disabled=${busy} onClick=${done}>Use this ${sketch ? 'sketch' : 'mask'}</button>
      </div>
    </div><//>`;
}
