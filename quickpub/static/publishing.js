// The panel to publish from, as the text is now.

import { body, form } from './editing.js'

const panel = document.getElementById('publishing')
const title = document.getElementById('card-title')
const summary = document.getElementById('card-summary')
const ENOUGH = 4000 // characters of the text, of which lists show less

async function show () {
  if (!title) return
  title.textContent = form.elements.title.value.trim()
  title.hidden = !title.textContent
  const words = form.elements.summary.value.trim()
  summary.textContent = words || await beginning() || ''
}

// The excerpt that lists will show, as the site makes it.
async function beginning () {
  const typed = form.elements
  const sent = new URLSearchParams({
    title: typed.title.value, body: body.value.slice(0, ENOUGH), language: typed.language.value
  })
  const answer = await fetch(form.dataset.preview, { method: 'POST', body: sent, redirect: 'manual' }).catch(() => null)
  if (!answer?.ok) return summary.textContent
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  return page.querySelector('.prose')?.dataset.excerpt
}

panel.addEventListener('toggle', event => {
  if (event.newState !== 'open') return
  panel.focus()
  show()
})
form.elements.summary.addEventListener('input', show)
// Why the text is not saved is said in the bar, which the panel may cover.
form.addEventListener('unsaved', () => { if (panel.matches(':popover-open')) panel.hidePopover() })
panel.addEventListener('invalid', () => { if (panel.matches('[popover]:not(:popover-open)')) panel.showPopover() }, true)

// With a time in the form, the button schedules the post, and says so.

const due = form.elements.publish_at
const publish = document.getElementById('publish')
if (due && publish?.value === 'publish') {
  document.getElementById('schedule').hidden = true
  const label = () => { publish.textContent = due.value ? publish.dataset.later : publish.dataset.now }
  due.addEventListener('input', label)
  label()
}

// Loaded again, it is an old story.
if (document.querySelector('.just-published')) history.replaceState(null, '', location.pathname)
