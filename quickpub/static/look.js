// Shows the front page with the choices of the form while they are made; without this, the preview shows what is saved.
'use strict'

const form = document.getElementById('look')
const frame = document.getElementById('look-preview')
let timer

function show () {
  const chosen = new FormData(form)
  const query = new URLSearchParams(['hue', 'fonts', 'layout'].map(name => [name, chosen.get(name)]))
  frame.src = `${form.dataset.preview}?${query}`
}

form.addEventListener('input', event => {
  if (!['hue', 'fonts', 'layout'].includes(event.target.name)) return
  clearTimeout(timer)
  timer = setTimeout(show, 250)
})
