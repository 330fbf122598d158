import { chmod, glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { installOnce } from './cache.ts';
import { mustRun, run } from './process.ts';
import { installPythonPackages } from './python.ts';

/** What a judge of templates minds, and in which resource. */
export interface Finding {
  readonly check: string;
  /** Logical id. */
  readonly resource: string;
}

const CFN_LINT = 'cfn-lint==1.58.0';
const CHECKOV = 'checkov==3.3.30';
/** Brings AWS's own cfn-guard and the proactive controls of AWS Control Tower, which are rules for it. */
const CFN_GUARD = '@cdklabs/cdk-validator-cfnguard@0.0.62';
const TIMEOUT_MS = 300_000;

/** @returns what cfn-lint prints of errors and warnings in templates for a Region; nothing when there are none */
export async function cfnLint(region: string, templates: readonly string[]): Promise<string> {
  const python = await installPythonPackages('cfn-lint', CFN_LINT);
  const args = ['--regions', region, '--format', 'parseable', '--template', ...templates];
  const { code, stdout, stderr } = await run(join(dirname(python), 'cfn-lint'), args, { timeoutMs: TIMEOUT_MS });
  return code === 0 ? stdout : `exit code ${code}: ${stdout}${stderr}`;
}

interface CheckovReport {
  readonly results: { readonly failed_checks: readonly { readonly check_id: string; readonly resource: string }[] };
  readonly summary: { readonly passed: number; readonly parsing_errors: number };
}

/** @returns what fails in the templates of a folder, and how many checks passed. @throws when one cannot be read */
export async function checkov(folder: string): Promise<{ findings: Finding[]; passed: number }> {
  const python = await installPythonPackages('checkov', CHECKOV);
  const args = ['-d', folder, '--framework', 'cloudformation', '--compact', '--skip-download', '--output', 'json'];
  const { stdout, stderr } = await run(join(dirname(python), 'checkov'), args, { timeoutMs: TIMEOUT_MS });
  const start = stdout.indexOf('{');
  if (start < 0) throw new Error(`checkov gave no report: ${stderr.slice(-1_000)}`);
  const { results, summary } = JSON.parse(stdout.slice(start)) as CheckovReport;
  if (summary.parsing_errors > 0) throw new Error(`checkov could not read ${summary.parsing_errors} templates`);
  const findings = results.failed_checks.map(({ check_id, resource }) => ({
    check: check_id,
    resource: resource.split('.').at(-1) ?? resource,
  }));
  return { findings, passed: summary.passed };
}

interface GuardReport {
  readonly name: string;
  readonly not_compliant: readonly { readonly Rule: { readonly name: string } }[];
  readonly compliant: readonly string[];
}

/**
 * Holds templates against the controls of AWS Control Tower that speak of a type of resource in them.
 * @returns what is not compliant, and the names of the rules that something complied with
 */
export async function cfnGuard(templates: readonly string[]): Promise<{ findings: Finding[]; compliant: string[] }> {
  const { command, rules } = await installCfnGuard();
  const texts = await Promise.all(templates.map((file) => readFile(file, 'utf8')));
  const types = new Set(texts.flatMap((text) => [...text.matchAll(/"(AWS::\w+::\w+)"/g)].map(([, type = '']) => type)));
  const speaking: string[] = [];
  for await (const file of glob(join(rules, '**/*.guard'))) {
    const text = await readFile(file, 'utf8');
    if ([...types].some((type) => text.includes(`"${type}"`))) speaking.push(file);
  }
  const args = ['validate', '--data', ...templates, '--rules', ...speaking, '--show-summary', 'none'];
  const options = { timeoutMs: TIMEOUT_MS };
  const { stdout, stderr } = await run(command, [...args, '--structured', '--output-format', 'json'], options);
  if (!stdout.startsWith('[')) throw new Error(`cfn-guard gave no report: ${(stderr || stdout).slice(-1_000)}`);
  const reports = JSON.parse(stdout) as GuardReport[];
  const findings = reports.flatMap(({ not_compliant }) =>
    not_compliant.flatMap((failed) => resourcesIn(failed).map((resource) => ({ check: failed.Rule.name, resource }))),
  );
  return { findings, compliant: [...new Set(reports.flatMap(({ compliant }) => compliant))] };
}

/** A failed rule tells the paths that it went to, some of them to a line of the file. */
function resourcesIn(failed: GuardReport['not_compliant'][number]): string[] {
  const ids = [...JSON.stringify(failed).matchAll(/\/Resources\/(\w+)/g)].map(([, id = '']) => id);
  return ids.length > 0 ? [...new Set(ids)] : ['?'];
}

async function installCfnGuard(): Promise<{ command: string; rules: string }> {
  const folder = await installOnce({
    name: 'cfn-guard',
    version: CFN_GUARD,
    needs: ['npm'],
    remedy: 'access to the npm registry',
    install: async (target) => {
      // Its peer is CDK, which the command itself does not need.
      const args = ['install', '--prefix', target, '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'];
      await mustRun('npm', [...args, CFN_GUARD], { cwd: target, timeoutMs: TIMEOUT_MS });
      await chmod(commandIn(target), 0o755);
    },
  });
  return { command: commandIn(folder), rules: join(folder, PACKAGE, 'rules/control-tower/cfn-guard') };
}

const PACKAGE = 'node_modules/@cdklabs/cdk-validator-cfnguard';

function commandIn(folder: string): string {
  const system = process.platform === 'darwin' ? 'macos' : 'ubuntu';
  return join(folder, PACKAGE, 'bin', system, process.arch === 'arm64' ? 'aarch64' : 'x86_64', 'cfn-guard');
}
