// Back up what is typed: in this browser with every key, on the server every few seconds. Unsaved changes are offered
// when the editor is opened again, in any window.

import { asText, body, clock, form, inZone, say, state, texts, type, WORDS } from './editing.js'
import { button, offerUndo } from './undo.js'

const found = document.getElementById('found')
const AGAIN = 3000 // milliseconds between two requests to the server
const SOON = 300 // milliseconds until it is in this browser
const ours = () => `quickpub:${form.dataset.user}:${form.dataset.post || 'new'}:`
const SENT = 'quickpub:sent'

state.kept = form.dataset.kept ? asText() : ''
let here = ours() + form.elements.tab.value
let isSaved = !!form.dataset.kept // nothing was typed since
let timer, soon

// In this browser, where it lets us: it may forbid it, be full, or have nothing of the kind. Then the server has it.

function inStorage (work) {
  try { return work(localStorage) } catch (error) { console.debug(error) }
}

function keepHere () {
  inStorage(storage => storage.setItem(here, JSON.stringify(
    { at: Date.now(), version: form.elements.version.value, texts: texts() })))
}

function forgetHere (key = here) {
  inStorage(storage => storage.removeItem(key))
}

// On the server: with all of the form, under the name of this window.

function letter () {
  const fields = new URLSearchParams(new FormData(form))
  fields.delete('action')
  fields.set('post', form.dataset.post)
  return fields
}

async function keepThere () {
  const now = asText()
  clearTimeout(timer)
  timer = undefined
  if (now === state.kept || state.isSaving) return
  const request = fetch(form.dataset.keep, { method: 'POST', body: letter(), redirect: 'manual' }).catch(() => null)
  state.backup = request
  const answer = await request
  if (state.isSaving || state.backup !== request) return // what is being saved is newer
  if (answer?.status === 204) {
    state.kept = now
    say(WORDS.kept.replace('{time}', clock()))
    if (asText() === now) return forgetHere()
  } else {
    const why = !answer
      ? WORDS.no_connection
      : answer.type === 'opaqueredirect' ? WORDS.logged_out : WORDS.refused
    say(why.replace('{time}', clock()))
  }
  later()
}

function later () {
  timer ??= setTimeout(keepThere, AGAIN)
}

form.addEventListener('input', () => {
  if (isSaved) say(WORDS.unsaved)
  isSaved = false
  later()
  soon ??= setTimeout(() => { soon = undefined; keepHere() }, SOON)
})

form.addEventListener('saved', () => {
  state.backup = Promise.resolve()
  forgetHere()
  here = ours() + form.elements.tab.value
  isSaved = asText() === state.kept
  if (!isSaved) return later()
  clearTimeout(soon)
  soon = undefined
})

form.addEventListener('unsaved', () => {
  state.kept = ''
  keepHere()
  later()
})

form.addEventListener('submit', event => {
  if (event.defaultPrevented) return // saving.js saves it without leaving
  state.isSaving = true
  keepHere() // until the next page says that it is saved
  inStorage(() => sessionStorage.setItem(SENT, here))
})

// Leaving: a last backup, if it is short enough for a request that need not be waited for.
addEventListener('visibilitychange', () => {
  if (document.hidden && !state.isSaving && asText() !== state.kept) {
    keepHere()
    navigator.sendBeacon(form.dataset.keep, letter())
  }
})

addEventListener('pageshow', event => { if (event.persisted) state.isSaving = false })

// What this browser has and the page has not.

function offer (key, { at, version, texts: older }) {
  const words = (older.title || older.body || '').slice(0, 60)
  const when = inZone(at, { dateStyle: 'medium', timeStyle: 'short' })
  const line = document.createElement('p')
  line.textContent = WORDS.found.replace('{time}', when).replace('{text}', () => words) + ' '
  const take = button(WORDS.continue, () => {
    for (const [name, value] of Object.entries(older)) {
      if (form.elements[name] && name !== 'body') form.elements[name].value = value
    }
    if (version) form.elements.version.value = version
    done()
    type(older.body ?? body.value, 0, body.value.length)
    body.dispatchEvent(new Event('input', { bubbles: true })) // where only another field is new
  })
  const drop = button(WORDS.discard, () => {
    const stored = inStorage(() => localStorage.getItem(key))
    forgetHere(key)
    offerUndo(line, () => {
      inStorage(() => localStorage.setItem(key, stored))
      return true // it is still in this page
    })
  })
  function done () {
    if (key !== here) forgetHere(key)
    line.remove()
    found.hidden = !found.children.length
  }
  line.append(take, ' ', drop)
  found.append(line)
  found.hidden = false
}

function look () {
  // What this window has just sent is saved, however the server has tidied it.
  const isSaved = form.dataset.saved || document.querySelector('[data-notice]')
  const sent = isSaved && inStorage(() => sessionStorage.getItem(SENT))
  if (sent) forgetHere(sent)
  inStorage(() => sessionStorage.removeItem(SENT))
  const now = JSON.stringify({ title: form.elements.title.value, body: form.elements.body.value })
  for (const key of inStorage(Object.keys)?.filter(key => key.startsWith(ours())) || []) {
    if (key === here && !form.dataset.kept) continue // the site could not save it: it is in the form, and only here
    const older = JSON.parse(localStorage.getItem(key))
    if (JSON.stringify({ title: older.texts.title, body: older.texts.body }) === now) forgetHere(key)
    else if (key !== here) offer(key, older)
  }
}

look()
if (asText() !== state.kept) later()
