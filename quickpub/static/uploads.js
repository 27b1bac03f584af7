// Media beside the editor's text: chosen, dropped or pasted, several at once, with their descriptions. The text is the
// truth: this adds Markdown to it and rewrites descriptions in it. Without this, the media page does the same by hand.

import { body as text, type, typeAside, WORDS } from './editing.js'

const LOOK_EVERY = 1000 // milliseconds, while an image is processed
const NO_DESCRIPTION = /!\[\s*\]\((\/media\/[0-9a-f]{32}\/([^)\s]+\.(?:jpg|png|webp|gif|avif)))/g

const part = document.getElementById('uploads')
const said = document.getElementById('uploads-said')
const list = document.getElementById('uploads-list')
const missing = document.getElementById('uploads-missing')
const known = new Map() // path -> what the site says of it
const marks = new Set() // of files that have come or will not, when nothing was typed meanwhile

const named = (words, name) => words.replace('{name}', () => name)

let queue = Promise.resolve() // one after the other
let pending = 0
let typed = 0 // changes of the text by others than this script
let isOurs = false

// Each has its place in the text at once; who goes on writing meanwhile does not move it.
function add (files) {
  for (const file of files) {
    const row = new Row(file.name)
    const mark = `![${named(WORDS.upload_mark, file.name.replace(/[\\[\]]/g, ''))}](#${Date.now()}-${pending++})`
    write(() => insert(mark))
    const before = typed
    queue = queue.then(() => send(file, row))
      .then(upload => take(upload, row, mark), error => { put(mark, ''); row.fail(error.message) })
      .then(() => { if (typed === before) marks.add(mark) })
      .finally(() => { pending-- })
  }
}

function write (change) {
  isOurs = true
  change()
  isOurs = false
}

// What is on its way belongs to what is saved: the form waits for it.
function wait (event) {
  const { activeElement: field } = document // with Ctrl+S it is left without a change
  if (missing.contains(field)) describe(field.closest('li').dataset.path, field.value.trim())
  if (!pending) return
  event.preventDefault()
  event.stopImmediatePropagation()
  said.textContent = WORDS.upload_wait
  const { submitter } = event
  queue.then(() => text.form.requestSubmit(submitter))
}

class Row {
  constructor (name) {
    this.element = document.createElement('li')
    this.bar = document.createElement('progress')
    this.words = document.createElement('span')
    this.label = document.createElement('span')
    this.label.textContent = name
    this.bar.max = 100
    this.bar.value = 0
    this.bar.setAttribute('aria-label', named(WORDS.progress, name))
    this.words.textContent = WORDS.waiting
    this.element.append(this.label, this.bar, this.words)
    list.append(this.element)
  }

  tell (percent, words) {
    this.bar.value = percent
    this.words.textContent = words
  }

  end (words) {
    this.bar.remove()
    this.words.textContent = words
  }

  fail (sentence) {
    this.end(sentence)
    if (sentence.includes(this.label.textContent)) this.label.remove() // once is enough
    this.element.className = 'error'
    said.textContent = sentence
  }
}

// Sends one file; what the site says of it. fetch() does not tell how far it is.
function send (file, row) {
  return new Promise((resolve, reject) => {
    const form = new FormData()
    form.append('files', file)
    const request = new XMLHttpRequest()
    request.open('POST', part.dataset.url)
    request.setRequestHeader('Accept', 'application/json')
    request.upload.onprogress = event => row.tell(100 * event.loaded / event.total, WORDS.uploading)
    request.onerror = () => reject(new Error(WORDS.upload_broken))
    request.onload = () => {
      try {
        const { uploads, problems } = JSON.parse(request.responseText)
        uploads.length ? resolve(uploads[0]) : reject(new Error(problems[0]))
      } catch {
        reject(new Error(refusal(request)))
      }
    }
    request.send(form)
  })
}

function refusal ({ status, responseURL }) {
  if (responseURL.includes('/login')) return WORDS.upload_logged_out
  if (status === 413) return WORDS.upload_large
  return WORDS.upload_refused
}

function take (upload, row, mark) {
  known.set(upload.path, upload)
  put(mark, upload.markdown)
  said.textContent = named(WORDS.upload_done, upload.name)
  follow(upload, row)
}

