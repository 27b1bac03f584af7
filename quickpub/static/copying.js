// Buttons that copy a text, and say so. Without this script they are not shown, and the text can be selected.
'use strict'

if (navigator.clipboard) {
  document.documentElement.classList.add('copies')
  document.addEventListener('click', async ({ target }) => {
    const { copy, copied } = target.dataset
    if (!copy) return
    await navigator.clipboard.writeText(copy)
    target.parentElement.querySelector('[role=status]').textContent = copied
  })
}
