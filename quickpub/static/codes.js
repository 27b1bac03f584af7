// Recovery codes: buttons to copy and to print them. Without this they can be selected and printed with the browser's
// own menu.

const ways = document.getElementById('codes-ways')

if (ways) {
  ways.hidden = false
  document.getElementById('codes-print').addEventListener('click', () => window.print())
  document.getElementById('codes-copy').addEventListener('click', async () => {
    const status = ways.querySelector('[role=status]')
    try {
      await navigator.clipboard.writeText(document.getElementById('codes').textContent)
      status.textContent = ways.dataset.copied
    } catch {
      status.textContent = ways.dataset.refused
    }
  })
}
