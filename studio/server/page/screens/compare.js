// Two images over each other or side by side, two videos in step, two audio files in turn, and the values in which they differ.
import {html, useRef, useState} from '../lib.js';
import {Icon} from '../parts/icons.js';
import {label, short, same, precise} from '../parts/format.js';
import {Empty} from '../parts/empty.js';
import {AudioPlayer} from '../parts/media.js';
import {again} from './detail.js';
import * as server from '../server.js';

export function Compare({ids}) {
  const [a, b] = ids.map(server.getResult), [at, setAt] = useState(50), [side, setSide] = useState(false);
  if (a === undefined || b === undefined) return html`<div class="page" aria-busy="true"><h1 class="sr">Compare</h1></div>`;
  if (!a || !b || a.type !== b.type) return html`<div class="page"><${Empty} alone icon="compare" title="Pick two files" text="Tick two files of one kind in the gallery, then compare them."><a class="button main" href="#/gallery">Open the gallery</a><//></div>`;
  const keys = [...new Set([...Object.keys(a.values), ...Object.keys(b.values)])], differ = keys.filter(k => !same(a.values[k], b.values[k])), alike = keys.length - differ.length;
  const ratio = a.media.width / a.media.height, alikeSize = Math.abs(ratio - b.media.width / b.media.height) < .02, two = side || !alikeSize, image = a.type === 'image';
  return html`<div class="page wide compare">
    <header class="page-head"><div><a class="crumb" href="#/gallery"><${Icon} name="back" size="14"/>Gallery</a><h1>Compare</h1></div>
      ${image && alikeSize && html`<div class="segs" role="group" aria-label="Layout"><button class="seg ${!side ? 'on' : ''}" aria-pressed=${!side} onClick=${() => setSide(false)}>Wipe</button><button class="seg ${side ? 'on' : ''}" aria-pressed=${side} onClick=${() => setSide(true)}>Side by side</button></div>`}</header>
    <div class="compare-in">
      ${a.type === 'video' ? html`<${Videos} a=${a} b=${b}/>` : a.type === 'audio' ? html`<div class="heard">${[a, b].map((r, i) => html`<figure><figcaption>${'AB'[i]}</figcaption><${AudioPlayer} value=${r.media} name="${'AB'[i]}: ${r.file}" tall/></figure>`)}</div>`
        : two ? html`<div class="pair">${[a, b].map((r, i) => html`<figure><img src=${r.media.url} alt=${r.file} width=${r.media.width} height=${r.media.height}/><figcaption>${'AB'[i]}</figcaption></figure>`)}</div>`
        : html`<div class="wipe" style="--at:${at}%;--ratio:${ratio}"><img src=${b.media.url} alt="B: ${b.file}"/><img class="top" src=${a.media.url} alt="A: ${a.file}"/><span class="tag l">A</span><span class="tag r">B</span><i class="bar-v"></i><input type="range" min="0" max="100" value=${at} onInput=${e => setAt(+e.target.value)} aria-label="Where A ends and B begins"/></div>`}
      <div class="differs"><h2>${differ.length ? `They differ in ${differ.length} of ${keys.length} values` : 'The values are the same'}</h2>
        <table><thead><tr><th scope="col">Value</th><th scope="col">A</th><th scope="col">B</th></tr></thead><tbody>${differ.map(k => html`<tr><th scope="row">${label(k)}</th><td>${k in a.values ? short(a.values[k]) : '–'}</td><td>${k in b.values ? short(b.values[k]) : '–'}</td></tr>`)}
          <tr><th scope="row">Time</th><td>${precise(a.took)}</td><td>${precise(b.took)}</td></tr></tbody></table>
        ${alike > 0 && differ.length > 0 && html`<p class="soft">The other ${alike} are the same.</p>`}
        <div class="row"><button onClick=${() => again(a)}><${Icon} name="again"/>Make A again</button><button onClick=${() => again(b)}><${Icon} name="again"/>Make B again</button></div></div>
    </div></div>`;
}

// Two videos that play in step: what is done to the first is done to the second.
function Videos({a, b}) {
  const one = useRef(), two = useRef(), follow = () => { if (Math.abs(two.current.currentTime - one.current.currentTime) > .08) two.current.currentTime = one.current.currentTime; };
  return html`<div class="pair"><figure><video ref=${one} src=${a.media.url} poster=${a.media.still} controls loop muted playsinline preload="auto" aria-label="A: ${a.file}" width=${a.media.width} height=${a.media.height} onPlay=${() => { follow(); two.current.play().catch(() => {}); }} onPause=${() => { two.current.pause(); follow(); }} onSeeked=${follow} onTimeUpdate=${follow}></video><figcaption>A, which B follows</figcaption></figure>
    <figure><video ref=${two} src=${b.media.url} poster=${b.media.still} loop muted playsinline preload="auto" aria-label="B: ${b.file}" width=${b.media.width} height=${b.media.height}></video><figcaption>B</figcaption></figure></div>`;
}
