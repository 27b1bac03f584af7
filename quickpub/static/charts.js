// Charts: the arrow keys go from bar to bar. One bar of each chart is a stop of the Tab key: the last one looked at.

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }

for (const list of document.querySelectorAll('[data-bars]')) {
  const bars = [...list.children]
  list.addEventListener('keydown', event => {
    const step = STEPS[event.key]
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    const next = bars.indexOf(event.target) + step
    bars[Math.min(bars.length - 1, Math.max(0, next))].focus()
  })
  list.addEventListener('focusin', event => {
    for (const bar of bars) bar.tabIndex = bar === event.target ? 0 : -1
  })
}
