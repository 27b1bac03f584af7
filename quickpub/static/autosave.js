// Keeps what is typed: in this browser with every key, on the server every few seconds. What was not saved is offered
// when the editor is opened again, in any window.

const form = document.getElementById('editor')
const said = document.getElementById('saved')
const found = document.getElementById('found')
const AGAIN = 3000 // milliseconds between two letters to the server
const OURS = `quickpub:${form.dataset.user}:${form.dataset.post || 'new'}:`
const HERE = OURS + form.elements.tab.value
const TEXTS = ['title', 'body', 'summary', 'tags', 'slug', 'canonical', 'series', 'part', 'place', 'publish_at']

const texts = () => Object.fromEntries(
  TEXTS.filter(name => form.elements[name]).map(name => [name, form.elements[name].value]))
const asText = () => JSON.stringify(texts())

let kept = form.dataset.kept ? asText() : '' // what the server has
let isSaving = false
let timer

function say (words) {
  if (said) said.textContent = words
}

function clock () {
  return new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false })
}

// In this browser: at once, and before anything that may fail.

function keepHere () {
  try {
    localStorage.setItem(HERE, JSON.stringify({ at: Date.now(), version: form.elements.version.value, texts: texts() }))
  } catch (error) {
    if (error.name !== 'QuotaExceededError' && error.name !== 'SecurityError') throw error // then the server has it
  }
}

function forgetHere (key = HERE) {
  try { localStorage.removeItem(key) } catch (error) { if (error.name !== 'SecurityError') throw error }
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
  if (now === kept || isSaving) return
  let answer
  try {
    answer = await fetch(form.dataset.keep, { method: 'POST', body: letter(), redirect: 'manual' })
  } catch {
    say(`No connection. Kept in this browser, ${clock()}`)
    later()
    return
  }
  if (answer.status === 204) {
    kept = now
    if (asText() === now) forgetHere()
    else later()
    say(`Not saved. Kept at ${clock()}`)
  } else if (answer.type === 'opaqueredirect') {
    say(`You are logged out. Kept in this browser, ${clock()}`)
    later()
  } else {
    say(`The site cannot keep it now. Kept in this browser, ${clock()}`)
    later()
  }
}

function later () {
  timer ??= setTimeout(keepThere, AGAIN)
}

form.addEventListener('input', () => {
  keepHere()
  later()
})

form.addEventListener('submit', () => {
  isSaving = true
  keepHere() // until the next page says that it is saved
})

// Leaving: a last letter, if it is short enough for one that need not be waited for.
addEventListener('visibilitychange', () => {
  if (document.hidden && !isSaving && asText() !== kept) navigator.sendBeacon(form.dataset.keep, letter())
})

addEventListener('pageshow', event => { if (event.persisted) isSaving = false })

// What this browser has and the page has not.

function offer (key, { at, version, texts: older }) {
  const words = (older.title || older.body || '').slice(0, 60)
  const when = new Date(at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })
  const line = document.createElement('p')
  line.textContent = `This browser has a text that was not saved, from ${when}: “${words}” `
  const take = button('Go on with it', () => {
    for (const [name, value] of Object.entries(older)) {
      if (form.elements[name]) form.elements[name].value = value
    }
    if (version) form.elements.version.value = version
    done()
    form.elements.body.dispatchEvent(new Event('input', { bubbles: true }))
    form.elements.body.focus()
  })
  const drop = button('Throw away', done)
  function done () {
    if (key !== HERE) forgetHere(key)
    line.remove()
    found.hidden = !found.children.length
  }
  line.append(take, ' ', drop)
  found.append(line)
  found.hidden = false
}

function button (words, does) {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = 'small'
  made.textContent = words
  made.addEventListener('click', does)
  return made
}

function look () {
  const now = JSON.stringify({ title: form.elements.title.value, body: form.elements.body.value })
  for (const key of Object.keys(localStorage).filter(key => key.startsWith(OURS))) {
    const older = JSON.parse(localStorage.getItem(key))
    if (key === HERE && !form.dataset.kept) continue // the site could not save it: it is in the form, and only here
    if (JSON.stringify({ title: older.texts.title, body: older.texts.body }) === now) forgetHere(key)
    else if (key !== HERE) offer(key, older)
  }
  // A new post that was saved is not new any more: what this window kept of it under that name is done with.
  const before = new URLSearchParams(location.search).get('notice') && sessionStorage.getItem('quickpub:sent')
  if (before) forgetHere(before)
  sessionStorage.removeItem('quickpub:sent')
}

form.addEventListener('submit', () => sessionStorage.setItem('quickpub:sent', HERE))
look()
if (asText() !== kept) later()
