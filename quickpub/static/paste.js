// Paste what a reader will see: an address on selected words makes a link of them, and text from Word, Google Docs and
// web pages becomes Markdown. With Shift it is pasted as it is.

import { body, type, WORDS } from './editing.js'

const ADDRESS = /^https?:\/\/[^\s<>]+$/i
const said = document.getElementById('pasted')
let isPlain = false

body.addEventListener('keydown', event => { isPlain = event.shiftKey })
body.addEventListener('input', () => { said.textContent = '' })

body.addEventListener('paste', event => {
  const { types, files } = event.clipboardData
  const plain = event.clipboardData.getData('text/plain')
  const html = event.clipboardData.getData('text/html')
  if (isPlain || (files.length && !plain)) return // files are added by uploads.js
  const chosen = body.value.slice(body.selectionStart, body.selectionEnd)
  if (ADDRESS.test(plain.trim()) && chosen.trim() && !/\n/.test(chosen) && !ADDRESS.test(chosen.trim())) {
    event.preventDefault()
    type(link(chosen, plain.trim()))
  } else if (html.trim() && !types.includes('vscode-editor-data')) {
    event.preventDefault()
    convert(html, plain)
  }
})

function link (words, address) {
  return `[${words.replace(/[[\]]/g, '\\$&')}](${address.replaceAll('(', '%28').replaceAll(')', '%29')})`
}

async function convert (html, plain) {
  let found
  try {
    const { toMarkdown } = await import('./pasted.js') // heavy, and most people never need it
    found = toMarkdown(html)
  } catch (error) {
    console.error(error)
  }
  type(found ? found.markdown || plain : plain)
  if (found?.dropped) said.textContent = WORDS.images_dropped
}
