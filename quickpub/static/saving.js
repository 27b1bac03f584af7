// Save without leaving the page: caret, selection and scroll stay. Without this script the form is sent as any other.

import { asText, clock, form, say, state, texts, WORDS } from './editing.js'

const refused = document.getElementById('refused')
let isOnItsWay = false
let isAgain = false
let isWhole = false // the next one is sent as any other form, to a page that shows more

form.addEventListener('submit', event => {
  if (isWhole || event.submitter?.value !== 'save') return
  event.preventDefault()
  save()
})

form.addEventListener('save', save) // for other parts of the page

async function save () {
  isAgain = isOnItsWay
  if (isOnItsWay) return
  isOnItsWay = state.isSaving = true
  await state.backup // or it would arrive after the text that it is older than
  const sent = texts()
  const fields = new URLSearchParams(new FormData(form))
  fields.set('action', 'save')
  say(WORDS.saving)
  const answer = await fetch(form.getAttribute('action'), { method: 'POST', body: fields, headers: { Accept: 'application/json' }, redirect: 'manual' })
    .catch(() => null)
  const found = await answer?.json().catch(() => null)
  isOnItsWay = state.isSaving = false
  if (answer?.ok && found) settle(found, sent)
  else refuse(answer, found?.errors)
  if (isAgain) save()
}

// Turns the page into that of the saved post. Text that was typed meanwhile is not saved yet.
function settle (found, sent) {
  const { version, slug } = form.elements
  clear()
  version.value = found.version
  if (slug.value === sent.slug) slug.value = sent.slug = found.slug
  if (!form.dataset.post) become(found)
  form.dataset.kept = 'yes'
  state.kept = JSON.stringify(sent)
  form.dispatchEvent(new Event('saved'))
  say(asText() === state.kept ? WORDS.saved.replace('{time}', found.time) : WORDS.unsaved)
  if (found.notice) tell(found.notice)
}

// A new post has an address now, and a history, a trash and a cover.
async function become ({ id, url }) {
  form.dataset.post = id
  form.setAttribute('action', url)
  history.replaceState(null, '', url)
  const answer = await fetch(url).catch(() => null) // without it, they come with the next page
  if (!answer?.ok || answer.redirected) return
  const saved = new DOMParser().parseFromString(await answer.text(), 'text/html')
  for (const part of form.querySelectorAll('[data-of-saved]')) {
    part.replaceChildren(...saved.getElementById(part.id).childNodes)
  }
}

function refuse (answer, errors) {
  clear()
  if (!errors) {
    say((answer ? answer.status === 403 ? WORDS.logged_out : WORDS.refused : WORDS.no_connection).replace('{time}', clock()))
    if (answer?.status === 403) tell(WORDS.log_in, WORDS.log_in_button)
  } else {
    say(WORDS.not_saved)
    for (const [name, sentence] of Object.entries(errors)) {
      tell(sentence, answer.status === 409 ? WORDS.compare : '', form.elements[name])
    }
  }
  form.dispatchEvent(new Event('unsaved'))
}

// In the bar, which is in view wherever somebody writes.
function tell (sentence, button, field) {
  const line = document.createElement('p')
  if (field?.id) {
    const link = document.createElement('a')
    link.href = `#${field.id}`
    link.textContent = sentence
    link.addEventListener('click', event => {
      event.preventDefault()
      field.closest('details')?.setAttribute('open', '')
      field.closest('[popover]:not(:popover-open)')?.showPopover()
      field.focus()
    })
    field.setAttribute('aria-invalid', 'true')
    field.closest('.field').classList.add('wrong')
    line.append(link)
  } else {
    line.textContent = sentence
  }
  if (button) line.append(' ', wayOn(button))
  refused.append(line)
  refused.hidden = false
}

// To the page that shows both versions, or a form to log in: the same form, sent as any other.
function wayOn (words) {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = 'small'
  made.textContent = words
  made.addEventListener('click', () => {
    isWhole = true
    form.requestSubmit(form.querySelector('button[value=save]'))
  })
  return made
}

function clear () {
  refused.replaceChildren()
  refused.hidden = true
  form.querySelectorAll(':scope > .alert, .field > .error').forEach(each => each.remove())
  form.querySelectorAll('.field.wrong').forEach(each => each.classList.remove('wrong'))
  form.querySelectorAll('[aria-invalid]').forEach(each => each.removeAttribute('aria-invalid'))
}

addEventListener('pageshow', event => { if (event.persisted) isWhole = false })

document.addEventListener('keydown', event => {
  if (event.key.toLowerCase() === 's' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    event.preventDefault()
    const button = form.querySelector('button[value=save]')
    if (button) form.requestSubmit(button)
  }
})
