(() => {
  'use strict';
  const root = document.documentElement;
  const all = (what, where = document) => Array.from(where.querySelectorAll(what));
  root.classList.add('js');

  // The theme: as the system has it, light, dark.
  const themes = ['auto', 'light', 'dark'];
  const theme = document.getElementById('theme');
  theme.hidden = false;
  theme.addEventListener('click', () => {
    const next = themes[(themes.indexOf(root.dataset.theme || 'auto') + 1) % themes.length];
    if (next === 'auto') delete root.dataset.theme;
    else root.dataset.theme = next;
    theme.textContent = 'Theme: ' + next;
  });

  // A link into something folded opens it.
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
    target.scrollIntoView();
  };
  addEventListener('hashchange', unfold);
  unfold();

  // Exact numbers are compared exactly: the cell's title holds all digits of what it shows.
  const DECIMAL = /^-?[\d,]+(\.\d+)?( %)?$/;
  const exact = (cell) => {
    const text = (cell.title || cell.textContent).replace(/ %$/, '').replace(/,/g, '');
    if (!DECIMAL.test(text)) return null;
    const [whole, part = ''] = text.replace('-', '').split('.');
    const size = BigInt(whole + part.padEnd(18, '0').slice(0, 18));
    return text.startsWith('-') ? -size : size;
  };
  const PAGE = 50;
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  for (const table of all('table[data-live]')) {
    const body = table.tBodies[0];
    const rows = all('tr', body);
    const heads = all('thead th', table);
    const tools = document.querySelector('.tools[data-for="' + table.id + '"]');
    const search = tools.querySelector('input');
    const filters = all('select', tools);
    const told = tools.querySelector('output');
    const texts = rows.map((row) => row.textContent.toLowerCase());

    const number = (n) => n.toLocaleString('en');
    const place = new Map(rows.map((row, n) => [row, n]));
    let page = 0;
    const pager = document.createElement('div');
    const [back, on] = ['Previous', 'Next'].map((name, n) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = name;
      button.addEventListener('click', () => { page += n ? 1 : -1; show(); });
      return button;
    });
    const where = document.createElement('span');
    pager.className = 'pager';
    pager.append(back, where, on);
    table.closest('.scroll').after(pager);

    const show = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const hits = Array.from(body.rows).filter((row) =>
        words.every((word) => texts[place.get(row)].includes(word)) && filters.every((filter) =>
          !filter.value || row.cells[+filter.dataset.column].firstChild.textContent === filter.value));
      const pages = Math.max(1, Math.ceil(hits.length / PAGE));
      page = Math.min(Math.max(page, 0), pages - 1);
      const seen = new Set(hits.slice(page * PAGE, (page + 1) * PAGE));
      rows.forEach((row) => { row.hidden = !seen.has(row); });
      pager.hidden = pages === 1;
      back.disabled = page === 0;
      on.disabled = page === pages - 1;
      where.textContent = number(page * PAGE + 1) + ' to '
        + number(Math.min((page + 1) * PAGE, hits.length)) + ' of ' + number(hits.length);
      told.textContent = hits.length === rows.length ? number(rows.length) + ' rows'
        : number(hits.length) + ' of ' + number(rows.length) + ' rows';
    };
    const first = () => { page = 0; show(); };
    search.addEventListener('input', first);
    filters.forEach((filter) => filter.addEventListener('change', first));
    tools.hidden = false;
    show();

    heads.forEach((head, place) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      const isNumber = head.classList.contains('n');
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const keys = new Map(rows.map((row, n) => {
          const cell = row.cells[place];
          return [row, [isNumber ? exact(cell) : cell.textContent, n]];
        }));
        // What is unknown is last, whichever way the others are sorted.
        const sorted = rows.slice().sort((a, b) => {
          const [x, n] = keys.get(a);
          const [y, m] = keys.get(b);
          if (x === null || y === null) return (x === null) - (y === null) || n - m;
          return (down ? order(y, x) : order(x, y)) || n - m;
        });
        body.append(...sorted);
        first();
      });
    });
  }

  // The account under the pointer, in the scatter plot.
  const tip = document.getElementById('tip');
  const points = new Map();
  for (const row of all('tr[data-point]')) {
    const [figure, x, y] = row.dataset.point.split(' ');
    if (!points.has(figure)) points.set(figure, []);
    points.get(figure).push({row, x: +x, y: +y});
  }
  for (const [figure, marks] of points) {
    const svg = document.getElementById(figure);
    if (!svg) continue;
    const here = svg.querySelector('.here');
    let found = null;
    const leave = () => {
      found = null;
      tip.hidden = true;
      here.setAttribute('cx', -20);
    };
    svg.addEventListener('pointermove', (event) => {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale;
      const y = (event.clientY - box.top) * scale;
      let best = 16 * scale;
      found = null;
      for (const mark of marks) {
        const far = Math.hypot(mark.x - x, mark.y - y);
        if (far < best) { best = far; found = mark; }
      }
      if (!found) return leave();
      here.setAttribute('cx', found.x);
      here.setAttribute('cy', found.y);
      const heads = all('thead th', found.row.closest('table')).map((head) => head.textContent);
      tip.textContent = Array.from(found.row.cells).slice(0, 7)
        .map((cell, n) => (n < 2 ? '' : heads[n] + ' ') + cell.firstChild.textContent).join(' · ');
      tip.hidden = false;
      tip.style.left = Math.min(event.pageX + 14, scrollX + root.clientWidth - tip.offsetWidth - 8) + 'px';
      tip.style.top = event.pageY + 14 + 'px';
    });
    svg.addEventListener('pointerleave', leave);
    svg.addEventListener('click', () => {
      if (!found) return;
      all('tr.found').forEach((row) => row.classList.remove('found'));
      found.row.hidden = false;
      found.row.classList.add('found');
      found.row.scrollIntoView({block: 'center'});
    });
  }

  // Paths through the contagion graph: by a row of the table, or from a node both ways.
  const nameOf = (part) => (part.querySelector('title') || {textContent: ''}).textContent;
  const clear = (svg) => {
    svg.classList.remove('following');
    all('.on', svg).forEach((part) => part.classList.remove('on'));
    all('[aria-pressed=true]').forEach((one) => one.setAttribute('aria-pressed', 'false'));
    svg.closest('figure').querySelector('.told').textContent = '';
  };
  const follow = (svg, parts, told, by) => {
    const again = by.getAttribute('aria-pressed') === 'true';
    clear(svg);
    if (again) return;
    svg.classList.add('following');
    parts.forEach((part) => part && part.classList.add('on'));
    by.setAttribute('aria-pressed', 'true');
    svg.closest('figure').querySelector('.told').textContent = told;
  };
  for (const svg of all('.graph svg')) {
    const flows = all('.flow', svg);
    const reach = (start, from, to) => {
      const seen = new Set([start]);
      const out = [];
      for (const at of seen) for (const flow of flows) if (flow.dataset[from] === at) {
        out.push(flow);
        seen.add(flow.dataset[to]);
      }
      return [...out, ...Array.from(seen, (id) => document.getElementById(id))];
    };
    for (const node of all('.node', svg)) {
      node.setAttribute('tabindex', '0');
      node.setAttribute('role', 'button');
      node.setAttribute('aria-pressed', 'false');
      node.setAttribute('aria-label', nameOf(node));
      const go = () => {
        const parts = [...reach(node.id, 'b', 'a'), ...reach(node.id, 'a', 'b')];
        follow(svg, parts, 'Everything that leads to and from ' + nameOf(node), node);
      };
      node.addEventListener('click', go);
      node.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        go();
      });
    }
    svg.setAttribute('role', 'group');
  }
  for (const row of all('tr[data-path]')) {
    const [figure, ...ids] = row.dataset.path.split(' ');
    const svg = document.getElementById(figure);
    if (!svg) continue;
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-pressed', 'false');
    button.append(...row.cells[0].childNodes);
    button.setAttribute('aria-label', 'Follow path ' + button.textContent + ' in the graph');
    row.cells[0].append(button);
    button.addEventListener('click', () => {
      const parts = ids.map((id) => document.getElementById(id));
      const words = parts.filter((part) => part && part.classList.contains('node')).map(nameOf);
      follow(svg, parts, words.join(' → '), button);
    });
  }
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') all('svg.following').forEach(clear);
  });
  root.dataset.ready = '';
})();
