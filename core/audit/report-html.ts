import { createHash } from 'node:crypto';
import type { AuditRow } from './audit.ts';
import { FINDING_KINDS, SEVERITIES } from './finding.ts';
import type { ReportFormat, ReportHead, ReportTotals } from './report.ts';
import { reportJson } from './report-json.ts';
import { dateOf } from './secret-rules.ts';

/** What the page looks like and does; read from html/ by whoever writes a report. */
export interface HtmlAssets {
  readonly style: string;
  readonly script: string;
}

/**
 * One file that asks no network for anything: the rows are data in the page, and its policy allows just this script and style.
 * Names and descriptions are hostile input: they are in JSON whose `<` is escaped, and get into the page as text.
 */
export function htmlReport({ style, script }: HtmlAssets): ReportFormat {
  return {
    head: (head) => `${opening(head, { style, script })}<script type="application/json" id="rows">[`,
    row: (row: AuditRow, index) => `${index === 0 ? '\n' : ',\n'}${embedded(row)}`,
    end: (totals, head) => `\n]</script>\n${content(totals, head)}<script>${script}</script>\n</body>\n</html>\n`,
  };
}

function opening(head: ReportHead, { style, script }: HtmlAssets): string {
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Audit of project keys, ${dateOf(head.at)}</title>
<style>${style}</style>
</head>
<body>
<script type="application/json" id="head">${embedded(head)}</script>
`;
}

function content({ secrets, keys, findings, accepted, bySeverity, byKind }: ReportTotals, head: ReportHead): string {
  const tiles: [string, number, string][] = [
    ['secrets', secrets, ''],
    ['keys', keys, ''],
    ['findings', findings, findings === 0 ? 'none' : ''],
    ...SEVERITIES.map((word): [string, number, string] => [word, bySeverity[word], bySeverity[word] > 0 ? word : '']),
    ['accepted', accepted, ''],
  ];
  const kinds = Object.entries(byKind).map(
    ([kind, count]) =>
      `<option value="${kind}">${kind} (${count}): ${FINDING_KINDS[kind as keyof typeof FINDING_KINDS].title}</option>`,
  );
  const { policy } = head;
  return `<main>
<h1>Audit of project keys</h1>
<p class="quiet">${dateOf(head.at)}, Region ${escaped(head.region)}, project ${escaped(head.serviceId)}. Passwords are to be rotated within ${policy.rotateWithinDays} days and proven within ${policy.provenWithinDays}${policy.riskAnalysis ? `; risk analysis: ${escaped(policy.riskAnalysis)}` : ''}.</p>
<ul class="tiles" aria-label="Totals">${tiles.map(([word, count, tone]) => `<li><strong class="${tone}">${count}</strong>${word}</li>`).join('')}</ul>
<div class="charts">
<section><h2 id="ages-title">Age of passwords</h2><figure id="ages" aria-labelledby="ages-title"><figcaption id="ages-text"></figcaption></figure></section>
<section><h2 id="timeline-title">Newest rotations, by month</h2><figure id="timeline" aria-labelledby="timeline-title"><figcaption id="timeline-text"></figcaption></figure></section>
</div>
<h2>Secrets and keys</h2>
<div class="controls">
<label>Search <input type="search" id="search" placeholder="name, id, user, finding"></label>
<label>Finding <select id="kind"><option value="">any or none</option>${kinds.join('')}</select></label>
<label>Show <select id="only"><option value="">all</option><option value="findings">with findings</option><option value="secret">secrets</option><option value="project-key">project keys</option><option value="client-credential">client credentials</option></select></label>
<p class="quiet" id="count" role="status"></p>
</div>
<div class="scroll" role="region" aria-label="Table of secrets and keys" tabindex="0">
<table>
<thead><tr>
<th scope="col" data-order="name"><button type="button">Name</button></th>
<th scope="col" data-order="what"><button type="button">What</button></th>
<th scope="col">Key or secret</th>
<th scope="col" data-order="rotated"><button type="button">Rotated or made</button></th>
<th scope="col">Proven</th>
<th scope="col" data-order="findings"><button type="button">Findings</button></th>
</tr></thead>
<tbody id="body"></tbody>
</table>
</div>
<p><button type="button" class="more" id="more" hidden>Show more</button></p>
<noscript><p>The table needs scripts, which this page holds itself; the CSV report has the same rows.</p></noscript>
</main>
`;
}

/** JSON that cannot end its element, whatever it holds. */
function embedded(value: object): string {
  return reportJson(value).replaceAll('<', '\\u003c');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
