// A place for a file: drop, paste, choose, or take one from the gallery.
import {html, useEffect, useRef, useState} from '../lib.js';
import {Icon, typeWord, article} from './icons.js';
import {AudioPlayer, VideoPlayer} from './media.js';
import {bytes} from './format.js';
import {Dialog} from './dialog.js';
import {Empty} from './empty.js';
import * as server from '../server.js';

export function Pick({type, onPick, onClose}) {
  const [fits, setFits] = useState(null);
  useEffect(() => { server.findResults({type, limit: 60}).then(page => setFits(page.list)).catch(() => setFits([])); }, [type]);
  return html`<${Dialog} title="Choose from the gallery" wide onClose=${onClose}>
    ${!fits ? html`<p class="pad soft" aria-busy="true">Looking…</p>` : fits.length ? html`<ul class="pick">${fits.map(r => html`<li><button type="button" onClick=${() => onPick(r.media)} aria-label="${r.file}, ${r.title}">
      ${type === 'audio' ? html`<span class="thumb-audio"><${Icon} name="audio"/>${r.file}</span>` : html`<img src=${r.media.still || r.media.url} alt="" loading="lazy"/>`}</button></li>`)}</ul>`
      : html`<${Empty} icon="gallery" title="Nothing fits yet" text="The gallery has no ${typeWord[type]} yet."/>`}<//>`;
}

export function AddFile({type, id, onAdd}) {
  const file = useRef(), [picking, setPicking] = useState(false), [wrong, setWrong] = useState('');
  return html`<button type="button" class="quiet mini" id=${id} onClick=${() => file.current.click()}><${Icon} name="plus" size="14"/>Add ${article(type)}</button>
    <button type="button" class="quiet mini" onClick=${() => setPicking(true)}><${Icon} name="gallery" size="14"/>From the gallery</button>
    <input ref=${file} type="file" multiple accept="${type}/*" hidden tabindex="-1" aria-label="Files" onChange=${async e => { setWrong(''); try { onAdd(await Promise.all([...e.target.files].map(server.upload))); } catch (problem) { setWrong(problem.message); } }}/>
    <p class="field-error" role="alert">${wrong}</p>
    ${picking && html`<${Pick} type=${type} onPick=${v => { onAdd([v]); setPicking(false); }} onClose=${() => setPicking(false)}/>`}`;
}

export function Drop({id, type, value, onChange, invalid, describedby, small, extra}) {
  const file = useRef(), [over, setOver] = useState(false), [picking, setPicking] = useState(false), [wrong, setWrong] = useState(''), [busy, setBusy] = useState(false);
  const word = typeWord[type], accept = {image: 'image/*', mask: 'image/*', audio: 'audio/*', video: 'video/*'}[type];
  const take = async f => {
    setOver(false);
    if (!f) return;
    if (f.type && !f.type.startsWith(accept.slice(0, 5))) { setWrong(`“${f.name}” is not ${article(type)}.`); return; }
    setWrong(''); setBusy(true);
    try {
      const value = await server.upload(f);
      if (value.type !== accept.slice(0, 5) && !(type === 'video' && value.media_type === 'image/gif')) setWrong(`“${f.name}” is not ${article(type)}.`); else onChange(value);
    } catch (problem) { setWrong(`“${f.name}”: ${problem.message}. ${problem.hint ? problem.hint[0].toUpperCase() + problem.hint.slice(1) + '.' : ''}`); }
    setBusy(false);
  };
  const paste = e => { const f = [...e.clipboardData.files][0]; if (f) { e.preventDefault(); take(f); } };
  return html`<div class="drop ${value ? 'full' : ''} ${over ? 'over' : ''} ${invalid ? 'bad' : ''} ${small ? 'small' : ''}" onPaste=${paste}
      onDragOver=${e => { e.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${e => { e.preventDefault(); take(e.dataTransfer.files[0]); }}>
    ${value && html`<div class="drop-show ${type}">${type === 'audio' ? html`<${AudioPlayer} value=${value} name=${value.name}/>` : type === 'video' ? html`<${VideoPlayer} value=${value} name=${value.name} hover/>` : html`<img src=${value.still || value.url} alt=${value.name || ''} width=${value.width} height=${value.height}/>`}</div>`}
    <div class="drop-foot">
      ${value ? html`<span class="drop-name"><b>${busy ? 'Uploading…' : value.name}</b><span class="soft">${[value.width && `${value.width} × ${value.height}`, value.bytes && bytes(value.bytes)].filter(Boolean).join(' · ')}</span></span>`
        : html`<span class="drop-name"><b>${busy ? 'Uploading…' : `Drop or paste ${article(type)}`}</b></span>`}
      ${extra}
      <button type="button" class="quiet mini" id=${id} aria-describedby=${describedby} onClick=${() => file.current.click()} aria-label="${value ? 'Replace' : 'Choose'} the ${word}"><${Icon} name="upload" size="14"/><span class="word">${value ? 'Replace' : 'Choose'}</span></button>
      <button type="button" class="quiet mini" onClick=${() => setPicking(true)} aria-label="Take ${article(type)} from the gallery" title="From the gallery"><${Icon} name="gallery" size="14"/></button>
    </div>
    <p class="field-error" role="alert">${wrong}</p>
    <input ref=${file} type="file" accept=${accept} hidden tabindex="-1" aria-label="File" onChange=${e => { take(e.target.files[0]); e.target.value = ''; }}/>
    ${picking && html`<${Pick} type=${type === 'mask' ? 'image' : type} onPick=${v => { onChange(v); setPicking(false); }} onClose=${() => setPicking(false)}/>`}
  </div>`;
}
