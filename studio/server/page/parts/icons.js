// One drawn set: 16 units, 1.5 stroke, round ends. Icons are never the only sign: text or a label stands with them.
import {html} from '../lib.js';

const paths = {
  graphs: 'M3 4.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M10 11.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M6 4.5c4 0 0 7 4 7',
  gallery: 'M2.5 3.5h11v9h-11zM2.5 10.5l3-3l3 3l2-2l3 3M10.5 6h.01',
  queue: 'M2.5 4h11M2.5 8h11M2.5 12h6',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9a4.5 4.5 0 0 0 0 9zM10.5 10.5l3 3',
  play: 'M5 3.2v9.6l8-4.8z', pause: 'M5.5 3.5v9M10.5 3.5v9', stop: 'M4 4h8v8h-8z',
  check: 'M3.5 8.5l3 3l6-7', cross: 'M4 4l8 8M12 4l-8 8', clock: 'M8 13.5a5.5 5.5 0 1 0 0-11a5.5 5.5 0 0 0 0 11zM8 5v3l2 1.5',
  cached: 'M4.2 5.2a4.8 4.8 0 1 1-.9 4M4 2.5v3h3', dot: 'M8 8h.01', skip: 'M4 8h8',
  down: 'M8 2.5v8M4.5 7.5l3.5 3.5l3.5-3.5M3 13.5h10', up: 'M8 13V3.5M4 7l4-4l4 4', lower: 'M8 3v9.5M4 9l4 4l4-4',
  chevron: 'M6 4l4 4l-4 4', back: 'M13 8H3M7 4L3 8l4 4', more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  again: 'M12.5 6A5 5 0 1 0 13 9M13 3v3.2h-3.2', dice: 'M3 3h10v10H3zM6 6h.01M10 10h.01M10 6h.01M6 10h.01',
  use: 'M2.5 8h8M7.5 5l3 3l-3 3M13.5 3v10', compare: 'M8 2v12M6 4H2.5v8H6M10 4h3.5v8H10', bin: 'M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.5 9h6l.5-9',
  sun: 'M8 10.5a2.5 2.5 0 1 0 0-5a2.5 2.5 0 0 0 0 5zM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1',
  moon: 'M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5z',
  upload: 'M8 10.5v-8M4.5 5.5L8 2l3.5 3.5M3 10.5v3h10v-3', brush: 'M13.5 2.5l-6 6M7.5 8.5c-2-.5-3.500 .8-3.500 2.500c0 1-.5 1.700-1.500 2c3 .8 6 0 6-2.500c0-1-.5-1.700-1-2z',
  plus: 'M8 3v10M3 8h10', image: 'M2.5 3.5h11v9h-11zM2.500 10.500l3-3l3 3l2-2l3 3', audio: 'M3 6v4M5.500 4v8M8 2.500v11M10.500 5v6M13 6.500v3', video: 'M2.500 3.500h11v9h-11zM5.500 3.500v9M10.500 3.500v9M2.500 8h3M10.500 8h3',
  text: 'M3.500 4V3h9v1M8 3v10M6 13h4', warn: 'M8 2.500l6 10.500H2zM8 6.500v3M8 11.300h.01', copy: 'M5.500 5.500h8v8h-8zM2.500 10.500v-8h8', undo: 'M3 6.500h6.500a3.500 3.500 0 0 1 0 7H6M5.500 3.500L2.500 6.500l3 3',
};
export const Icon = ({name, size = 16}) => html`<svg class="icon" width=${size} height=${size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${paths[name]} stroke-width=${/dot|more/.test(name) ? 2.5 : 1.5}/></svg>`;
export const typeIcon = {image: 'image', mask: 'image', audio: 'audio', video: 'video', text: 'text', json: 'text', file: 'text'};
export const article = type => ({image: 'an image', audio: 'an audio file', video: 'a video', mask: 'a mask'})[type] || 'a file';
export const typeWord = {image: 'image', audio: 'audio', video: 'video', text: 'text', json: 'data', mask: 'mask', file: 'file'};
export const stateIcon = {cached: 'cached', running: 'play', done: 'check', failed: 'cross', waiting: 'dot', skipped: 'skip', queued: 'clock', succeeded: 'check', cancelled: 'stop'};
export const stateWord = {cached: 'from the cache', running: 'running', done: 'done', failed: 'failed', waiting: 'waiting', skipped: 'not reached', queued: 'waiting', succeeded: 'done', cancelled: 'cancelled'};
