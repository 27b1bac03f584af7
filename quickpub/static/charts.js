// Charts: the arrow keys go from bar to bar, and a finger that is drawn across shows the bar below it. One bar of each
// chart is a stop of the Tab key: the last one looked at.

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }

for (const list of document.querySelectorAll('[data-bars]')) {
  const bars = [...list.children]
  const look = number => bars[Math.min(bars.length - 1, Math.max(0, number))].focus({ preventScroll: true })
  list.addEventListener('keydown', event => {
    const step = STEPS[event.key]
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    look(bars.indexOf(event.target) + step)
  })
  list.addEventListener('focusin', event => {
    for (const bar of bars) bar.tabIndex = bar === event.target ? 0 : -1
  })
  const follow = event => {
    list.classList.toggle('touched', event.pointerType !== 'mouse') // the hovered bar stays the first one then
    if (!event.isPrimary || !event.buttons) return
    const { left, width } = list.getBoundingClientRect()
    look(Math.floor((event.clientX - left) / width * bars.length))
  }
  list.addEventListener('pointerdown', follow)
  list.addEventListener('pointermove', follow)
}
