// Markdown of HTML from the clipboard. Loaded when some is pasted.

import TurndownService from './turndown.js'

const ADDRESS = /^(https?:|mailto:|tel:)/i
const STRUCTURE = 'a[href],b,strong,i,em,s,del,code,pre,h1,h2,h3,h4,h5,h6,ul,ol,table,blockquote,hr,img'

// Returns the Markdown, or '' for text without any form, and whether images of other sites were left out.
export function toMarkdown (html) {
  const { body } = parse(html)
  body.querySelectorAll('script, style, template, iframe, object, embed, svg, math, noscript, head, title, meta, link, form, input, button')
    .forEach(each => { if (!isTask(each)) each.remove() })
  body.querySelectorAll('b[id^=docs-internal-guid]').forEach(unwrap)
  sayByElements(body)
  buildLists(body)
  tidyTables(body)
  body.querySelectorAll('li > p:only-child, li > p:first-child').forEach(unwrap)
  const dropped = keepImages(body)
  keepLinks(body)
  const isFormed = dropped || body.querySelector(STRUCTURE) || body.querySelectorAll('p').length > 1
  return { markdown: isFormed ? makeService().turndown(body).replaceAll('\u00a0', ' ') : '', dropped }
}

// The policy of the page takes style attributes and handlers away, with a complaint, wherever a parser of this page meets
// them, so they are renamed before one does.
function parse (html) {
  const bare = cut(html, /<!--/g, () => '-->').replace(/<!\[[^\]<]*\]>/g, '')
  const tags = cut(bare, /<(style|script|xml|o:p)\b/gi, found => `</${found[1].toLowerCase()}>`)
    .replace(/<[a-z][^<>]*>/gi, tag => tag.replace(/([\s"'/])(style|on\w+)(?=\s*=)/gi, '$1data-$2'))
  return new DOMParser().parseFromString(tags, 'text/html')
}

// Without what lies between each beginning and its end. Each end is sought once for all beginnings that have none, because
// a page may be full of those.
function cut (html, beginning, endOf) {
  const small = html.replace(/[A-Z]/g, letter => letter.toLowerCase()) // of the same length
  const endless = new Set()
  let kept = ''
  let at = 0
  for (const found of html.matchAll(beginning)) {
    const end = endOf(found)
    if (found.index < at || endless.has(end)) continue
    const until = small.indexOf(end, found.index)
    if (until < 0) {
      endless.add(end)
      continue
    }
    kept += html.slice(at, found.index)
    at = until + end.length
  }
  return kept + html.slice(at)
}

function isTask (element) {
  return element.matches('li input[type=checkbox]')
}

function unwrap (element) {
  element.replaceWith(...element.childNodes)
}

function wrap (element, name) {
  const made = element.ownerDocument.createElement(name)
  made.append(...element.childNodes)
  element.append(made)
}

function styles (element) {
  return Object.fromEntries((element.dataset.style || '').split(';').map(each => {
    const at = each.indexOf(':')
    return [each.slice(0, at).trim().toLowerCase(), each.slice(at + 1).trim().toLowerCase()]
  }))
}

// Puts elements in the place of styles that mean the same. Google Docs has all of its text in one bold element that is not bold.
function sayByElements (body) {
  for (const element of [...body.querySelectorAll('[data-style]')]) {
    const found = styles(element)
    if (/mso-list\s*:\s*ignore/i.test(element.dataset.style)) {
      element.dataset.mark = ''
    } else if (element.matches('b, strong') && /^(normal|[1-4]00)$/.test(found['font-weight'])) {
      unwrap(element)
    } else if (element.matches('span')) {
      if (/^(bold|bolder|[6-9]00)$/.test(found['font-weight']) && !element.closest('h1,h2,h3,h4,h5,h6,th')) wrap(element, 'strong')
      if (/^(italic|oblique)$/.test(found['font-style'])) wrap(element, 'em')
      if (/line-through/.test(found['text-decoration'] || found['text-decoration-line'])) wrap(element, 's')
      if (/monospace|courier|consolas/.test(found['font-family'])) wrap(element, 'code')
    }
  }
}

// Word's lists are paragraphs that say in which list they are, and how deep; Docs has lists beside items.
function buildLists (body) {
  let open = []
  for (const paragraph of [...body.querySelectorAll('p')]) {
    const found = /mso-list:\s*l\d+\s+level(\d+)/i.exec(paragraph.dataset.style || '')
    if (!found) {
      open = []
      continue
    }
    const mark = paragraph.querySelector('[data-mark]')
    const name = /^\W*(\d+|[a-z]|[ivx]+)[.)]/i.test(mark?.textContent.trim() || '') ? 'ol' : 'ul'
    const make = kind => body.ownerDocument.createElement(kind)
    mark?.remove()
    if (!open.length || paragraph.previousElementSibling !== open[0]) {
      open = [make(name)]
      paragraph.before(open[0])
    }
    const depth = Math.min(Number(found[1]), 9)
    open.length = Math.min(open.length, depth)
    while (open.length < depth) {
      const list = make(name)
      const parent = open.at(-1)
      if (!parent.lastElementChild) parent.append(make('li'))
      parent.lastElementChild.append(list)
      open.push(list)
    }
    const item = make('li')
    item.append(...paragraph.childNodes)
    open.at(-1).append(item)
    paragraph.remove()
  }
  for (const list of [...body.querySelectorAll(':is(ul, ol) > :is(ul, ol)')]) {
    if (!list.previousElementSibling) list.before(body.ownerDocument.createElement('li'))
    list.previousElementSibling.append(list)
  }
}

function tidyTables (body) {
  body.querySelectorAll('td > p, th > p').forEach(unwrap)
  for (const table of [...body.querySelectorAll('table')]) {
    if ([...table.rows].every(row => row.cells.length < 2) || table.querySelector('table')) { // there for the layout
      for (const cell of [...table.querySelectorAll('td, th')]) cell.append('\n')
      table.replaceWith(...[...table.querySelectorAll('td, th')].filter(cell => cell.closest('table') === table)
        .flatMap(cell => { const block = body.ownerDocument.createElement('div'); block.append(...cell.childNodes); return block }))
    }
  }
}

// Images of this site stay. No page here asks another one for an image.
function keepImages (body) {
  let dropped = false
  for (const image of [...body.querySelectorAll('img')]) {
    const address = URL.canParse(image.getAttribute('src') || '', location.href) && new URL(image.getAttribute('src'), location.href)
    if (address && address.origin === location.origin && address.pathname.includes('/media/')) {
      image.setAttribute('src', address.pathname)
    } else {
      dropped ||= !(image.width === 1 && image.height === 1) // one that counts readers
      image.remove()
    }
  }
  return dropped
}

function keepLinks (body) {
  for (const link of [...body.querySelectorAll('a')]) {
    const address = (link.getAttribute('href') || '').replace(/[\u0000-\u0020]/g, '')
    if (ADDRESS.test(address)) link.setAttribute('href', address)
    else unwrap(link)
  }
}

function makeService () {
  const service = new TurndownService({
    headingStyle: 'atx', bulletListMarker: '-', codeBlockStyle: 'fenced', emDelimiter: '*', hr: '* * *', br: '\\'
  })
  const escape = service.escape.bind(service)
  service.escape = text => escape(text).replace(/[<$~|]|&(?=#?\w+;)/g, '\\$&')
  service.addRule('struck', { filter: ['s', 'del', 'strike'], replacement: words => words.trim() ? `~~${words}~~` : '' })
  service.addRule('break', { filter: 'br', replacement: (_, node) => node.nextSibling ? '\\\n' : '' })
  service.addRule('task', { filter: isTask, replacement: (_, node) => node.hasAttribute('checked') ? '[x]' : '[ ]' })
  service.addRule('item', { filter: 'li', replacement: writeItem })
  service.addRule('table', { filter: 'table', replacement: (_, table) => writeTable(table, service) })
  return service
}

function writeItem (content, node) {
  const list = node.parentNode
  const start = Number(list.getAttribute('start')) || 1
  const mark = list.nodeName === 'OL' ? `${start + [...list.children].indexOf(node)}. ` : '- '
  const words = content.trim().replace(/^(\[[ x]\])\s*/, '$1 ').replace(/\n{2,}(?=(- |\d+\. ))/g, '\n').replace(/\n(?=[^\n])/g, '\n' + ' '.repeat(mark.length))
  return mark + words + (node.nextElementSibling ? '\n' : '')
}

// The first row is the head: Markdown has no other tables.
function writeTable (table, service) {
  const rows = [...table.rows].map(row => [...row.cells].map(cell =>
    service.turndown(cell).replace(/\\?\s*\n\s*/g, ' ').trim()))
  const width = Math.max(...rows.map(row => row.length))
  const line = cells => `| ${[...cells, ...Array(width - cells.length).fill('')].join(' | ')} |`
  const [head, ...others] = rows
  return `\n\n${[line(head), line(Array(width).fill('---')), ...others.map(line)].join('\n')}\n\n`
}
