// Passkeys: log in, confirm, add. Each element with data-passkey is shown where the browser can do it; everything it
// needs comes from the site, and what the browser says goes back there.

const able = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON &&
  PublicKeyCredential.prototype.toJSON

const WORDS = JSON.parse(document.querySelector('script[data-words]').dataset.words) // by the name of the browser's error

class ToConfirm extends Error {}

async function send (path, what) {
  let answer
  try {
    answer = await fetch(path, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(what)
    })
  } catch {
    throw new Error(WORDS.no_answer)
  }
  if (answer.redirected) { // logged out meanwhile
    location.assign(answer.url)
    return new Promise(() => {})
  }
  const found = await answer.json().catch(() => ({ error: WORDS.failed }))
  if (found.confirm) throw new ToConfirm()
  if (!answer.ok) throw new Error(found.error)
  return found
}

async function use (kind, path, form) {
  const step = kind === 'second-step' || (form && Boolean(form.elements.login_code))
  const options = await send(`${path}/options`, { step })
  const credential = kind === 'add'
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
  const field = name => form?.elements[name]?.value ?? ''
  return send(path, { step, credential: credential.toJSON(), name: field('name'), next: field('next') })
}

// What was typed goes the way of its own button, without the password that the passkey stands for.
function submit (form) {
  form.noValidate = true
  form.requestSubmit(form.querySelector('button:not([type=button])'))
}

function prepare (box) {
  const { passkey: kind, path } = box.dataset
  const form = box.closest('form') ?? document.querySelector('main form')
  const button = box.querySelector('button')
  const status = box.querySelector('[role=status]')
  box.hidden = false
  button.addEventListener('click', async event => {
    if (kind === 'add' && !('confirmed' in box.dataset)) return // the form itself leads to the page that asks first
    event.preventDefault()
    button.disabled = true
    status.textContent = ''
    try {
      const { onward } = await use(kind, path, form)
      if (kind === 'confirm' || kind === 'log-in-and-send') submit(form)
      else location.assign(onward)
    } catch (error) {
      if (error instanceof ToConfirm) {
        delete box.dataset.confirmed
        button.disabled = false
        form.requestSubmit(button)
        return
      }
      status.textContent = WORDS[error.name] ?? error.message
      button.disabled = false
    }
  })
}

if (able) {
  document.querySelectorAll('[data-passkey]').forEach(prepare)
  document.querySelectorAll('[data-passkey-missing]').forEach(note => note.remove())
}
