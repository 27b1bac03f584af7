// The studio's menus: Escape, a click elsewhere and the focus elsewhere close them. The focus elsewhere closes what lies
// over the page, too. Without this script, their own
// button closes them, and where a browser knows `name`, another menu that opens.

const menus = document.querySelectorAll('[data-menu]')

function closeAll (but) {
  for (const menu of menus) if (menu !== but) menu.open = false
}

for (const menu of menus) {
  menu.addEventListener('toggle', () => { if (menu.open) closeAll(menu) })
  menu.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || !menu.open) return
    event.preventDefault() // so that the menu around it, on a phone, stays open
    menu.open = false
    menu.querySelector('summary').focus()
  })
}
document.addEventListener('click', event => closeAll(event.target.closest('[data-menu]')))
// A press on another menu gives it the focus before the click: if this one closed then, the page would move below the
// pointer, and the click would miss.
document.addEventListener('focusin', ({ target }) => {
  const menu = target.closest('[data-menu]')
  if (!menu || target.matches(':focus-visible')) closeAll(menu)
  for (const open of document.querySelectorAll('[popover]:popover-open')) {
    if (!open.contains(target) && target.getAttribute('popovertarget') !== open.id) open.hidePopover()
  }
})