// Where the cursor is, as a paragraph of its own.
function insert (markdown) {
  const before = text.value.slice(0, text.selectionEnd)
  const after = text.value.slice(text.selectionEnd)
  const ahead = !before || before.endsWith('\n\n') ? '' : before.endsWith('\n') ? '\n' : '\n\n'
  const behind = after.startsWith('\n') ? '\n' : '\n\n'
  type(ahead + markdown + behind, before.length, before.length)
}

// In the place of a mark; where somebody took that out, they do not want the file either.
function put (mark, markdown) {
  const at = text.value.indexOf(mark)
  if (at >= 0) write(() => typeAside(markdown, at, at + mark.length))
}

// Undone, a file that has come is not on its way again, so its mark goes too. Redone, the file is back.
function skipMarks ({ inputType }) {
  const command = { historyUndo: 'undo', historyRedo: 'redo' }[inputType]
  if (command && [...marks].some(mark => text.value.includes(mark))) document.execCommand(command)
}

async function follow (upload, row) {
  while (upload.state === 'waiting' || upload.state === 'working') {
    row.tell(upload.progress, upload.error || WORDS.processing)
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY))
    const answer = await fetch(upload.url).catch(() => null) // the site may be restarting: look again
    if (answer?.ok && !answer.redirected) upload = await answer.json()
    else if (answer) return row.end(WORDS.inserted)
  }
  upload.state === 'failed' ? row.fail(`${upload.name}: ${upload.error}`) : row.end(WORDS.ready)
  text.form.dispatchEvent(new Event('processed')) // the preview shows it now
}

// The list of images without a description follows the text, but leaves alone what somebody is typing.
function listMissing () {
  const paths = new Map([...text.value.matchAll(NO_DESCRIPTION)].map(([, path, name]) => [path, name]))
  const rows = missing.querySelector('ul')
  for (const row of [...rows.children]) {
    if (!paths.delete(row.dataset.path) && !row.contains(document.activeElement)) row.remove()
  }
  for (const [path, name] of paths) rows.append(question(path, name))
  missing.hidden = !rows.children.length
}

function question (path, name) {
  const row = document.createElement('li')
  const label = document.createElement('label')
  const input = document.createElement('input')
  row.dataset.path = path
  label.textContent = name
  label.htmlFor = input.id = `uploads-${path.split('/')[2]}`
  input.type = 'text'
  input.dir = 'auto'
  input.maxLength = 1000
  input.onchange = () => setTimeout(() => describe(path, input.value.trim())) // when the focus has moved on
  input.onblur = () => setTimeout(listMissing)
  input.onkeydown = event => {
    if (event.key !== 'Enter') return
    event.preventDefault() // or the post would be saved
    input.blur()
  }
  row.append(label, input)
  return row
}

// Into the text, and for other posts to the file itself where it was uploaded here.
function describe (path, words) {
  if (!words) return
  const alt = words.replace(/[\\[\]`*_$<&]/g, '\\$&')
  for (const found of [...text.value.matchAll(NO_DESCRIPTION)].reverse()) {
    if (found[1] === path) write(() => typeAside(`![${alt}]`, found.index, found.index + found[0].indexOf(']') + 1))
  }
  if (known.has(path)) {
    const form = new URLSearchParams({ action: 'describe', alt: words })
    fetch(known.get(path).url, { method: 'POST', body: form }).catch(() => {}) // the text has it already
  }
}

document.getElementById('uploads-without').hidden = true
document.getElementById('uploads-with').hidden = false
const choose = document.getElementById('uploads-choose')
choose.addEventListener('change', () => {
  add([...choose.files])
  choose.value = ''
})
text.addEventListener('paste', event => {
  if (!event.clipboardData.files.length || event.clipboardData.types.includes('text/plain')) return
  event.preventDefault()
  add([...event.clipboardData.files])
})
for (const name of ['dragenter', 'dragover']) {
  text.addEventListener(name, event => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    text.classList.add('dropping')
  })
}
text.addEventListener('dragleave', () => text.classList.remove('dropping'))
text.addEventListener('drop', event => {
  text.classList.remove('dropping')
  if (!event.dataTransfer.files.length) return
  event.preventDefault()
  add([...event.dataTransfer.files])
})
text.form.addEventListener('submit', wait, true)
text.addEventListener('input', listMissing)
text.addEventListener('input', event => {
  if (!isOurs) typed++
  setTimeout(skipMarks, 0, event)
})
listMissing()
