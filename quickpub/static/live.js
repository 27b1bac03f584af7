// Keeps what is marked id="live" up to date without reloading the page; the page works as well without this.
'use strict'

const EVERY = 2000 // milliseconds

async function refresh () {
  const live = document.getElementById('live')
  // Not while somebody is on a button in it, has a text open or selected, or does not look.
  const isBusy = live.contains(document.activeElement) || live.querySelector('details[open]') ||
    !document.getSelection().isCollapsed || document.hidden
  if (!isBusy) {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } })
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      const fresh = page.getElementById('live')
      if (fresh && fresh.innerHTML !== live.innerHTML) live.replaceWith(document.adoptNode(fresh))
    }
  }
}

function again () {
  refresh().catch(() => {}).finally(() => setTimeout(again, EVERY)) // the site may be restarting: look again
}

setTimeout(again, EVERY)
