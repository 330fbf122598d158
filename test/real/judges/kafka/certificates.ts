import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../process.ts';

export interface Certificates {
  /** PEM of the CA that clients must trust. */
  readonly caFile: string;
  /** PEM with PKCS#8 key, certificate and CA, as Kafka's PEM key store wants them. */
  readonly keyStoreFile: string;
}

const DAYS = '2';

/** Makes a CA and a certificate for localhost and 127.0.0.1 in `folder`, by openssl: nothing of ours judges our own TLS. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => mustRun('openssl', args, { cwd: folder, timeoutMs: 30_000 });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await writeFile(
    path('server.ext'),
    'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n',
  );
  const subject = ['-subj', '/CN=keyring real tier CA', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', DAYS, ...subject);
  await openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'server.ext'];
  await openssl('x509', '-req', '-in', 'server.csr', ...signer, '-out', 'server.crt', '-days', DAYS);
  const parts = await Promise.all(['server.key', 'server.crt', 'ca.pem'].map((name) => readFile(path(name), 'utf8')));
  await writeFile(path('server.pem'), parts.join(''), { mode: 0o600 });
  return { caFile: path('ca.pem'), keyStoreFile: path('server.pem') };
}
