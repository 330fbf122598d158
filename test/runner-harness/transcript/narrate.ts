import type { StageRun } from '../run-action.ts';
import type { Episode, RecordedCall, RecordedRun } from './scenario.ts';

/** Longer lines are cut: what they say stands at their beginning. */
const LINE_CHARACTERS = 600;

/** Labels of the lines, padded to one width. */
const WIDTH = 8;

/**
 * Tells an episode in lines of text, each with what it is: input, call, mask, log, output, env, state, summary, exit. Of runs at the same
 * time it tells what every repetition of it would have in common: what was changed, and how they ended.
 * @param secretNames a name for each secret that the stand-ins know
 */
export function narrate(episode: Episode, secretNames: ReadonlyMap<string, string>): string[] {
  const [first, ...others] = episode.runs;
  if (!first) return [];
  const lines = others.length > 0 ? crowdLines(episode) : soloLines(first, episode, secretNames);
  return lines.flatMap(({ label, text }) => entry(label, text));
}

interface Line {
  readonly label: string;
  readonly text: string;
}

function soloLines(run: RecordedRun, episode: Episode, secretNames: ReadonlyMap<string, string>): Line[] {
  const { finished, killed } = run;
  const told = logOf(finished.maskedTranscript);
  const post = finished.post;
  const printed = post ? logOf(post.maskedTranscript).log : [];
  return [
    ...inputLines(told.inputs, run.given),
    ...withoutWatching(episode.mainCalls).map((call) => callLine(call, 'call')),
    ...masked(finished.masks, secretNames),
    ...(killed ? [{ label: 'log', text: '(not told: the process was killed in the middle of it)' }] : told.log),
    ...withoutEmptyOutputs(told.results),
    ...summaryLines(finished.summary),
    { label: 'exit', text: killed ? 'killed' : `${finished.exitCode}, ${finished.outcome}` },
    ...episode.postCalls.map((call) => callLine(call, 'post')),
    ...printed.map(({ label, text }) => ({ label: 'post', text: `${label} ${text}` })),
    ...postExit(post),
  ];
}

/** Without the lines that only make a table of it. */
function summaryLines(summary: string): Line[] {
  const lines = summary.split('\n').filter((line) => /[^|\s-]/.test(line));
  return linesOf('summary', lines.join('\n'));
}

/** The names of empty outputs are told in one line. */
function withoutEmptyOutputs(results: readonly Line[]): Line[] {
  const isEmpty = ({ label, text }: Line) => label === 'output' && text.endsWith(' = ');
  const empty = results.filter(isEmpty).map(({ text }) => text.slice(0, -' = '.length));
  return [
    ...results.filter((line) => !isEmpty(line)),
    ...linesOf('output', empty.length > 0 ? `empty: ${empty.join(', ')}` : ''),
  ];
}

/** While a rotation runs, the Action looks how far it is: which of the function's calls these looks come between is chance. */
function withoutWatching(calls: readonly RecordedCall[]): RecordedCall[] {
  const start = calls.findIndex(({ operation }) => operation === 'RotateSecret');
  return calls.filter(({ operation }, index) => start < 0 || index < start || operation !== 'DescribeSecret');
}

/** Post that does nothing is the rule, and is not told. */
function postExit(post: StageRun | undefined): Line[] {
  if (!post || (post.exitCode === 0 && post.rawTranscript === '')) return [];
  return [{ label: 'post', text: `exit ${post.exitCode}, ${post.outcome}` }];
}

/** Which of them does what and when, and how often they note it in AWS, is chance; how much is changed at Streamkap, and how many end how, is not. */
function crowdLines({ runs, mainCalls, postCalls }: Episode): Line[] {
  const [first] = runs;
  const alike = new Set(runs.map(({ finished }) => inputsOf(finished))).size === 1;
  const inputs = alike && first ? inputLines(logOf(first.finished.maskedTranscript).inputs, first.given) : [];
  const ends = runs.map(({ finished }) => {
    const result = finished.outputs.result ? ` ${finished.outputs.result}` : '';
    const said = [...finished.annotations.errors, ...finished.annotations.warnings].map((text) => `: ${text}`);
    return `${finished.outcome}${result}${said.join('')}`;
  });
  const changes = [...mainCalls, ...postCalls].filter(({ tookEffect }) => tookEffect);
  return [
    { label: 'runs', text: `${runs.length} at the same time${alike ? '' : ', each with inputs of its own'}` },
    ...inputs,
    ...tally(
      changes.filter(({ service }) => service === 'streamkap').map((call) => textOf({ ...call, target: '' })),
    ).map((text) => ({ label: 'call', text })),
    ...[...new Set(changes.filter(({ service }) => service !== 'streamkap').map(textOf))]
      .sort()
      .map((text) => ({ label: 'call', text })),
    ...tally(ends).map((text) => ({ label: 'exit', text })),
  ];
}

function inputsOf({ maskedTranscript }: StageRun): string {
  return maskedTranscript.slice(0, maskedTranscript.indexOf('##[endgroup]'));
}

/** @returns each text once, sorted, with how often it occurs */
function tally(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([text, count]) => `${count} x ${text}`);
}

