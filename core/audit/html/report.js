// @ts-check
/** Runs in the reader's browser: finds, sorts and draws what lies in the page. Every name is put in as text, never as markup. */
(() => {
  const PAGE = 200;
  const DAY = 86_400_000;
  const SEVERITIES = ['critical', 'high', 'medium', 'low'];

  /** @param {string} id */
  const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
  /** @param {string} id */
  const data = (id) => JSON.parse(element(id).textContent ?? '');
  const { at } = data('head');
  /** @type {any[]} */
  const rows = data('rows');
  const now = Date.parse(at);

  /** @param {string} name @param {string | undefined} text @param {(Node | string)[]} children */
  function make(name, text, ...children) {
    const node = document.createElement(name);
    if (text) node.className = text;
    node.append(...children);
    return node;
  }

  /** @param {any} row */
  const worst = (row) =>
    Math.min(SEVERITIES.length, ...row.findings.filter((f) => !f.exception).map((f) => SEVERITIES.indexOf(f.severity)));
  /** @param {any} row */
  const rotated = (row) => Date.parse(row.lastRotatedAt ?? row.createdAt ?? '') || 0;
  const kept = rows.map((row) => ({
    row,
    worst: worst(row),
    rotated: rotated(row),
    text: [row.name, row.id, row.kafkaUsername, row.heldBy, row.findings.map((f) => [f.kind, f.evidence])]
      .flat(2)
      .join('\n')
      .toLowerCase(),
  }));

  // Rows are `any`: they come out of JSON.parse, and their types are in TypeScript, which a browser does not read.
  /** @type {Record<string, (a: any, b: any) => number>} */
  const ORDERS = {
    name: (a, b) => (a.row.name < b.row.name ? -1 : a.row.name > b.row.name ? 1 : 0),
    what: (a, b) => (a.row.subject < b.row.subject ? -1 : a.row.subject > b.row.subject ? 1 : 0),
    rotated: (a, b) => a.rotated - b.rotated,
    findings: (a, b) => a.worst - b.worst || b.row.findings.length - a.row.findings.length,
  };
  let order = 'findings';
  let ascending = true;
  let shown = PAGE;

  const search = /** @type {HTMLInputElement} */ (element('search'));
  const kind = /** @type {HTMLSelectElement} */ (element('kind'));
  const only = /** @type {HTMLSelectElement} */ (element('only'));

  function chosen() {
    const wanted = search.value.trim().toLowerCase();
    const found = kept.filter(
      ({ row, text, worst: level }) =>
        (!wanted || text.includes(wanted)) &&
        (!kind.value || row.findings.some((f) => f.kind === kind.value)) &&
        (only.value === '' || (only.value === 'findings' ? level < SEVERITIES.length : row.subject === only.value)),
    );
    const compare = ORDERS[order] ?? ORDERS.findings;
    return found.sort((a, b) => (ascending ? compare(a, b) : compare(b, a)));
  }

  /** @param {string | undefined} time */
  const day = (time) => (time ? time.slice(0, 10) : '');

  /** @param {any} finding */
  function findingItem(finding) {
    const { severity, kind: word, evidence, since, remedy, exception } = finding;
    const item = make('li', '', make('span', `severity ${severity}`, `${severity}: ${word}`), ` ${evidence}`);
    if (since) item.append(`, since ${day(since)}`);
    item.append(make('br', ''), remedy.command ? make('code', '', remedy.command) : remedy.text);
    if (exception)
      item.append(
        make('div', 'quiet', `Accepted by ${exception.owner} until ${day(exception.expiresAt)}: ${exception.reason}`),
      );
    return item;
  }

  /** @param {any} row */
  function tableRow(row) {
    const what =
      row.subject === 'secret' ? (row.role === 'credential' ? (row.strategy ?? 'secret') : row.role) : row.subject;
    const held = row.subject === 'secret' ? row.keyIds.join(', ') : (row.heldBy ?? '');
    const name = make('th', '', row.name, make('div', 'quiet', row.id));
    name.setAttribute('scope', 'row');
    const findings = make('td', 'findings');
    if (row.findings.length === 0) findings.append(make('span', 'none', 'none'));
    else findings.append(make('ul', '', ...row.findings.map(findingItem)));
    return make(
      'tr',
      '',
      name,
      make('td', '', what),
      make('td', '', held),
      make('td', '', day(row.lastRotatedAt ?? row.createdAt)),
      make('td', '', day(row.lastProvenAt)),
      findings,
    );
  }

  /** @param {boolean} [whole] */
  function draw(whole = false) {
    const found = chosen();
    const part = whole ? found : found.slice(0, shown);
    element('body').replaceChildren(...part.map(({ row }) => tableRow(row)));
    element('count').textContent =
      `${found.length} of ${rows.length}${part.length < found.length ? `, the first ${part.length} are shown` : ''}`;
    element('more').hidden = part.length === found.length;
    for (const head of document.querySelectorAll('th[data-order]')) {
      const mine = head.getAttribute('data-order') === order;
      if (mine) head.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
      else head.removeAttribute('aria-sort');
    }
  }

  const SVG = 'http://www.w3.org/2000/svg';
  /** @param {string} name @param {Record<string, string | number>} attributes @param {string} [text] */
  function shape(name, attributes, text) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
    if (text) node.textContent = text;
    return node;
  }

  /** @param {string} id @param {[string, number][]} bars */
  function chart(id, bars) {
    const most = Math.max(1, ...bars.map(([, count]) => count));
    const svg = shape('svg', { viewBox: `0 0 ${bars.length * 40} 120`, 'aria-hidden': 'true' });
    bars.forEach(([label, count], index) => {
      const high = (count / most) * 80;
      svg.append(shape('rect', { x: index * 40 + 4, y: 96 - high, width: 32, height: high }));
      if (count)
        svg.append(shape('text', { x: index * 40 + 20, y: 92 - high, 'text-anchor': 'middle' }, String(count)));
      svg.append(shape('text', { x: index * 40 + 20, y: 112, 'text-anchor': 'middle' }, label));
    });
    element(id).prepend(svg);
    element(`${id}-text`).textContent =
      bars
        .filter(([, count]) => count)
        .map(([label, count]) => `${label}: ${count}`)
        .join(', ') || 'none';
  }

  const secrets = rows.filter((row) => row.subject === 'secret' && row.role === 'credential');
  const ages = secrets.map((row) => (now - rotated(row)) / DAY);
  const bounds = [7, 30, 60, 90, 180, 365, Number.POSITIVE_INFINITY];
  chart(
    'ages',
    bounds.map((bound, index) => [
      index === bounds.length - 1 ? 'older' : `${bound}d`,
      ages.filter((age) => age <= bound && age > (bounds[index - 1] ?? Number.NEGATIVE_INFINITY)).length,
    ]),
  );
  const months = Array.from({ length: 12 }, (_, back) => {
    const month = new Date(now);
    month.setUTCDate(1);
    month.setUTCMonth(month.getUTCMonth() - 11 + back);
    return month.toISOString().slice(0, 7);
  });
  chart(
    'timeline',
    months.map((month) => [month.slice(2), secrets.filter((row) => row.lastRotatedAt?.startsWith(month)).length]),
  );

  for (const input of [search, kind, only])
    input.addEventListener('input', () => {
      shown = PAGE;
      draw();
    });
  element('more').addEventListener('click', () => {
    shown += PAGE;
    draw();
  });
  for (const head of document.querySelectorAll('th[data-order]'))
    head.querySelector('button')?.addEventListener('click', () => {
      const next = head.getAttribute('data-order') ?? 'findings';
      ascending = next === order ? !ascending : true;
      order = next;
      draw();
    });
  addEventListener('beforeprint', () => draw(true));
  addEventListener('afterprint', () => draw());
  draw();
})();
