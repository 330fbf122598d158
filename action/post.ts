/**
 * The post stage. Main leaves the trace of a key here that it made and did not hand out; in all other runs there is nothing to do,
 * and nothing is loaded.
 */
const unfinished = process.env.STATE_unfinished;
if (unfinished) {
  const { cleanUp } = await import('./clean-up.ts');
  await cleanUp(unfinished, process.env);
}