function callLine(call: RecordedCall, label: string): Line {
  return { label, text: textOf(call) };
}

function textOf({ service, operation, target, outcome, tookEffect }: RecordedCall): string {
  const about = target === '' || operation.includes(target) ? '' : ` ${target}`;
  return `${tookEffect ? '*' : ' '} ${service} ${operation}${about}: ${outcome}`;
}

function inputLines(inputs: readonly Line[], given: readonly string[]): Line[] {
  const names = new Set(given.map((name) => name.toLowerCase()));
  return inputs
    .filter(({ label }) => names.has(label.toLowerCase()))
    .flatMap(({ label, text }) => linesOf('input', `${label}: ${text}`));
}

/** A mask is told by the secret it hides; those that hide another form of one are told together. */
function masked(masks: readonly string[], secretNames: ReadonlyMap<string, string>): Line[] {
  if (masks.length === 0) return [];
  const plain = masks.flatMap((mask) => secretNames.get(mask) ?? []);
  const others =
    masks.length > plain.length ? [plain.length > 0 ? 'other forms of these' : 'other forms of secrets'] : [];
  return [{ label: 'mask', text: [...new Set([...plain, ...others])].join(', ') }];
}

interface ToldLog {
  /** Label: the input's name. */
  readonly inputs: readonly Line[];
  readonly log: readonly Line[];
  /** Outputs, variables and state, as the runner's debug log shows them. */
  readonly results: readonly Line[];
}

const DEBUG = [
  ['output', /^##\[debug\]Set output ([^ ]+) = (.*)$/],
  ['state', /^##\[debug\]Save intra-action state ([^ ]+) = (.*)$/],
  ['env', /^##\[debug\]([^ =]+)=(.*)$/],
] as const;

/** Takes a stage's masked log apart. Lines that follow the first of a value of several lines stay with it. */
function logOf(maskedTranscript: string): ToldLog {
  const inputs: Line[] = [];
  const log: Line[] = [];
  const results: Line[] = [];
  let inHeader = false;
  let open: Line[] = log;
  for (const line of maskedTranscript.replace(/\n$/, '').split('\n')) {
    const result = DEBUG.map(([label, pattern]) => ({ label, match: pattern.exec(line) })).find(({ match }) => match);
    const input = inHeader ? /^ {2}([^ :]+): (.*)$/.exec(line) : null;
    if (line.startsWith('##[group]Run ')) inHeader = true;
    else if (line === '##[endgroup]' && inHeader) inHeader = false;
    else if (line === 'with:' || line === 'Post job cleanup.' || (line === '' && open === log)) continue;
    else if (input) inputs.push({ label: input[1] ?? '', text: input[2] ?? '' });
    else if (inHeader) prolong(inputs, line);
    else if (result) {
      open = results;
      const [, name, value] = result.match ?? [];
      results.push({ label: result.label, text: `${name} = ${value}` });
    } else if (open === results) prolong(results, line);
    else log.push({ label: 'log', text: line });
  }
  return { inputs, log, results };
}

function prolong(lines: Line[], text: string): void {
  const last = lines.pop();
  if (last) lines.push({ ...last, text: `${last.text}\n${text}` });
}

function linesOf(label: string, text: string): Line[] {
  return text === '' ? [] : [{ label, text }];
}

function entry(label: string, text: string): string[] {
  return text.split('\n').map((line, index) => {
    const cut =
      line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}... (${line.length} characters)` : line;
    return `${(index === 0 ? label : '').padEnd(WIDTH)}  ${cut}`.trimEnd();
  });
}

/** How often something that takes its time is looked at, and whether it is caught on the way, is the machine's business. */
const LOOKING =
  /^(?:log|post|) +(?:log )?(?:waiting for .*|the project key .* is "\w+", looking again|rotation of .* after <n> s: .*)$/;

/** Reads that are waiting for something go in circles of at most this many lines. */
const LONGEST_CIRCLE = 4;

/**
 * Takes out lines that only say once more what those before them said: how often something slow is looked at is the machine's
 * business. A repeated change is a fact and stays.
 */
export function withoutRepetition(lines: readonly string[]): string[] {
  const told: string[] = [];
  const telling = lines.filter((line) => !LOOKING.test(line));
  for (let at = 0; at < telling.length; ) {
    const circle = circleAt(telling.slice(at), told);
    if (circle === 0) told.push(telling[at] ?? '');
    at += Math.max(1, circle);
  }
  return told.filter((line, index) => !(isOnItsWayOut(line) && told[index + 1] === line.replace(/200$/, '404')));
}

/** A key that is looked at until it is gone. */
function isOnItsWayOut(line: string): boolean {
  return / GET \/[a-z-]+\/\{id\} .*: 200$/.test(line);
}

/** @returns how many lines from here on are the same as the last that were told */
function circleAt(lines: readonly string[], told: readonly string[]): number {
  for (let length = 1; length <= LONGEST_CIRCLE; length++) {
    const next = lines.slice(0, length);
    const last = told.slice(-length);
    if (next.length < length || last.length < length || next.some((line) => line.includes(' * '))) return 0;
    if (next.every((line, index) => line === last[index])) return length;
  }
  return 0;
}
