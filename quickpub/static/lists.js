// Lists that go on by themselves: Enter begins the next item or ends the list, Tab indents an item where a list can be
// deeper. Elsewhere Tab leaves the field, so that nobody who writes without a mouse is caught in it.

import { body, form, type } from './editing.js'

const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])(\s+)(\[[ xX]\]\s+)?/
const TWICE = /^(\s*(?:[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?)(?:[-*+]|\d{1,9}[.)]) $|^(\s*[-*+]\s+\[[ xX]\]\s+)\[[ xX]\] $/

body.addEventListener('keydown', event => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
  const isDone = event.key === 'Enter' && !event.shiftKey
    ? goOn()
    : event.key === 'Tab' && indent(event.shiftKey)
  if (isDone) event.preventDefault()
})

// Some type the mark themselves, after the one that stands there already: `2. 2. ` becomes `2. `.
body.addEventListener('input', event => {
  if (event.data !== ' ') return
  const at = body.selectionStart
  const { start } = lineAt(at)
  const found = TWICE.exec(body.value.slice(start, at))
  if (found && !isInCode(at)) type('', start + (found[1] ?? found[2]).length, at)
})

function lineAt (at) {
  const start = body.value.lastIndexOf('\n', at - 1) + 1
  const end = body.value.indexOf('\n', at)
  return { start, end: end < 0 ? body.value.length : end, text: body.value.slice(start, end < 0 ? undefined : end) }
}

function isInCode (at) {
  return (body.value.slice(0, at).match(/^ *(```|~~~)/gm) || []).length % 2 === 1
}

function goOn () {
  const at = body.selectionStart
  const line = lineAt(at)
  const found = ITEM.exec(line.text)
  if (!found || at !== body.selectionEnd || at < line.start + found[0].length || isInCode(at)) return false
  const [whole, indentation, mark, space, task] = found
  if (line.text === whole) {
    type(line.start ? '\n' : '', line.start, line.end) // a blank line, or what follows would belong to the item above
  } else {
    const next = /\d/.test(mark) ? Number.parseInt(mark) + 1 + mark.slice(-1) : mark
    type(`\n${indentation}${next}${space}${task ? '[ ] ' : ''}`)
  }
  return true
}

function indent (isBack) {
  const { selectionStart: from, selectionEnd: to } = body
  const line = lineAt(from)
  const found = ITEM.exec(line.text)
  if (!found || to > line.end || isInCode(from)) return false
  const own = found[1].length
  const wanted = isBack ? outer(line.start, own) : inner(line.start, own)
  if (wanted === null) return false
  type(' '.repeat(wanted), line.start, line.start + own)
  const moved = at => Math.max(line.start, at + wanted - own)
  body.setSelectionRange(moved(from), moved(to))
  return true
}

// The items above, the nearest first: how far in they begin, and their words.
function * above (start) {
  while (start > 0) {
    const line = lineAt(start - 1)
    const found = ITEM.exec(line.text)
    if (found) yield { mark: found[1].length, words: found[1].length + found[2].length + found[3].length }
    else if (/^\S/.test(line.text)) return
    start = line.start
  }
}

// Below the words of the item before, if that is beside this one: the first item of a list has none, and Tab leaves.
function inner (start, own) {
  for (const { mark, words } of above(start)) {
    if (mark <= own) return own < words ? words : null
  }
  return null
}

function outer (start, own) {
  for (const { mark } of above(start)) {
    if (mark < own) return mark
  }
  return own ? 0 : null
}

// A title is one line.

form.elements.title.addEventListener('keydown', event => {
  if (event.key !== 'Enter' || event.isComposing) return
  event.preventDefault()
  body.focus()
  body.setSelectionRange(0, 0)
})
