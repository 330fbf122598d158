import { readFileSync } from 'node:fs';
import { probeLogin } from '../../../core/login-probe/probe.ts';

/**
 * Stands for the programs that docs/action.md calls: reads what each of them reads, in its own format, and logs in with it.
 * The real clients read the same files in `test/real/config-file.test.ts`.
 */
const [, , program, ...args] = process.argv;

interface Login {
  readonly bootstrapServers: string;
  readonly username: string;
  readonly password: string;
}

/** Lines of `name=value` without any escaping. */
function settingsIn(path: string): Record<string, string> {
  const lines = readFileSync(path, 'utf8').split('\n');
  return Object.fromEntries(
    lines
      .filter((line) => line && !line.startsWith('#'))
      .map((line) => [line.split('=')[0], line.replace(/^.*?=/, '')]),
  );
}

function argument(name: string): string {
  return args[args.indexOf(name) + 1] ?? '';
}

function ofJava(): Login {
  const { 'sasl.jaas.config': jaas = '', 'security.protocol': protocol } = settingsIn(argument('--command-config'));
  const [, username = '', password = ''] =
    /PlainLoginModule required username="(.*)" password="(.*)";$/.exec(jaas) ?? [];
  if (protocol !== 'SASL_SSL') throw new Error('no SASL_SSL');
  return { bootstrapServers: argument('--bootstrap-server'), username, password };
}

function ofLibrdkafka(): Login {
  const settings = settingsIn(argument('-F'));
  if (settings['security.protocol'] !== 'SASL_SSL' || settings['sasl.mechanism'] !== 'PLAIN')
    throw new Error('no SASL');
  const {
    'bootstrap.servers': bootstrapServers = '',
    'sasl.username': username = '',
    'sasl.password': password = '',
  } = settings;
  return { bootstrapServers, username, password };
}

function ofEnvironment(): Login {
  const of = (name: string) => process.env[`KAFKA_${name}`] ?? process.env[`STREAMKAP_KAFKA_${name}`] ?? '';
  return { bootstrapServers: of('BOOTSTRAP_SERVERS'), username: of('USERNAME'), password: of('PASSWORD') };
}

async function logIn({ bootstrapServers, username, password }: Login): Promise<void> {
  const kafka = { bootstrapServers, username, password, securityProtocol: 'SASL_SSL', mechanism: 'PLAIN' };
  const login = await probeLogin({ ...kafka, timeoutMs: 10_000 });
  if (login.outcome !== 'accepted') throw new Error(`the login is ${login.outcome}`);
  process.stdout.write(`${program} logged in as ${username}\n`);
}

async function callApi(): Promise<void> {
  const { API_URL = '', API_CLIENT_ID: client_id, API_CLIENT_SECRET: secret, SANDBOX_HOST = '' } = process.env;
  const url = API_URL === 'https://api.streamkap.com' ? SANDBOX_HOST : API_URL;
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ client_id, secret });
  const answer = await fetch(`${url}/auth/access-token`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`Streamkap answered ${answer.status}`);
  process.stdout.write(`${program} got a token for ${client_id}\n`);
}

switch (program) {
  case 'kafka-console-consumer.sh':
    await logIn(ofJava());
    break;
  case 'kcat':
    await logIn(ofLibrdkafka());
    break;
  case 'call-api.sh':
    await callApi();
    break;
  default:
    await logIn(ofEnvironment());
}
