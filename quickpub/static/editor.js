// Makes writing nicer: formatting keys, a live preview, tags to choose from, focus mode. Without it the editor is a
// form that does all of this but focus mode.

import { body, form, WORDS } from './editing.js'

const preview = document.getElementById('preview')
const showPreview = document.getElementById('show-preview')
const showText = document.getElementById('show-text')
const isNarrow = matchMedia('(max-width: 51.99em)')
const quiet = document.getElementById('quiet')
const MARGIN = 80 // pixels above what is scrolled to
const PAUSE = 250 // milliseconds without a key, after which the preview is asked for

// A new text begins with its title, unless the page has something to say first.

const { title } = form.elements
const isNew = !form.dataset.post && !title.value && !body.value
if (isNew && document.activeElement === document.body && !document.querySelector('main :is(.notice, .unsaved:not([hidden]))')) {
  title.focus({ preventScroll: true })
}

// Formatting, by buttons and by keys.

const toolbar = form.querySelector('markdown-toolbar')
toolbar.hidden = false

document.getElementById('add-image').addEventListener('click', () => document.getElementById('uploads-choose').click())

body.addEventListener('keydown', event => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    const button = toolbar.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)
    if (button) {
      event.preventDefault()
      button.click()
    }
  }
})

// The preview is made by the same function that publishes. While it is on its way the last one stands.

let timer, underWay

function isShown () {
  return !preview.hidden
}

async function refresh () {
  underWay?.abort()
  underWay = new AbortController()
  try {
    const answer = await fetch(form.dataset.preview, {
      method: 'POST', body: new URLSearchParams({ body: body.value, language: form.elements.language.value }), redirect: 'manual', signal: underWay.signal
    })
    if (answer.ok || answer.status === 422) preview.innerHTML = await answer.text()
  } catch (error) {
    if (error.name !== 'AbortError' && !(error instanceof TypeError)) throw error // TypeError: no connection
  }
}

// Beside the text, or on a narrow page in its place: then one is as far down as the other was.
async function show (isOn) {
  const isMoving = isOn !== isShown()
  const place = placeIn(isShown() ? preview : body)
  preview.hidden = !isOn
  form.classList.toggle('beside', isOn)
  document.body.classList.toggle('beside', isOn)
  showPreview.setAttribute('aria-pressed', isOn)
  showText.setAttribute('aria-pressed', !isOn)
  if (isOn) await refresh()
  if (!isMoving || isOn !== isShown()) return // another press was faster
  if (isNarrow.matches) goTo(place, isOn ? preview : body)
  else if (isOn && preview.getBoundingClientRect().bottom < innerHeight / 3) preview.parentElement.scrollIntoView()
}

// The share of a part that is above the screen: 0 when its beginning is in view, or none of it is.
function placeIn (part) {
  const { top, bottom, height } = part.getBoundingClientRect()
  return top < 0 && bottom > innerHeight / 4 ? -top / height : 0
}

function goTo (place, part) {
  const { top, height } = part.getBoundingClientRect()
  if (!place && top >= 0 && top < innerHeight / 2) return
  scrollBy({ top: top + place * height - (place ? 0 : MARGIN), behavior: 'instant' })
}

if (showPreview) {
  showPreview.type = 'button'
  showText.hidden = false
  showPreview.addEventListener('click', () => show(!isShown()))
  showText.addEventListener('click', () => show(false))
  show(isShown())
}

body.addEventListener('input', () => {
  clearTimeout(timer)
  if (isShown()) timer = setTimeout(refresh, PAUSE)
})

form.addEventListener('processed', () => { if (isShown()) refresh() })

// How long it is. The preview's number is the one that readers will see; this one keeps up with the keys.

const counts = document.getElementById('counts')
const PER_MINUTE = 220

function count () {
  const text = body.value.replace(/^\s*\d+[.)]\s/gm, '') // the numbers of lists are no words
  const words = (text.match(/[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]*[\p{L}\p{N}][^\s\u3040-\u30ff\u3400-\u9fff]*/gu) || []).length
  counts.hidden = !words
  counts.textContent = WORDS.count.replace('{words}', words).replace('{minutes}', Math.max(1, Math.round(words / PER_MINUTE)))
}

if (counts) {
  let soon
  body.addEventListener('input', () => { soon ??= setTimeout(() => { soon = undefined; count() }, PAUSE) })
  count()
}

// Tags: what is offered completes the last word of the list.

const tags = form.elements.tags
if (tags) {
  const names = [...tags.list.options].map(option => option.value)
  const offer = () => {
    const before = tags.value.slice(0, tags.value.lastIndexOf(',') + 1)
    const taken = new Set(before.split(',').map(name => name.trim().toLowerCase()))
    const start = before ? before + ' ' : ''
    tags.list.replaceChildren(...names.filter(name => !taken.has(name.toLowerCase())).map(name => {
      const option = document.createElement('option')
      option.value = start + name
      return option
    }))
  }
  tags.addEventListener('input', offer)
  offer()
}

// Focus mode: the text and nothing else, on the whole screen where the browser lets us.

function caretTop () {
  const { fontSize, lineHeight } = getComputedStyle(body)
  const room = body.clientWidth / (0.45 * parseFloat(fontSize)) // letters of a line, about
  const lines = body.value.slice(0, body.selectionEnd).split('\n').map(line => Math.ceil(line.length / room) || 1)
  return scrollY + body.getBoundingClientRect().top + parseFloat(lineHeight) * lines.reduce((sum, each) => sum + each, 0)
}

function hush (isOn) {
  document.body.classList.toggle('quiet', isOn)
  quiet.setAttribute('aria-pressed', isOn)
  if (isOn) {
    document.documentElement.requestFullscreen?.().catch(() => {}) // some browsers do not; it is quiet all the same
    body.focus({ preventScroll: true })
    scrollTo({ top: Math.max(0, caretTop() - innerHeight / 2), behavior: 'instant' }) // or all of the title is in view
  } else if (document.fullscreenElement) {
    document.exitFullscreen()
  }
}

if (quiet) {
  quiet.hidden = false
  quiet.addEventListener('click', () => hush(!document.body.classList.contains('quiet')))
  document.addEventListener('fullscreenchange', () => { if (!document.fullscreenElement) hush(false) })
}

document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && document.body.classList.contains('quiet')) hush(false)
})
