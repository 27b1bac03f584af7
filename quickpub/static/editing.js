// Shared by the scripts of the editor: its form, its sentences, the author's clock, and typing that can be undone.

export const form = document.getElementById('editor')
export const body = form.elements.body
export const WORDS = JSON.parse(form.dataset.words)

const TEXTS = ['title', 'body', 'summary', 'tags', 'slug', 'language', 'canonical', 'series', 'part', 'place', 'publish_at']
const AHEAD = Date.now() - Number(form.dataset.now) // milliseconds by which this browser's clock is ahead of the site's
const said = document.querySelectorAll('#saved, #saved-here')

// What the scripts that save and back up know of each other.
export const state = { kept: '', isSaving: false, backup: Promise.resolve() } // the text that the site has, ...

export const texts = () => Object.fromEntries(
  TEXTS.filter(name => form.elements[name]).map(name => [name, form.elements[name].value]))
export const asText = () => JSON.stringify(texts())

export function say (words) {
  for (const each of said) if (each.textContent !== words) each.textContent = words
}

// On the author's own clock, like all other times on the page: the browser's may be another.
export function inZone (at, style) {
  try {
    return new Date(at).toLocaleString([], { ...style, hourCycle: 'h23', timeZone: form.dataset.zone })
  } catch { // a zone that this browser does not know
    return new Date(at).toLocaleString([], { ...style, hourCycle: 'h23', timeZone: 'UTC' }) + ' UTC'
  }
}

export function clock () {
  return inZone(Date.now() - AHEAD, { hour: '2-digit', minute: '2-digit' })
}

// Like typing: Ctrl+Z takes it back. A text that is hidden behind its preview has no focus, and is only changed.
export function type (text, start = body.selectionStart, end = body.selectionEnd) {
  body.focus()
  body.setSelectionRange(start, end)
  if (!text && start === end) return
  if (document.activeElement !== body || !document.execCommand(text ? 'insertText' : 'delete', false, text)) {
    body.setRangeText(text, start, end, 'end')
    body.dispatchEvent(new Event('input', { bubbles: true }))
  }
}

// The same, while somebody writes elsewhere: their place, and what they see, stay.
export function typeAside (text, start, end) {
  const writing = document.activeElement
  const { selectionStart, selectionEnd, selectionDirection } = body
  const { scrollX, scrollY } = window
  const moved = at => at <= start ? at : at >= end ? at + text.length - (end - start) : start + text.length
  type(text, start, end)
  body.setSelectionRange(moved(selectionStart), moved(selectionEnd), selectionDirection)
  if (writing !== body) writing?.focus({ preventScroll: true })
  scrollTo({ left: scrollX, top: scrollY, behavior: 'instant' })
}
