// What stands between the page and the server: a missing token, a lost connection, a server that stops.
import {html, useState} from '../lib.js';
import {Icon} from './icons.js';
import * as server from '../server.js';

export function TokenPrompt() {
  const [token, setToken] = useState(''), [wrong, setWrong] = useState('');
  const give = async e => { e.preventDefault(); try { await server.giveToken(token); } catch (problem) { setWrong(problem.status === 401 ? 'The server does not know this token.' : problem.message); } };
  return html`<main id="main" class="gate" tabindex="-1"><form onSubmit=${give}>
    <h1>This Studio needs a token</h1>
    <p class="soft" id="token-help">Whoever runs it makes one with <code>studio serve token add NAME</code>. This browser keeps it for 30 days.</p>
    <label class="label" for="token">Token</label>
    <input id="token" type="password" autocomplete="current-password" spellcheck="false" value=${token} aria-describedby="token-help token-wrong" aria-invalid=${wrong ? 'true' : undefined} onInput=${e => { setToken(e.target.value); setWrong(''); }} autofocus/>
    <p class="field-error" id="token-wrong" role="alert">${wrong}</p>
    <button class="main large" type="submit" disabled=${!token.trim()}>Open Studio</button></form></main>`;
}

export function LinkState() {
  const {state, draining, failed, ready} = server.link;
  if (draining) return html`<p class="link-state" role="status"><${Icon} name="clock" size="14"/>The server is stopping. It takes no new jobs; those that wait run when it has started again.</p>`;
  if (state === 'lost' || !ready && failed) return html`<p class="link-state" role="status"><${Icon} name="warn" size="14"/>The server does not answer. This page tries again by itself; jobs go on without it.</p>`;
  return null;
}
