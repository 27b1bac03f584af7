// Discard unsaved changes in place, with a way back for as long as the page is open. Without this script, a second
// button has to be pressed.

export function button (words, does, className = 'small') {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = className
  made.textContent = words
  made.addEventListener('click', does)
  return made
}

// Puts "Undo" in the place of a line. `restore` returns whether what was discarded is there again; then the line is, too.
export function offerUndo (line, restore) {
  const { discarded, undo, failed } = line.closest('.unsaved').dataset
  const before = [...line.childNodes]
  const said = document.createElement('span')
  said.setAttribute('role', 'status')
  const back = button(undo, async () => {
    if (!await restore()) {
      said.textContent = failed
      return
    }
    line.replaceChildren(...before)
    line.querySelector('a, button').focus()
  })
  line.replaceChildren(said, ' ', back)
  said.textContent = discarded
  back.focus()
}

function send (form, fields) {
  return fetch(form.getAttribute('action'), {
    method: 'POST', body: new URLSearchParams(fields), headers: { Accept: 'application/json' }, redirect: 'manual'
  }).catch(() => null)
}

for (const form of document.querySelectorAll('.unsaved form')) {
  const asked = form.querySelector('details')
  const asking = asked.querySelector('button')
  const tab = form.elements.tab.value
  const drop = button(asking.textContent, async () => {
    const answer = await send(form, { tab, action: 'discard' })
    const fields = answer?.ok && await answer.json().catch(() => null)
    if (fields) {
      offerUndo(form.closest('li'), async () => (await send(form, { ...fields, tab }))?.ok)
    } else { // the form leads to a page that says why
      drop.replaceWith(asked)
      asked.open = true
      asking.focus()
    }
  }, 'plain')
  drop.setAttribute('aria-label', asking.getAttribute('aria-label'))
  asked.replaceWith(drop)
}
