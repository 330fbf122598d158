import type { ActionRun, StageRun } from './run-action.ts';

const WINDOW_CHARACTERS = 12;

/** A form in which a secret can show, and the strings that betray it. */
interface Form {
  readonly name: string;
  readonly texts: readonly string[];
}

/** A place to look, as separate pieces, so that a finding can say which. */
interface Place {
  readonly name: string;
  readonly pieces: readonly { readonly at: string; readonly text: string }[];
}

/**
 * Fails when a secret, a 12-character window of it or an encoding of it shows anywhere it must not: the masked log, state, summary,
 * annotations, job outputs, and what the process printed outside `::add-mask::` lines. Both stages.
 * @throws Error that lists each form and place by number; it never quotes the secret or the line
 */
export function assertNoLeak(run: ActionRun, secrets: readonly string[]): void {
  search([...placesOf('main', run), ...(run.post ? placesOf('post', run.post) : []), jobOutputs(run)], secrets);
}

/** As {@link assertNoLeak}, for a log that another runner wrote. */
export function assertNoLeakInLog(log: string, secrets: readonly string[]): void {
  search([{ name: 'the log', pieces: numbered(log.split('\n')) }], secrets);
}

function search(places: readonly Place[], secrets: readonly string[]): void {
  if (secrets.length === 0) throw new Error('assertNoLeak: no secret to look for');
  const findings = secrets.flatMap((secret, index) => {
    if (secret.length < 8) throw new Error(`assertNoLeak: secret ${index + 1} is too short to tell from other text`);
    return formsOf(secret).flatMap((form) =>
      places.flatMap((place) =>
        place.pieces
          .filter(({ text }) => form.texts.some((needle) => text.includes(needle)))
          .map(({ at }) => `secret ${index + 1} (${secret.length} characters): ${form.name} in ${place.name}, ${at}`),
      ),
    );
  });
  if (findings.length > 0) throw new Error(`leaked:\n  ${findings.join('\n  ')}`);
}

function placesOf(stage: string, run: StageRun): Place[] {
  const { errors, warnings, notices } = run.annotations;
  return [
    { name: `${stage}'s masked transcript`, pieces: numbered(run.maskedTranscript.split('\n')) },
    {
      name: `${stage}'s raw transcript`,
      pieces: run.rawLines.flatMap((line, index) =>
        line.isMask ? [] : [{ at: `line ${index + 1} (${line.stream})`, text: line.text }],
      ),
    },
    { name: `${stage}'s state`, pieces: named(run.state) },
    { name: `${stage}'s summary`, pieces: numbered(run.summary.split('\n')) },
    { name: `${stage}'s annotations`, pieces: numbered([...errors, ...warnings, ...notices]) },
    { name: `${stage}'s GITHUB_PATH`, pieces: numbered(run.path) },
  ];
}

function jobOutputs(run: ActionRun): Place {
  return { name: 'job outputs', pieces: named(run.jobOutputs) };
}

function numbered(lines: readonly string[]): Place['pieces'] {
  return lines.map((text, index) => ({ at: `line ${index + 1}`, text }));
}

function named(values: Readonly<Record<string, string>>): Place['pieces'] {
  return Object.entries(values).map(([name, value]) => ({ at: name, text: `${name}=${value}` }));
}

function formsOf(secret: string): Form[] {
  const base64 = Buffer.from(secret).toString('base64');
  const unpadded = base64.replace(/=+$/, '');
  const withNewline = Buffer.from(`${secret}\n`).toString('base64');
  const hex = Buffer.from(secret).toString('hex');
  const forms: Form[] = [
    { name: 'the value', texts: [secret] },
    { name: `a ${WINDOW_CHARACTERS}-character window`, texts: windowsOf(secret) },
    { name: 'base64', texts: [base64] },
    { name: 'base64 with a newline', texts: [withNewline, withNewline.replace(/=+$/, '')] },
    { name: 'unpadded base64', texts: [unpadded] },
    { name: 'base64url', texts: [unpadded.replaceAll('+', '-').replaceAll('/', '_')] },
    { name: 'base64 within a longer base64', texts: alignedBase64(secret) },
    { name: 'doubled base64', texts: [base64, unpadded, `${base64}\n`, withNewline].flatMap(alignedBase64) },
    { name: 'hex', texts: [hex, hex.toUpperCase()] },
    { name: 'URI encoding', texts: uriForms(secret) },
    { name: 'JSON escape', texts: [JSON.stringify(secret).slice(1, -1)] },
  ];
  return forms;
}

/** Every stretch of twelve characters, which the masks leave none of; the value itself when it has no more than that. */
function windowsOf(secret: string): string[] {
  if (secret.length <= WINDOW_CHARACTERS) return [secret];
  return Array.from({ length: secret.length - WINDOW_CHARACTERS + 1 }, (_, at) =>
    secret.slice(at, at + WINDOW_CHARACTERS),
  );
}

/** The base64 that shows when the text is encoded together with others, for each of the three alignments. */
function alignedBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].map((skip) => bytes.subarray(skip, bytes.length - ((bytes.length - skip) % 3)).toString('base64'));
}

function uriForms(secret: string): string[] {
  const encoded = encodeURIComponent(secret.toWellFormed());
  const strict = encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return [encoded, strict, strict.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase())];
}
