// An image, audio or a video, wherever one is shown.
import {html, useEffect, useRef, useState} from '../lib.js';
import {Icon} from './icons.js';
import {clock} from './format.js';

let playing = null;
const takeTurn = el => { if (playing && playing !== el) playing.pause(); playing = el; };

export function Bars({peaks, at = 0, tall}) {
  const step = Math.ceil(peaks.length / (tall ? 150 : 50)), bars = [];
  for (let i = 0; i < peaks.length; i += step) bars.push(Math.max(...peaks.slice(i, i + step)));
  const w = 4, path = (from, to) => bars.slice(from, to).map((p, i) => { const y = Math.max(1.5, p * .48); return `M${(i + from) * w + 1} ${50 - y}v${2 * y}`; }).join('');
  const cut = Math.round(at * bars.length);
  return html`<svg class="bars" viewBox="0 0 ${bars.length * w} 100" preserveAspectRatio="none" aria-hidden="true">
    <path d=${path(cut)} class="rest"/><path d=${path(0, cut)} class="played"/></svg>`;
}

export function AudioPlayer({value, name, tall, autofocus}) {
  const el = useRef(), [on, setOn] = useState(false), [at, setAt] = useState(0), total = value.seconds || 1;
  const shown = total - value.seconds > 0 ? total : value.seconds;
  const toggle = e => { e.preventDefault(); e.stopPropagation(); const a = el.current; if (a.paused) { takeTurn(a); a.play().catch(() => {}); } else a.pause(); };
  useEffect(() => () => el.current?.pause(), []);
  return html`<div class="player ${tall ? 'tall' : ''}">
    <audio ref=${el} src=${value.url} preload="none" onPlay=${() => setOn(true)} onPause=${() => setOn(false)} onEnded=${() => { setOn(false); setAt(0); }} onTimeUpdate=${e => setAt(e.target.currentTime)}></audio>
    <button class="round" type="button" onClick=${toggle} aria-label="${on ? 'Pause' : 'Play'} ${name}"><${Icon} name=${on ? 'pause' : 'play'}/></button>
    <div class="wave">${value.peaks ? html`<${Bars} peaks=${value.peaks} at=${at / total} tall=${tall}/>` : html`<span class="nowave"></span>`}
      ${tall && html`<input type="range" class="scrub" min="0" max=${total} step="0.05" value=${at} aria-label="Place in ${name}" aria-valuetext="${clock(at)} of ${clock(total)}" onInput=${e => { el.current.currentTime = +e.target.value; setAt(+e.target.value); }}/>`}</div>
    <span class="time">${at > 0 ? `${clock(at)} / ` : ''}${clock(shown)}</span>
  </div>`;
}

const shows = value => !/tiff|exr|matroska|quicktime/.test(value.media_type || '');
const small = value => value.still && (!shows(value) || !(value.width <= 480)) ? value.still : value.url;

export function VideoPlayer({value, name, hover, controls}) {
  const el = useRef();
  if (controls) return html`<video src=${value.url} poster=${value.still} controls loop playsinline preload="metadata" aria-label=${name} width=${value.width} height=${value.height}></video>`;
  const start = () => hover && !matchMedia('(prefers-reduced-motion: reduce)').matches && el.current.play().catch(() => {});
  return html`<div class="clip" onMouseEnter=${start} onMouseLeave=${() => { const v = el.current; v.pause(); v.currentTime = 0; v.load(); }}>
    <video ref=${el} src=${value.url} poster=${value.still} muted loop playsinline preload="none" width=${value.width} height=${value.height} aria-label=${name}></video>
    <span class="badge"><${Icon} name="video" size="12"/>${value.seconds && clock(value.seconds)}</span></div>`;
}

export function Thumb({value, type, name, hover}) {
  if (!value) return null;
  if (type === 'audio') return html`<div class="thumb-audio">${value.peaks && html`<${Bars} peaks=${value.peaks}/>`}<span class="badge"><${Icon} name="audio" size="12"/>${value.seconds != null && clock(value.seconds)}</span></div>`;
  if (type === 'video') return html`<${VideoPlayer} value=${value} name=${name} hover=${hover}/>`;
  if (type === 'text') return html`<div class="thumb-text">${(value.text || '').slice(0, 180)}</div>`;
  if (type === 'file') return html`<div class="thumb-text">${value.name}</div>`;
  return html`<img src=${small(value)} alt=${name} width=${value.width} height=${value.height} loading="lazy" decoding="async"/>`;
}

// As large as its place allows.
export function Full({value, type, name}) {
  if (type === 'audio') return html`<${AudioPlayer} value=${value} name=${name} tall/>`;
  if (type === 'video') return html`<${VideoPlayer} value=${value} name=${name} controls/>`;
  if (type === 'text') return html`<pre class="full-text" tabindex="0">${value.text}</pre>`;
  if (type === 'file' || value.why) return html`<div class="empty"><h2>${value.name}</h2><p>${value.why || 'This kind of file is not shown. Download it to open it.'}</p></div>`;
  return html`<${Zoom} value=${value} name=${name}/>`;
}

// A click shows an image at its own size; it is moved by scrolling, or by the arrow keys.
function Zoom({value, name}) {
  const [near, setNear] = useState(false), url = shows(value) ? value.url : value.still;
  const key = e => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); setNear(!near); } };
  return html`<div class="zoom ${near ? 'near' : ''}" tabindex="0" role="button" aria-pressed=${near} aria-label="${name}. ${near ? 'Shown at its own size' : 'Show at its own size'}" onClick=${() => setNear(!near)} onKeyDown=${key}><img src=${url} alt="" width=${value.width} height=${value.height}/></div>`;
}
