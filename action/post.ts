/**
 * The post stage. Main leaves here the trace of a key that it made for this job alone, or did not hand out, and the names of a
 * configuration file; in all other runs there is nothing to do, and nothing is loaded.
 */
const configFile = process.env.STATE_configFile;
if (configFile) {
  const { removeConfigFile } = await import('./remove-config-file.ts');
  removeConfigFile(configFile);
}
const keyToDelete = process.env.STATE_keyToDelete;
if (keyToDelete) {
  const { cleanUp } = await import('./clean-up.ts');
  await cleanUp(keyToDelete, process.env);
}
