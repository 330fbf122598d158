/** What act says of a run, taken apart. Its lines begin with `[<workflow>/<job>]`, padded, with the number of a matrix job at its end. */

/** @returns the lines of the jobs whose name begins with `job`; all without it */
export function linesOf(output: string, job = ''): string[] {
  return output.split('\n').filter((line) => /^\[[^/]*\/(.*?)\s*\]/.exec(line)?.[1]?.startsWith(job));
}

/**
 * What a step printed, without act's frame; its commands (`⚙`) and the runner's remarks are left out.
 * @param job as in {@link linesOf}; needed where several jobs have such a step
 */
export function printed(output: string, step: string, job = ''): string[] {
  const lines = linesOf(output, job);
  const start = lines.findIndex((line) => line.endsWith(`⭐ Run Main ${step}`));
  if (start < 0) throw new Error(`the step "${step}" did not run`);
  const end = lines.findIndex((line, at) => at > start && line.includes('⭐ Run '));
  return lines
    .slice(start, end < 0 ? undefined : end)
    .flatMap((line) => /\]\s+(?:\||❗) {1,2}(.*)$/.exec(line)?.[1] ?? []);
}

/** The steps in their order, each with act's verdict. @param job as in {@link linesOf} */
export function outcomes(output: string, job = ''): string[] {
  const verdict = /(Success|Failure) - (Main|Post) (.+?)(?: \[[^\]]*\])?$/;
  return linesOf(output, job).flatMap((line) => {
    const [, outcome, stage, step = ''] = verdict.exec(line) ?? [];
    return outcome === undefined ? [] : [`${stage} ${step.replace(/@[0-9a-f]{40}/, '')}: ${outcome}`];
  });
}
